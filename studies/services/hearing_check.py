"""The headphone check of a study: two attempts, judged on the server, and what follows from them.

An attempt that was begun is a step of its own with the seed of its sounds, so that a reload goes on
with the same one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from annotate.fields import new_key
from annotate.services.people import HEADPHONE_ATTEMPTS, check_sounds
from annotate.services.together import write_together
from modeling.headphones import HeadphoneCheck
from studies.models import Rater, RaterStep
from studies.protocol.spec import HeadphoneGate
from studies.services.participants import end_early
from studies.services.steps import (
    HEADPHONES,
    HEADPHONES_ATTEMPT,
    HEADPHONES_BEGUN,
    record_once,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    key: str
    kind: str
    seed: int

    def sounds(self) -> HeadphoneCheck:
        return check_sounds(self.kind, self.seed)


@dataclass(frozen=True, slots=True)
class CheckState:
    """`finished` attempts so far; the one in progress, if there is one; whether one was passed."""

    finished: int
    current: Attempt | None
    passed: bool

    @property
    def is_used_up(self) -> bool:
        return self.finished >= HEADPHONE_ATTEMPTS


def check_state(rater: Rater) -> CheckState:
    rows = list(rater.steps.filter(step__in=[HEADPHONES_BEGUN, HEADPHONES_ATTEMPT]))
    finished = {row.detail["key"]: row for row in rows if row.step == HEADPHONES_ATTEMPT}
    begun = [row for row in rows if row.step == HEADPHONES_BEGUN]
    open_ = [_attempt(row) for row in begun if row.detail["key"] not in finished]
    passed = any(row.passed for row in finished.values())
    return CheckState(len(finished), open_[-1] if open_ else None, passed)


def _attempt(row: RaterStep) -> Attempt:
    return Attempt(row.detail["key"], row.detail["kind"], row.detail["seed"])


def attempt_of(rater: Rater, key: str) -> Attempt | None:
    """The attempt with this key, begun or finished."""
    rows = rater.steps.filter(step=HEADPHONES_BEGUN)
    return next((_attempt(row) for row in rows if row.detail["key"] == key), None)


def begin(rater: Rater, gate: HeadphoneGate, now: datetime) -> None:
    """A new attempt, unless one is in progress or all are used up."""

    def record() -> None:
        Rater.objects.select_for_update().get(pk=rater.pk)
        state = check_state(rater)
        if state.current is None and not state.is_used_up and not state.passed:
            rater.steps.create(
                step=HEADPHONES_BEGUN,
                at=now,
                detail={"key": new_key(), "kind": gate.check, "seed": secrets.randbits(32)},
            )

    write_together(record)


def finish(
    rater: Rater, attempt: Attempt, answers: list[int], gate: HeadphoneGate, now: datetime
) -> None:
    """Judge the answers (1, 2 or 3 a trial); an attempt keeps its first judgement. With the last
    attempt the gate has spoken: on, or out where its policy is to exclude."""

    def record() -> None:
        Rater.objects.select_for_update().get(pk=rater.pk)
        before = check_state(rater)
        if before.current is None or before.current.key != attempt.key:
            return
        check = attempt.sounds()
        passed = check.passed(answers)
        rater.steps.create(
            step=HEADPHONES_ATTEMPT,
            at=now,
            passed=passed,
            policy=gate.policy,
            detail={"key": attempt.key, "answers": answers, "right": check.n_right(answers)},
        )
        n_finished = before.finished + 1
        is_over = passed or n_finished >= HEADPHONE_ATTEMPTS
        if is_over and (passed or gate.policy != "warn"):
            record_once(
                rater, HEADPHONES, now, passed=passed, policy=gate.policy, attempts=n_finished
            )
        if is_over and not passed and gate.policy == "exclude":
            end_early(rater, Rater.State.SCREENED_OUT, HEADPHONES, now)

    write_together(record)


def go_on_warned(rater: Rater, gate: HeadphoneGate, now: datetime) -> None:
    """Somebody was told that the check failed, and goes on."""
    state = check_state(rater)
    if state.is_used_up and not state.passed and gate.policy == "warn":
        write_together(
            lambda: record_once(
                rater, HEADPHONES, now, passed=False, policy=gate.policy, attempts=state.finished
            )
        )
