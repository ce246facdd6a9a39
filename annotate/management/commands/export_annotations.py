"""`manage.py export_annotations CAMPAIGN`: tables, codebook and, if wanted, the balanced audio."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate import exports
from annotate.management.command import GainsayCommand, find_campaign
from annotate.models import Campaign, Consensus
from annotate.rendering import render_consensus
from annotate.services import acts
from modeling.audio import AudioError
from modeling.flac import write_whole
from modeling.progress import Progress


class Command(GainsayCommand):
    help = (
        "Export a campaign's annotations (all revisions) and frozen consensus. CSV writes FILE, "
        "FILE's name with -consensus-vN and -codebook; JSON holds all of it in one file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("campaign", help="key or exact name")
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--render", type=Path, metavar="DIR", help="balanced stems and mix as FLAC, by excerpt"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        out: Path = options["out"]
        if not out.parent.is_dir():
            raise CommandError(f"{out.parent} is no folder: make it first")
        if out.is_dir():
            raise CommandError(f"{out} is a folder: give the name of a file in it")
        rendered = _frozen(campaign) if options["render"] is not None else None
        texts = {out: exports.json_text(campaign)}
        if options["format"] == "csv":
            texts = {out: exports.annotations_csv(campaign)}
            texts[out.with_stem(f"{out.stem}-codebook")] = exports.codebook_csv()
            for consensus in campaign.consensuses.order_by("version"):
                name = f"{out.stem}-consensus-v{consensus.version}"
                texts[out.with_stem(name)] = exports.consensus_csv(consensus)
        try:
            for path, text in texts.items():
                write_whole(path, text.encode())
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from None
        about = f"campaign {campaign.key}"
        acts.note("exported", now=timezone.now(), about=about, what=options["format"])
        files = [str(path) for path in texts]
        if rendered is not None:
            files += _render(rendered, options["render"])
        self.answer({"files": files}, as_json=options["json"], lines=files)


def _frozen(campaign: Campaign) -> Consensus:
    consensus: Consensus | None = campaign.consensuses.order_by("-version").first()
    if consensus is None:
        raise CommandError(f"{campaign} has no frozen consensus: freeze one before --render")
    return consensus


def _render(consensus: Consensus, folder: Path) -> list[str]:
    rows = consensus.excerpts.filter(balance_db__isnull=False, item__excerpt__has_audio=True)
    files = []
    try:
        with Progress(rows.count(), "rendering", unit="excerpts") as progress:
            for row in rows.select_related("item__excerpt__song").order_by("pk"):
                files += [str(path) for path in render_consensus(row, folder)]
                progress.advance()
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}") from None
    except AudioError as error:
        raise CommandError(f"rendering stopped: {error}") from None
    return files
