"""What follows from an answer: training done, attention checks failed, everything answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from studies.models import Judgement, Rater, Stimulus, Trial
from studies.protocol.attention import is_right
from studies.protocol.spec import Spec
from studies.services import lists
from studies.services.participants import end_early
from studies.services.steps import ATTENTION, TRAINING, TRIALS, record_once

UNDECIDED = (Trial.State.OPEN, Trial.State.LOCKED)


def after_answer(trial: Trial, spec: Spec, now: datetime, *, is_last: bool) -> None:
    """In the transaction of the answer itself, so that what it ends is ended with it. `is_last`:
    no other trial waits for an answer."""
    rater = trial.rater
    if trial.kind == Trial.Kind.TRAINING:
        _note_training(rater, spec, now)
    if trial.kind == Trial.Kind.ATTENTION and spec.gates.attention.end_early:
        _end_when_failed(rater, spec, now)
    if is_last:
        _complete(rater, spec, now)


def _note_training(rater: Rater, spec: Spec, now: datetime) -> None:
    training = list(rater.trials.filter(kind=Trial.Kind.TRAINING))
    if any(one.state in UNDECIDED for one in training):
        return
    answered = sum(one.state == Trial.State.ANSWERED for one in training)
    record_once(
        rater, TRAINING, now,
        passed=answered == len(training), policy=spec.gates.training.policy,
        answered=answered, of=len(training),
    )  # fmt: skip


def attention_results(rater: Rater) -> list[bool | None]:
    """Of each attention check in order: right, wrong, or None where it waits for an answer."""
    checks = list(
        rater.trials.filter(kind=Trial.Kind.ATTENTION).select_related("item").order_by("position")
    )
    values = _current_values(checks)
    numbers = dict(
        Stimulus.objects.filter(item__in=[one.item_id for one in checks]).values_list(
            "pk", "number"
        )
    )
    return [
        None
        if one.state in UNDECIDED
        else is_right(one.item.answer or {}, [numbers[pk] for pk in one.sides], values[one.pk])
        for one in checks
    ]


def _current_values(trials: Sequence[Trial]) -> dict[int, dict[str, Any]]:
    """The latest answers to the first asking."""
    values: dict[int, dict[str, Any]] = {one.pk: {} for one in trials}
    rows = Judgement.objects.filter(trial__in=trials, phase="before").order_by("revision")
    for trial_id, question, value in rows.values_list("trial_id", "question", "value"):
        values[trial_id][question] = value
    return values


def _end_when_failed(rater: Rater, spec: Spec, now: datetime) -> None:
    """As soon as what is required cannot be reached any more."""
    gate = spec.gates.attention
    results = attention_results(rater)
    still_possible = sum(result is not False for result in results)
    if gate.policy == "exclude" and still_possible < min(gate.required, len(results)):
        _note_attention(rater, spec, results, now)
        end_early(rater, Rater.State.ATTENTION_FAILED, ATTENTION, now)


def _note_attention(
    rater: Rater, spec: Spec, results: Sequence[bool | None], now: datetime
) -> bool:
    gate = spec.gates.attention
    n_right = sum(result is True for result in results)
    has_passed = n_right >= min(gate.required, len(results))
    record_once(
        rater, ATTENTION, now,
        passed=has_passed, policy=gate.policy, right=n_right, of=len(results),
    )  # fmt: skip
    return has_passed


def _complete(rater: Rater, spec: Spec, now: datetime) -> None:
    """Everything is answered: the list is filled, unless attention checks say otherwise."""
    # Again from the row: it may have been ended a moment ago.
    if not Rater.objects.filter(pk=rater.pk, state=Rater.State.ACTIVE).exists():
        return
    record_once(rater, TRIALS, now)
    results = attention_results(rater)
    if results:
        has_passed = _note_attention(rater, spec, results, now)
        if not has_passed and spec.gates.attention.policy == "exclude":
            end_early(rater, Rater.State.ATTENTION_FAILED, ATTENTION, now)
            return
    lists.fill(rater, now)
    Rater.objects.filter(pk=rater.pk).update(state=Rater.State.COMPLETE, finished_at=now)
    rater.state = Rater.State.COMPLETE
