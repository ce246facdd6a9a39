"""`manage.py change_study STUDY freeze|pause|resume|close`: what the buttons of a study do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user
from studies.management.finding import find_study
from studies.services import freezing
from studies.services.refusing import Refused

ACTS = {
    "freeze": freezing.freeze,
    "pause": freezing.pause,
    "resume": freezing.resume,
    "close": freezing.close,
}


class Command(GainsayCommand):
    help = (
        "Freeze a prepared study, which opens it, or pause, resume or close an open one. It is in "
        "the study's audit, under the owner's name unless --by says another."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", help="key or title")
        parser.add_argument("act", choices=tuple(ACTS), help="what shall happen")
        parser.add_argument("--by", metavar="USER", help="account that does it; else the owner")

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        by = find_user(options["by"]) if options["by"] else study.owner
        version = study.latest
        try:
            ACTS[options["act"]](version, by, timezone.now())
        except Refused as refused:
            raise CommandError(str(refused)) from None
        version.refresh_from_db()
        self.answer(
            {
                "study": study.key,
                "version": version.number,
                "state": version.state,
                "protocol_hash": version.protocol_hash,
                "plan_hash": version.plan_hash,
            },
            as_json=options["json"],
            lines=[f"{version} is {version.get_state_display()}: protocol {version.protocol_hash}"],
        )
