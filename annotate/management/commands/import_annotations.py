"""`manage.py import_annotations FILE`: balances made elsewhere, through the same consensus code."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user
from annotate.services.annotation_files import AnnotationFileError, read_file
from annotate.services.imported_campaigns import import_annotations


class Command(GainsayCommand):
    help = (
        "Import balances made elsewhere from CSV or JSON (docs/annotation-format.md) as a closed "
        "campaign, with or without audio."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--owner", required=True, help="account that will own the campaign")
        parser.add_argument("--name", help="name of the campaign; default: the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        owner = find_user(options["owner"])
        try:
            found = read_file(path)
            campaign = import_annotations(
                found, owner=owner, name=options["name"] or path.stem, now=timezone.now()
            )
        except AnnotationFileError as error:
            raise CommandError(str(error)) from None
        counts = {
            "excerpts": campaign.items.count(),
            "annotators": campaign.annotators.count(),
            "annotations": len(found.entries),
        }
        self.answer(
            {"campaign": campaign.key, "name": campaign.name, **counts},
            as_json=options["json"],
            lines=[f"campaign {campaign.key}: {campaign}: {counts}"],
        )
