"""`manage.py generate_advice STUDY`: every system's advice on every item of a draft, and the sound
of it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from modeling.endpoint.request import EndpointError
from modeling.progress import Progress
from studies.management.finding import find_study
from studies.services.preparing import prepare
from studies.services.refusing import Refused


class Command(GainsayCommand):
    help = (
        "Let every system advise on every item of a study's draft and render what is heard. What "
        "is there already is not made again: a run that was stopped goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", help="key or title")
        parser.add_argument(
            "--system", action="append", metavar="NAME", help="only this one; may be repeated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = find_study(options["study"]).latest
        try:
            with Progress(1.0, "advice and audio") as bar:

                def report(progress: float, message: str = "") -> None:
                    bar.advance(progress - bar.done)

                made = prepare(
                    version, report=report, now=timezone.now(), systems=options["system"]
                )
        except (Refused, EndpointError) as error:
            raise CommandError(str(error)) from None
        self.answer(
            {"study": version.study.key, "version": version.number, **made},
            as_json=options["json"],
            lines=_lines(made),
        )
        if made["refused"]:
            raise CommandError(
                f"no advice from {', '.join(sorted(made['refused']))}: see above, then run it again"
            )


def _lines(made: dict[str, Any]) -> list[str]:
    lines = [
        f"new advice {made['asked']}, known before {made['known']}; items rendered "
        f"{made['rendered']}"
    ]
    lines += [f"{name}: {reason}" for name, reason in sorted(made["refused"].items())]
    lines += [f"length: {line}" for line in made["outside_band"]]
    if not made["problems"]:
        return [*lines, "nothing is missing: the study can be frozen"]
    return [*lines, *(f"missing: {line}" for line in made["problems"])]
