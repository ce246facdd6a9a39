"""What the attention checks of a version found, for all raters at once."""

from collections.abc import Collection
from typing import Any

from studies.models import Judgement, Stimulus, StudyVersion, Trial
from studies.protocol.attention import is_right


def attention_found(
    version: StudyVersion, raters: Collection[int] | None = None
) -> dict[int, dict[str, int]]:
    """{rater id: {"passed": right ones, "of": answered ones}} of all who answered some; of these
    raters (ids) only, where they are given."""
    trials: Any = Trial.objects.filter(rater__version=version, kind=Trial.Kind.ATTENTION)
    if raters is not None:
        trials = trials.filter(rater__in=raters)
    rows = list(trials.order_by().values_list("pk", "rater_id", "item_id", "sides"))
    values = _values([row[0] for row in rows])
    numbers = dict(
        Stimulus.objects.filter(item__version=version, item__kind=Trial.Kind.ATTENTION).values_list(
            "pk", "number"
        )
    )
    answers = dict(version.items.filter(kind=Trial.Kind.ATTENTION).values_list("pk", "answer"))
    found: dict[int, dict[str, int]] = {}
    for pk, rater_id, item, sides in rows:
        answer = answers.get(item)
        if pk not in values or not answer:
            continue
        counts = found.setdefault(rater_id, {"passed": 0, "of": 0})
        counts["of"] += 1
        counts["passed"] += is_right(answer, [numbers[one] for one in sides], values[pk])
    return found


def _values(trials: list[int]) -> dict[int, dict[str, Any]]:
    """Answers by question as they stand, for the trials that have some."""
    rows = Judgement.objects.filter(trial__in=trials, phase="before").order_by("revision")
    found: dict[int, dict[str, Any]] = {}
    for trial, question, value in rows.values_list("trial", "question", "value"):
        found.setdefault(trial, {})[question] = value
    return found
