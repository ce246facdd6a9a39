"""First figures of agreement that name no system: what raters share, not what they prefer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from analysis.clusters import clustered_proportion
from analysis.krippendorff import Scale, krippendorff_alpha
from analysis.results import Estimate
from studies.models import Judgement, StudyVersion, Trial
from studies.protocol.answers import letters_of
from studies.protocol.spec import BOTH_BAD, TIE
from studies.services.groups import Group

# The newest ones are enough for a first look, and keep the page quick at any size.
MOST_JUDGEMENTS = 20_000
RESAMPLES = 300
SEED = 0


class Said(NamedTuple):
    """One current answer to one question."""

    trial: int
    rater: int
    item: int
    sides: tuple[int, ...]
    repeat_of: int | None
    value: Any


@dataclass(frozen=True, slots=True)
class QuestionAgreement:
    """Figures of one question; those that do not fit its kind are None."""

    block: str
    question: str
    kind: str
    n: int
    raters: int
    alpha: Estimate
    same_again: Estimate
    ties: Estimate | None = None
    both_bad: Estimate | None = None


@dataclass(slots=True)
class _Asked:
    block: str
    question: Mapping[str, Any]
    said: list[Said] = field(default_factory=list)


def first_agreement(version: StudyVersion, group: Group) -> list[QuestionAgreement]:
    """Each question that is no free text, from the answers before anything was heard after."""
    asked = {
        (block["key"], question["key"]): _Asked(block["key"], question)
        for block in version.spec["blocks"]
        for question in block["questions"]
        if question["kind"] != "text"
    }
    for (block, question), said in _said(version, group).items():
        if (block, question) in asked:
            asked[block, question].said = said
    return [_figures(one) for one in asked.values()]


def _said(version: StudyVersion, group: Group) -> dict[tuple[str, str], list[Said]]:
    rows: Any = (
        Judgement.objects.filter(
            group.of(version, "trial__rater__"),
            phase="before",
            trial__kind__in=[Trial.Kind.MAIN, Trial.Kind.REPEAT],
        )
        .exclude(trial__rater__state="withdrawn")
        .order_by("-pk")
        .values_list(
            "trial__item__block", "question", "trial", "trial__rater", "trial__item",
            "trial__sides", "trial__repeat_of", "value",
        )[:MOST_JUDGEMENTS]
    )  # fmt: skip
    found: dict[tuple[str, str], dict[int, Said]] = defaultdict(dict)
    # The newest come first: an amended answer is not the one that was amended.
    for block, question, trial, rater, item, sides, repeat_of, value in rows:
        said = Said(trial, rater, item, tuple(sides), repeat_of, value)
        found[block, question].setdefault(trial, said)
    return {key: list(one.values()) for key, one in found.items()}


def _figures(asked: _Asked) -> QuestionAgreement:
    kind = asked.question["kind"]
    first = [one for one in asked.said if one.repeat_of is None]
    scale: Scale = {"choice": "nominal", "ranking": "ordinal"}.get(kind, "interval")  # type: ignore[assignment]
    is_choice = kind == "choice"
    return QuestionAgreement(
        block=asked.block,
        question=asked.question["key"],
        kind=kind,
        n=len(first),
        raters=len({one.rater for one in first}),
        alpha=_alpha(kind, scale, first),
        same_again=_same_again(asked),
        ties=_share_of(first, TIE) if is_choice and asked.question.get("tie", True) else None,
        both_bad=_share_of(first, BOTH_BAD)
        if is_choice and asked.question.get("both_bad", True)
        else None,
    )


def _values(kind: str, said: Said) -> dict[tuple[int, ...], float]:
    """What was said, by what it was said of, so that sides do not matter."""
    letters = letters_of(len(said.sides))
    if kind == "choice":
        return {(said.item, *sorted(said.sides)): _choice(said)}
    if kind == "ranking":
        return {
            (said.item, said.sides[letters.index(letter)]): float(place)
            for place, group in enumerate(said.value)
            for letter in (group if isinstance(group, list) else [group])
        }
    if isinstance(said.value, dict):
        return {
            (said.item, said.sides[letters.index(letter)]): float(value)
            for letter, value in said.value.items()
        }
    return {(said.item, *said.sides): float(said.value)}


def _choice(said: Said) -> float:
    """0 or 1 for the one of the smaller or larger id, 2 for a tie, 3 for both bad."""
    if said.value == TIE:
        return 2.0
    if said.value == BOTH_BAD:
        return 3.0
    chosen = said.sides[letters_of(len(said.sides)).index(said.value)]
    return float(chosen != min(said.sides))


def _alpha(kind: str, scale: Scale, said: Sequence[Said]) -> Estimate:
    raters = {rater: place for place, rater in enumerate(sorted({one.rater for one in said}))}
    cells = [
        (raters[one.rater], unit, value)
        for one in said
        for unit, value in _values(kind, one).items()
    ]
    units = {unit: place for place, unit in enumerate(sorted({unit for _, unit, _ in cells}))}
    table = np.full((len(raters), len(units)), np.nan)
    for rater, unit, value in cells:
        table[rater, units[unit]] = value
    if not cells:
        return Estimate.missing(0, "Krippendorff's alpha", "no answers yet")
    return krippendorff_alpha(table, scale, np.random.default_rng(SEED), RESAMPLES)


def _same_again(asked: _Asked) -> Estimate:
    """The share of repeats that were answered as before: the same choice or order, or within one
    step of the scale."""
    by_trial = {one.trial: one for one in asked.said}
    kind, step = asked.question["kind"], float(asked.question.get("step", 1.0))
    same, raters = [], []
    for one in asked.said:
        before = by_trial.get(one.repeat_of) if one.repeat_of else None
        if before is None:
            continue
        now, then = _values(kind, one), _values(kind, before)
        near = step * (1 + 1e-9) if kind == "scale" else 0.0
        shared = [abs(now[unit] - then[unit]) <= near for unit in now if unit in then]
        same.append(float(np.mean(shared)) if shared else 0.0)
        raters.append(one.rater)
    if not same:
        return Estimate.missing(0, "share of repeats", "no repeats answered yet")
    return clustered_proportion(same, raters)


def _share_of(said: Sequence[Said], value: str) -> Estimate:
    if not said:
        return Estimate.missing(0, "share of votes", "no answers yet")
    return clustered_proportion([one.value == value for one in said], [one.rater for one in said])
