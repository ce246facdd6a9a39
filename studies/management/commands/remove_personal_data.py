"""`manage.py remove_personal_data [--dry-run]`: what people said of themselves, in due time."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from studies.management.finding import moment
from studies.services.retention import remove_personal_data


class Command(GainsayCommand):
    help = (
        "Remove the personal data of studies and campaigns that were closed longer ago than "
        "PERSONAL_DATA_KEEP_DAYS. Judgements stay. The worker does it by itself once a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-days", type=int, help="instead of PERSONAL_DATA_KEEP_DAYS")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, keep it")
        parser.add_argument("--now", metavar="ISO", help="instead of the present time")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["keep_days"]
        keep_days = settings.PERSONAL_DATA_KEEP_DAYS if given is None else given
        if keep_days < 1:
            raise CommandError("for how long? set PERSONAL_DATA_KEEP_DAYS or give --keep-days")
        dry_run = options["dry_run"]
        due = remove_personal_data(moment(options["now"]), keep_days=keep_days, dry_run=dry_run)
        word = "would go" if dry_run else "removed"
        rows = [{"what": one.what, "people": one.people} for one in due]
        lines = [f"{one.what}: personal data of {one.people} {word}" for one in due]
        result = {"dry_run": dry_run, "keep_days": keep_days, "removed": rows}
        self.answer(result, as_json=options["json"], lines=lines or ["nothing is due"])
