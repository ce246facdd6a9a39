"""`manage.py run_judge STUDY --judge NAME`: a language model answers what people are asked."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from modeling.endpoint.client import DEFAULT_AT_ONCE
from modeling.endpoint.request import EndpointError
from modeling.progress import Progress
from modeling.storage import StorageError
from studies.judging.asking import GIVEN
from studies.judging.prompts import DEFAULT, PromptError, prompt_names
from studies.management.finding import find_study
from studies.models import StudyVersion
from studies.services import judge_work
from studies.services.judge_plans import JudgePlan, check_frozen
from studies.services.judges import JudgeError


class Command(GainsayCommand):
    help = (
        "Let a language model judge a frozen study: the same questions and scales as people get. "
        "The endpoint is named by OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL and the prices. "
        "Run it again to go on where it was; nothing is paid twice. --judge rubric is the offline "
        "rubric rater, which knows the answer and is no language model."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", metavar="STUDY", help="key or title")
        parser.add_argument("--judge", required=True, metavar="NAME", help="its name in the study")
        parser.add_argument("--model", metavar="M", help="default: OPENAI_MODEL")
        parser.add_argument(
            "--given", choices=GIVEN, default="text+table", help="what it is given beside the texts"
        )
        parser.add_argument(
            "--prompt", default=DEFAULT, metavar="NAME", help=f"one of {', '.join(prompt_names())}"
        )
        parser.add_argument("--repeat", type=int, default=1, metavar="R", help="times each trial")
        parser.add_argument("--concurrency", type=int, default=DEFAULT_AT_ONCE, metavar="C")
        parser.add_argument(
            "--budget", type=float, metavar="USD",
            help="at most this for all judges of the study; default: OPENAI_BUDGET_USD, else 5",
        )  # fmt: skip
        parser.add_argument("--panel", default="", metavar="NAME", help="judges that vote together")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what it would cost and send nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = find_study(options["study"]).latest
        try:
            check_frozen(version)
            plan = _plan(options)
            if plan.is_rubric:
                self._rubric(version, options)
            else:
                self._model(version, plan, options)
        except (EndpointError, PromptError, JudgeError, StorageError) as error:
            raise CommandError(str(error)) from None

    def _rubric(self, version: StudyVersion, options: dict[str, Any]) -> None:
        result = judge_work.run_rubric(version, lambda _done, _total: None)
        lines = [f"The {result['label']} has judged {result['judged']} trials of {version}."]
        self.answer(result, as_json=options["json"], lines=lines)

    def _model(self, version: StudyVersion, plan: JudgePlan, options: dict[str, Any]) -> None:
        with judge_work.judge_at_work(version, plan) as at_work:
            if options["dry_run"]:
                self._price(at_work.price(lambda _done, _total: None), options)
                return
            self._run(at_work, options)

    def _price(self, price: dict[str, Any], options: dict[str, Any]) -> None:
        lines = [
            f"{price['trials']} trials, {price['cached']} of them paid for already: "
            f"at most {price['most_usd']:.4f} USD.",
            f"Spent so far {price['spent_usd']:.4f} of {price['budget_usd']:.2f} USD. "
            "Nothing was sent.",
        ]
        self.answer(price, as_json=options["json"], lines=lines)

    def _run(self, at_work: judge_work.JudgeAtWork, options: dict[str, Any]) -> None:
        rater, trials = at_work.trials()
        with Progress(max(1, len(trials)), f"judging as {at_work.plan.judge}") as progress:
            outcome = at_work.run(
                rater, trials, lambda done, _total: progress.advance(done - progress.done)
            )
        result = {
            "rater": f"r{rater.number:03d}",
            **vars(outcome),
            "spent_usd": at_work.endpoint.spent_usd(),
        }
        lines = [
            f"{outcome.judged} trials judged, {outcome.failed} failed, {outcome.left} left; "
            f"{outcome.cost_usd:.4f} USD, {outcome.cached} answers paid for earlier."
        ]
        self.answer(result, as_json=options["json"], lines=lines)
        if outcome.stopped:
            raise CommandError(f"{outcome.stopped} ({outcome.left} trials left; run it again then)")


def _plan(options: dict[str, Any]) -> JudgePlan:
    return JudgePlan(
        judge=options["judge"],
        model=options["model"] or "",
        given=options["given"],
        prompt=options["prompt"],
        repeats=options["repeat"],
        at_once=options["concurrency"],
        budget_usd=options["budget"],
        panel=options["panel"],
        seed=options["seed"],
    )
