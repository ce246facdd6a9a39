"""`manage.py demo_study`: the study of the demo, taken by simulated people, open for real ones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user
from modeling.progress import Progress
from studies.models import Study, StudyVersion
from studies.protocol.reading import read_spec
from studies.services import freezing, judges, preparing
from studies.services.designing import create_study
from studies.services.refusing import Refused
from studies.services.simulating import served_here, walk_all, walkers

OWNER = "demo"
TITLE = "Demo: which advice is better?"
SEED = 11
SPEC: dict[str, Any] = {
    "preset": "differential-vs-baseline",
    "title": TITLE,
    "seed": SEED,
    "items": {"draw": {"count": 12, "songs": ""}},
    "order": {"participants": 40, "trials_per_person": 8, "overlap": 20, "repeats": 1},
    "gates": {"headphones": {"check": "huggins", "policy": "record"}},
    "texts": {"welcome": "Ten minutes with headphones. This is the demo of a study."},
}


class Command(GainsayCommand):
    help = (
        "Make the demo's study: the bundled advisors on generated songs, simulated participants "
        "(marked so for ever), the rubric rater, and a link to take it yourself. Needs the account "
        "and the songs of `manage.py demo`. Safe to run twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--participants", type=int, default=24, help="simulated participants")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where it will run")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_user(OWNER)
        count = options["participants"]
        if not 0 <= count <= SPEC["order"]["participants"] - 4:
            raise CommandError(f"--participants {count}: leave some places for real people")
        study = Study.objects.filter(owner=owner, title=TITLE).first()
        version = study.latest if study else create_study(owner, _spec(), timezone.now()).latest
        if not version.is_frozen:
            version = self._opened(version)
            self._simulated(version, count)
            judges.run_rubric(version, timezone.now())
        key = version.study.key
        join = options["url"] + reverse("part-join", args=[key])
        page = options["url"] + reverse("study-dashboard", args=[key])
        self.answer(
            {"study": key, "join": join, "dashboard": page},
            as_json=options["json"],
            lines=[
                f"  take the demo study yourself  {join}",
                f"  the study's dashboard         {page}",
                "",
                "The participants so far are simulated and marked so wherever they show.",
            ],
        )

    def _opened(self, version: StudyVersion) -> StudyVersion:
        with Progress(1.0, "advice and audio of the demo study") as progress:
            try:
                preparing.prepare(
                    version,
                    report=lambda share, message="": progress.advance(share - progress.done),
                    now=timezone.now(),
                )
                return freezing.freeze(version, version.study.owner, timezone.now())
            except Refused as refused:
                raise CommandError(str(refused)) from None

    def _simulated(self, version: StudyVersion, count: int) -> None:
        with served_here() as site, Progress(count, "simulated participants") as progress:
            people = walkers(version.study, site, participants=count, seed=SEED)
            for _ in walk_all(people, at_once=2, report=lambda _: progress.advance()):
                pass


def _spec() -> Any:
    return read_spec(SPEC)
