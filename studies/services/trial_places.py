"""Where somebody stands among their trials, and where they may go back to."""

from dataclasses import dataclass
from typing import Any

from studies.models import Judgement, Rater, Trial
from studies.protocol.spec import Spec
from studies.services.finishing import UNDECIDED
from studies.services.trial_reading import places
from studies.trial_page import Place


@dataclass(frozen=True, slots=True)
class Showing:
    """What of a trial tells where it stands."""

    key: str
    position: int
    is_training: bool
    is_due: bool
    block: str


def showings(rater: Rater) -> list[Showing]:
    """All trials in order."""
    return [
        Showing(key, position, kind == Trial.Kind.TRAINING, state in UNDECIDED, block)
        for key, position, kind, state, block in places(rater)
    ]


def can_go_back(to: Showing, since: Showing, spec: Spec) -> bool:
    """Within the block that somebody is in, and never to the training."""
    return (
        spec.order.back != "never"
        and not to.is_training
        and not since.is_training
        and to.block == since.block
    )


def place_of(trial: Trial, all_: list[Showing], spec: Spec) -> Place:
    """Number and count among trials of its kind: training is counted by itself."""
    own = next(one for one in all_ if one.key == trial.key)
    alike = [one for one in all_ if one.is_training == own.is_training]
    before = next((one for one in reversed(all_) if one.position < own.position), None)
    back = before.key if before is not None and can_go_back(before, own, spec) else None
    return Place(alike.index(own) + 1, len(alike), back)


def last_answers(trial: Trial, phase: str) -> dict[str, Any] | None:
    """What was submitted last in this phase; None where nothing was, as of a trial whose answer in
    this phase is the one that it waits for."""
    if trial.state in UNDECIDED:
        return None
    last = trial.answers.filter(phase=phase).order_by("revision").last()
    if last is None:
        return None
    rows = Judgement.objects.filter(answer=last).values_list("question", "value")
    return dict(rows)
