"""`manage.py make_pairs --out DIR`: problem/solution sets for training and scoring."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand, find_campaign
from annotate.models import Campaign, Excerpt
from annotate.services.campaigns import SONG_FILTERS, excerpts_for
from annotate.services.pair_files import PairsError, write_folder
from annotate.services.pairs import PER_EXCERPT, PRESETS, draw_pairs, sources_of
from modeling.audio import AudioError
from modeling.progress import Progress

FORMATS = ("flac", "features")


class Command(GainsayCommand):
    help = (
        "Write problem/solution sets (docs/pairs.md): excerpts with an injected gain error and the "
        "way back, from the frozen consensus where there is one, else from the released balance. "
        "The same call gives the same folder; one that was stopped goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--campaign", metavar="CAMPAIGN", help="its excerpts; key or name")
        for name in SONG_FILTERS:
            parser.add_argument(f"--{name}", default="", help=f"songs of this {name}")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="default: 1")
        parser.add_argument("--preset", choices=sorted(PRESETS), default="default")
        parser.add_argument(
            "--count",
            type=int,
            metavar="N",
            help="pairs in all; default: 8 an excerpt, 5 published",
        )
        parser.add_argument("--format", choices=FORMATS, default="flac")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"]) if options["campaign"] else None
        if options["seed"] < 0:
            raise CommandError(f"--seed {options['seed']}: 0 or more is needed")
        seed, preset = options["seed"], options["preset"]
        sources = sources_of(_excerpts(campaign, options), campaign, seed)
        if not sources:
            raise CommandError(
                "no excerpt with audio and two stems that sound: import songs, or widen the filter"
            )
        count = options["count"]
        count = PER_EXCERPT[preset] * len(sources) if count is None else count
        if count < 1:
            raise CommandError(f"--count {count}: at least 1 is needed")
        pairs = draw_pairs(sources, preset=preset, seed=seed, count=count)
        settings = {
            "preset": preset,
            "seed": seed,
            "campaign": campaign.name if campaign else "",
            "filter": {name: options[name] for name in SONG_FILTERS if options[name]},
        }
        try:
            with Progress(min(len(sources), count), "writing", unit="excerpts") as progress:
                made = write_folder(
                    options["out"],
                    pairs,
                    settings,
                    with_audio=options["format"] == "flac",
                    advance=progress.advance,
                )
        except (PairsError, AudioError, ValueError) as error:
            raise CommandError(str(error)) from None
        lines = [f"{made['n_pairs']} pairs of {made['n_excerpts']} excerpts in {options['out']}"]
        self.answer({"out": str(options["out"]), **made}, as_json=options["json"], lines=lines)


def _excerpts(campaign: Campaign | None, options: dict[str, Any]) -> list[Excerpt]:
    """The excerpts of a campaign, or of all songs, that match the filter."""
    found = excerpts_for({name: options[name] for name in SONG_FILTERS})
    if campaign is not None:
        found = Excerpt.objects.filter(has_audio=True, campaign_items__campaign=campaign).filter(
            song__in=[one.song_id for one in found]
        )
    return list(found.select_related("song").order_by("pk"))
