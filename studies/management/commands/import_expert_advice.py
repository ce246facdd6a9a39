"""`manage.py import_expert_advice FILE`: what people advised elsewhere."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from studies.services import expert_files


class Command(GainsayCommand):
    help = (
        "Import experts' advice from CSV or JSON: excerpt, expert, prose, the balance they heard "
        "and the one they set. All of it or nothing; the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            entries = expert_files.read_file(options["file"])
            n_new = expert_files.store(entries, timezone.now())
        except expert_files.ExpertFileError as error:
            raise CommandError(str(error)) from None
        result = {"imported": n_new, "known": len(entries) - n_new}
        line = f"imported {n_new}, known before {len(entries) - n_new}"
        self.answer(result, as_json=options["json"], lines=[line])
