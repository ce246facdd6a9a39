"""A judge at work on a study, as its plan says. For the worker and the command line: audio and
tables of loudness are read here."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from modeling.endpoint.client import Endpoint
from modeling.endpoint.environment import budget_usd_from
from studies.judging.asking import GIVEN, Asking
from studies.judging.families import model_family
from studies.judging.prompts import Prompt, prompt
from studies.judging.rubric import LABEL
from studies.models import Rater, StudyVersion, Trial
from studies.services import judge_runs, judges
from studies.services.judge_plans import JudgePlan, check_frozen, connection_of, judge_store
from studies.services.protocols import protocol_of


class JudgeAtWork:
    """A language model with its endpoint open, about to judge one version."""

    def __init__(
        self, version: StudyVersion, plan: JudgePlan, endpoint: Endpoint, asking: Asking
    ) -> None:
        self.version, self.plan, self.endpoint = version, plan, endpoint
        self._asking = asking
        self._spec = protocol_of(version)
        self._shows = judge_runs.Showings(version, self._spec, asking)

    @property
    def judge(self) -> judges.Judge:
        connection, asking = self.endpoint.connection, self._asking
        return judges.Judge(
            name=self.plan.judge,
            model=connection.model,
            family=model_family(connection.model),
            given=asking.given,
            prompt=asking.prompt.name,
            prompt_hash=asking.prompt.sha256,
            endpoint=connection.shown,
            seed=asking.seed,
            temperature=asking.temperature,
            panel=self.plan.panel,
        )

    def price(self, report: judge_runs.Report) -> dict[str, Any]:
        """What the run would cost at most. Nothing is sent and no row is written.

        Raises:
            JudgeError: the name is another judge's, or a trial cannot be judged by what is given.
        """
        known = judges.known_rater(self.version, Rater.Kind.JUDGE, self.judge.about())
        trials = judges.planned_trials(self.version, known, self._spec, self.plan.repeats)
        waiting = [trial for trial in trials if trial.state in judges.WAITING]
        price = judge_runs.price(self.endpoint, self._shows, waiting, report)
        return {
            **vars(price),
            "spent_usd": self.endpoint.spent_usd(),
            "budget_usd": self.endpoint.ledger.budget_usd,
            "model": self.judge.model,
            "prompt_hash": self.judge.prompt_hash,
            "endpoint": self.judge.endpoint,
        }

    def trials(self) -> tuple[Rater, list[Trial]]:
        """The judge's row and what it has not answered yet, made where it is missing."""
        with transaction.atomic():
            rater = judges.judge_rater(self.version, self.judge, timezone.now())
            return rater, judges.trials_of(rater, self._spec, self.plan.repeats)

    def run(
        self, rater: Rater, trials: list[Trial], report: judge_runs.Report
    ) -> judge_runs.Outcome:
        """Judge what is left."""
        wording = self._asking.prompt
        outcome = judge_runs.run(
            rater,
            trials,
            self._shows,
            self.endpoint,
            at_once=self.plan.at_once,
            clock=timezone.now,
            report=report,
            repair=lambda reason: wording.text("repair", reason=reason),
        )
        if not outcome.left:
            judges.finish(rater, timezone.now())
        return outcome


@contextmanager
def judge_at_work(
    version: StudyVersion, plan: JudgePlan, environ: Mapping[str, str] = os.environ
) -> Iterator[JudgeAtWork]:
    """The plan's judge with its endpoint open.

    Raises:
        JudgeError, EndpointError, PromptError: it cannot begin; one line.
    """
    check_frozen(version)
    connection = connection_of(plan, environ)
    asking = _asking(version, plan, prompt(plan.prompt))
    budget_usd = budget_usd_from(environ) if plan.budget_usd is None else plan.budget_usd
    rng = np.random.default_rng(plan.seed)
    with Endpoint(
        connection, judge_store(version), budget_usd, rng, at_once=plan.at_once
    ) as endpoint:
        yield JudgeAtWork(version, plan, endpoint, asking)


def _asking(version: StudyVersion, plan: JudgePlan, wording: Prompt) -> Asking:
    given = next(one for one in GIVEN if one == plan.given)
    return Asking(wording, given, language=version.spec["languages"][0], seed=plan.seed)


def run_rubric(version: StudyVersion, report: judge_runs.Report) -> dict[str, Any]:
    """Let the rubric rater judge what it has not; what came of it."""
    check_frozen(version)
    rater = judges.run_rubric(version, timezone.now(), report)
    judged = rater.trials.filter(state=Trial.State.ANSWERED).count()
    return {"rater": f"r{rater.number:03d}", "label": LABEL, "judged": judged}
