"""The long table: one row for each value that somebody gave to one system on one scale."""

from collections.abc import Iterator
from typing import Any

from studies.exports import sections
from studies.exports.scope import Scope
from studies.models import Stimulus
from studies.protocol.spec import TIE

Row = dict[str, Any]
# The last sort key of judgements and of trials is the same: both come by rater and position.
_OF_TRIAL = ("rater", "item", "block", "kind", "repeat", "position", "order")


def answer_rows(scope: Scope) -> Iterator[Row]:
    """Every answer of every revision, by rater and trial."""
    who = _who(scope)
    questions = {
        (scope.hidden(block["key"]), scope.hidden(question["key"])): question["kind"]
        for block in scope.version.spec["blocks"]
        for question in block["questions"]
    }
    raters = {row["rater"]: row for row in sections.raters(scope)}
    trials = sections.trials(scope)
    trial: Row = {"trial": None}
    for one in sections.judgements(scope):
        while trial["trial"] != one["trial"]:
            trial = next(trials)
        rater = raters[trial["rater"]]
        common = {
            **{field: trial[field] for field in _OF_TRIAL},
            "rater_kind": rater["kind"],
            "run": rater["run"],
            **{key: one[key] for key in ("trial", "phase", "revision", "is_current")},
            "scale": one["question"],
            "confidence": one["confidence"],
            "submitted_at": one["submitted_at"],
        }
        kind = questions.get((trial["block"], one["question"]), "")
        for cell in _cells(kind, one["value"], trial["sides"]):
            yield common | _named(cell, trial["sides"], who)


def _who(scope: Scope) -> dict[str, str | None]:
    """Label by stimulus id; what is no system is called by its role."""
    rows = Stimulus.objects.filter(item__version=scope.version).values_list("pk", "role", "name")
    return {
        scope.stimuli[pk]: scope.labels.label(name) if role == Stimulus.Role.SYSTEM else role
        for pk, role, name in rows
    }


def _cells(kind: str, value: Any, sides: dict[str, str]) -> Iterator[Row]:
    """(side, other side, value) of each row that an answer makes."""
    if kind == "choice":
        first, second = list(sides)[:2]
        share = {first: 1, second: 0, TIE: 0.5}.get(value, value)
        yield {"side": first, "against_side": second, "value": share}
    elif isinstance(value, dict):
        for side, number in value.items():
            yield {"side": side, "against_side": None, "value": number}
    elif kind == "ranking":
        yield from _ranks(value)
    else:
        # Asked once for the trial: of its one stimulus, or of none in particular.
        side = next(iter(sides)) if len(sides) == 1 else None
        yield {"side": side, "against_side": None, "value": value}


def _ranks(places: list[Any]) -> Iterator[Row]:
    """1 is best; equals share the mean of their places."""
    before = 0
    for place in places:
        group = place if isinstance(place, list) else [place]
        rank = before + (len(group) + 1) / 2
        for side in group:
            yield {"side": side, "against_side": None, "value": rank}
        before += len(group)


def _named(cell: Row, sides: dict[str, str], who: dict[str, str | None]) -> Row:
    stimulus = sides.get(cell["side"] or "")
    against = sides.get(cell["against_side"] or "")
    return cell | {
        "stimulus": stimulus,
        "system": who.get(stimulus) if stimulus else None,
        "against": who.get(against) if against else None,
    }
