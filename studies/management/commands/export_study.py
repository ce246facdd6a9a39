"""`manage.py export_study STUDY --out FILE.zip`: a study's spec with its audio."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from studies.management.finding import find_study
from studies.services.refusing import Refused
from studies.services.study_files import export_study


class Command(GainsayCommand):
    help = (
        "Write the spec of a study's latest version with the stems of its excerpts as one ZIP, "
        "which import_study reads on any site. Answers are exported by export_study_data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", help="key or title")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        study, out = find_study(options["study"]), options["out"]
        try:
            written = export_study(study, out)
        except Refused as error:
            raise CommandError(str(error)) from None
        line = f"{out}: {written['items']} items, {written['excerpts']} excerpts"
        self.answer({"file": str(out), **written}, as_json=options["json"], lines=[line])
