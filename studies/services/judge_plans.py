"""What a run of a judge was asked for: the command, the page and the worker say it alike. Light
enough for web processes; `judge_work` does it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from annotate.media import media_folder
from modeling.endpoint.client import DEFAULT_AT_ONCE
from modeling.endpoint.environment import connection_from
from modeling.endpoint.request import Connection
from studies.judging.asking import GIVEN
from studies.judging.prompts import DEFAULT
from studies.models import StudyVersion
from studies.services.judges import JudgeError

RUBRIC = "rubric"
MOST_REPEATS, MOST_AT_ONCE = 20, 64


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """One run as it was asked for; plain values, so that it can be a job's arguments. An empty
    model is the endpoint's own, no budget that of the environment."""

    judge: str
    model: str = ""
    given: str = "text+table"
    prompt: str = DEFAULT
    repeats: int = 1
    at_once: int = DEFAULT_AT_ONCE
    budget_usd: float | None = None
    panel: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.judge.strip() or len(self.judge) > 60:
            raise JudgeError(f"the judge's name {self.judge[:60]!r}: give 1 to 60 characters")
        if self.given not in GIVEN:
            raise JudgeError(f"given {self.given!r}: use one of {', '.join(GIVEN)}")
        if not 1 <= self.repeats <= MOST_REPEATS:
            raise JudgeError(f"repeat {self.repeats}: give 1 to {MOST_REPEATS}")
        if not 1 <= self.at_once <= MOST_AT_ONCE:
            raise JudgeError(f"concurrency {self.at_once}: give 1 to {MOST_AT_ONCE}")
        if self.budget_usd is not None and not 0.0 <= self.budget_usd < float("inf"):
            raise JudgeError(f"budget {self.budget_usd}: give USD, 0 or more")

    @property
    def is_rubric(self) -> bool:
        return self.judge == RUBRIC

    def as_arguments(self) -> dict[str, Any]:
        return asdict(self)


def judge_store(version: StudyVersion) -> Path:
    """Where a study's exchanges and its ledger lie: one budget for all its judges."""
    return media_folder("judges", version.study.key)


def check_frozen(version: StudyVersion) -> None:
    """Raises JudgeError for a draft."""
    if not version.is_frozen:
        raise JudgeError(f"{version} is a draft: open it first, so that judges see what people see")


def connection_of(plan: JudgePlan, environ: Mapping[str, str]) -> Connection:
    """The endpoint that the environment names, asked for the plan's model.

    Raises:
        JudgeError: none is named, or it takes no audio where the plan gives some.
        EndpointError: its description does not fit.
    """
    named = {**environ, "OPENAI_MODEL": plan.model} if plan.model else environ
    connection = connection_from(named)
    if connection is None:
        raise JudgeError(
            "no endpoint is named: set OPENAI_API_KEY or OPENAI_BASE_URL "
            "(or use the judge rubric, which is no language model)"
        )
    if plan.given.endswith("audio") and not connection.takes_audio:
        raise JudgeError("given text+table+audio: set OPENAI_TAKES_AUDIO=1, or leave it out")
    return connection
