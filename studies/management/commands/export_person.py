"""`manage.py export_person WHO --out FILE`: all that is stored of one person."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from annotate.models import Annotator
from annotate.models.campaigns import hash_token
from annotate.services import acts
from annotate.services import person_export as of_annotator
from modeling.flac import write_whole
from studies.models import Rater
from studies.services import person_export as of_rater


class Command(GainsayCommand):
    help = (
        "Write what is stored of one annotator or participant as JSON. WHO is their link, their "
        "key, or the id that a crowd platform gave them. Nothing in it unblinds a study."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("who", help="a link, a key, or a platform's id")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        who: str = options["who"].replace("\0", "")
        found = _annotators(who) + _raters(who)
        if not found:
            raise CommandError("nobody by that link, key or id")
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        out: Path = options["out"]
        try:
            write_whole(out, text.encode("utf-8", "replace"))
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from None
        out.chmod(0o600)
        acts.note("personal data exported", now=timezone.now(), people=len(found))
        result = {"file": str(out), "found": len(found)}
        lines = [f"{out}: {len(found)} found"]
        self.answer(result, as_json=options["json"], lines=lines)


def _hash(who: str) -> str:
    return hash_token(who.rstrip("/").rpartition("/")[2])


def _annotators(who: str) -> list[dict[str, Any]]:
    rows = Annotator.objects.filter(token_hash=_hash(who)) | Annotator.objects.filter(key=who)
    return [of_annotator.person_data(one) for one in rows.select_related("campaign")]


def _raters(who: str) -> list[dict[str, Any]]:
    rows = Rater.objects.select_related("version__study")
    by_link, by_key = rows.filter(token_hash=_hash(who)), rows.filter(key=who)
    found = by_link | by_key | rows.filter(personal__person=who)
    return [of_rater.person_data(one) for one in found.distinct().order_by("pk")]
