"""`manage.py check_production`: what is missing before people come."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from config.production import findings

MARKS = {"good": "good  ", "advice": "advice", "mend": "MEND  "}


class Command(GainsayCommand):
    help = (
        "Look at what a site on the internet needs: one line each, with what to do. Exits with 1 "
        "where something must be mended; an advice may be meant so."
    )
    # Whatever is wrong with the settings is among the findings.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(findings())
        to_mend = sum(one.level == "mend" for one in found)
        self.answer(
            {"ready": not to_mend, "findings": [asdict(one) for one in found]},
            as_json=options["json"],
            lines=[f"{MARKS[one.level]}  {one.what}: {one.message}" for one in found],
        )
        if to_mend:
            raise CommandError(f"{to_mend} things must be mended")
