"""`manage.py import_study FILE.zip`: a study that export_study wrote, as a draft."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user
from studies.services.refusing import Refused
from studies.services.study_files import import_study


class Command(GainsayCommand):
    help = "Make a study from a ZIP of export_study: all of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE.zip")
        parser.add_argument("--owner", required=True, help="account that owns it")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_user(options["owner"])
        try:
            study = import_study(options["file"], owner, timezone.now())
        except Refused as error:
            raise CommandError(str(error)) from None
        result = {"study": study.key, "title": study.title}
        line = f"study {study.key}: {study.title} (draft)"
        self.answer(result, as_json=options["json"], lines=[line])
