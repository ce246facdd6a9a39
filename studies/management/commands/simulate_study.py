"""`manage.py simulate_study STUDY --participants N --seed S`: a study taken by simulated raters."""

from argparse import ArgumentParser
from collections import Counter
from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from modeling.progress import Progress
from studies.management.finding import find_study
from studies.models import Rater
from studies.services import audit
from studies.services.simulating import served_here, walk_all, walkers
from studies.simulation.manners import KNOWN, MANNERS, SHARES
from studies.simulation.walker import Pace

MOST_PARTICIPANTS = 10_000


class Command(GainsayCommand):
    help = (
        "Let simulated raters (good, noisy, position-biased, careless, drop-out) take an open "
        "study over HTTP, as browsers would. They are marked as simulated for ever and left out of "
        "every figure unless asked for. Their opinions follow from the known error, so that the "
        "truth is known."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", metavar="STUDY", help="key or title")
        parser.add_argument("--participants", type=int, required=True, metavar="N")
        parser.add_argument("--seed", type=int, default=0, metavar="S")
        parser.add_argument("--http", metavar="URL", help="a running site; default: one of its own")
        parser.add_argument("--concurrency", type=int, default=4, metavar="C", help="at one time")
        parser.add_argument("--think", type=float, default=0.0, metavar="S", help="seconds a page")
        parser.add_argument(
            "--manner", choices=MANNERS, help="all of them are so; default: a crowd"
        )
        parser.add_argument(
            "--pilot", action="store_true", help="mark them as a pilot too; takes nobody's place"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        version = study.latest
        if version.state != "open":
            raise CommandError(f"{version} is {version.state}: only an open study can be taken")
        real = version.raters.filter(kind=Rater.Kind.PERSON, run=Rater.Run.MAIN)
        if real.exists() and not options["pilot"]:
            raise CommandError(
                f"people take part in {version}: simulated raters would take their places; "
                "simulate a clone, or give --pilot, which takes nobody's"
            )
        count = options["participants"]
        if not 1 <= count <= MOST_PARTICIPANTS:
            raise CommandError(f"--participants {count}: give 1 to {MOST_PARTICIPANTS}")
        if not 1 <= options["concurrency"] <= 256:
            raise CommandError(f"--concurrency {options['concurrency']}: give 1 to 256")
        if not 0.0 <= options["think"] <= 600.0:
            raise CommandError(f"--think {options['think']}: give 0 to 600 seconds")
        manner = options["manner"]
        shares = SHARES if manner is None else {KNOWN[manner].name: 1.0}
        here = nullcontext(options["http"]) if options["http"] else served_here()
        with here as site_url, Progress(count, "simulated participants") as progress:
            people = walkers(
                study,
                str(site_url),
                participants=count,
                seed=options["seed"],
                run=Rater.Run.PILOT if options["pilot"] else Rater.Run.MAIN,
                shares=shares,
                pace=Pace(think_s=options["think"]),
            )
            at_once = options["concurrency"]
            walks = list(walk_all(people, at_once=at_once, report=lambda _: progress.advance()))
        outcomes = Counter(walk.outcome for walk in walks)
        audit.note(
            study, "simulated", now=timezone.now(), version=version, participants=count,
            seed=options["seed"],
        )  # fmt: skip
        answers = sum(len(walk.acknowledged) for walk in walks)
        result = {"participants": count, "outcomes": dict(outcomes), "answers": answers}
        told = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common())
        lines = [f"{count} simulated participants: {told}; {answers} answers confirmed."]
        self.answer(result, as_json=options["json"], lines=lines)
        if not answers:
            raise CommandError(f"nobody could answer: {next(iter(outcomes))}")
