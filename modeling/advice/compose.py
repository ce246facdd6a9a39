"""From a decision to advice: rounding, reasons and words, the same for every system."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance, Move, centre
from modeling.advice.facts import REGIONS_HZ, Fact
from modeling.advice.structure import Advice, Answer, Provenance, SpokenMove, Uncertainty
from modeling.advice.writer import STEP_DB, write
from modeling.errors import SMALLEST_DB, USUAL, ErrorDistribution
from modeling.models.comparison import self_checked
from modeling.models.decision import Decision, StemMove, decide, decide_without_uncertainty
from modeling.models.posterior import Evidence, Posterior, posterior

# scipy is imported where it is used: web processes load this module and start without it.

INTERVAL_LEVEL = 0.8
PLACES = ("similar_songs", "against_balanced")
"""Facts on where a stem stands; they count only beside other stems."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Speaker:
    """Who speaks and how: provenance, the measured facts, and whether reasons are given."""

    provenance: Provenance
    facts: Sequence[Fact] = ()
    reasons: bool = True


def from_evidence(
    evidence: Evidence,
    threshold: float,
    speaker: Speaker,
    *,
    checked: bool = False,
    distribution: ErrorDistribution = USUAL,
) -> Advice:
    """Advice of a system that states uncertainty: it speaks where the threshold is reached.

    With `checked`, only moves that pass the self-check are said: for systems whose evidence (4,)
    follows a move exactly, as that of heard stems does.
    """
    found = posterior(evidence, distribution)
    decision = decide(found, threshold)
    if checked:
        decision = self_checked(evidence, decision)
    answer = Answer(tuple(_rounded(move) for move in decision.moves))
    if answer.leave_it and found.mask.sum() > 1:
        answer = Answer((), within_db(evidence))
    return spoken(answer, found.mask, speaker, _uncertainty(found))


def within_db(evidence: Evidence) -> float:
    """Within how much the evidence (4,) lets a set be called balanced, in half-dB steps.

    Each stem lies within this of its place with a probability of 80 % or more, as far as the
    evidence alone can tell: without the prior, by which most sets would have no error at all.
    """
    from scipy.stats import foldnorm

    active = evidence.mask
    offset_db = centre(evidence.offset_db)[active]
    variance = evidence.sigma_db[active] ** 2
    n_active = len(variance)
    # Variance of independent values after their mean is removed.
    centred = variance * (1.0 - 2.0 / n_active) + variance.sum() / n_active**2
    sigma_db = np.sqrt(centred)
    reach_db = foldnorm.ppf(INTERVAL_LEVEL, np.abs(offset_db) / sigma_db, scale=sigma_db)
    return max(STEP_DB, STEP_DB * math.ceil(float(np.max(reach_db)) / STEP_DB))


def from_correction(correction_db: Floats, speaker: Speaker) -> Advice:
    """Advice of a system that states none: its largest moves, from 1.5 dB on; (4,), NaN masked."""
    mask = np.isfinite(correction_db)
    decision = decide_without_uncertainty(correction_db) if mask.any() else Decision((), 0.0)
    return spoken(Answer(tuple(_rounded(move) for move in decision.moves)), mask, speaker)


def spoken(
    answer: Answer,
    mask: NDArray[np.bool_],
    speaker: Speaker,
    uncertainty: Uncertainty | None = None,
    original_prose: str = "",
) -> Advice:
    """An answer put into words. The balance starts from where the stems were heard, at 0 dB."""
    chosen = relevant(answer, speaker.facts) if speaker.reasons else []
    rng = np.random.default_rng(speaker.provenance.seed)
    move = answer.as_move(_flags(mask))
    return Advice(
        move=move,
        balance=Balance.from_sequence([0.0 if active else None for active in mask]) + move,
        answer=answer,
        prose=write(answer, chosen, rng, reasons=speaker.reasons),
        provenance=speaker.provenance,
        uncertainty=uncertainty,
        reasons=tuple(chosen),
        original_prose=original_prose,
    )


def relevant(answer: Answer, facts: Sequence[Fact]) -> list[Fact]:
    """The facts worth telling beside an answer, most telling first.

    A warning comes first. Beside a move stand facts on its stem that speak for it; beside "leave
    it" the stem that is farthest out.
    """
    facts = _beside_what_stays(answer, facts)
    chosen = [fact for fact in facts if fact.kind == "unlike_training"]
    if answer.leave_it:
        placed = [fact for fact in facts if fact.kind in PLACES]
        if placed:
            return [*chosen, max(placed, key=lambda fact: abs(fact.value))]
        return chosen + [fact for fact in facts if fact.kind == "mix_sides"]
    for move in answer.moves:
        chosen.extend(_supporting(move, facts)[:1])
    for move in answer.moves:
        chosen.extend(fact for fact in _supporting(move, facts)[1:] if fact not in chosen)
    return chosen


def _beside_what_stays(answer: Answer, facts: Sequence[Fact]) -> list[Fact]:
    """Places of stems counted from the stems that stay, as the moves are.

    Otherwise a stem that is to go up by 6 dB could be called 4 dB too low.
    """
    moved = {move.stem for move in answer.moves}
    shifts_db = {}
    for kind in PLACES if moved else ():
        resting = [fact.value for fact in facts if fact.kind == kind and fact.stem not in moved]
        shifts_db[kind] = float(np.mean(resting)) if resting else 0.0
    return [replace(fact, value=fact.value - shifts_db.get(fact.kind, 0.0)) for fact in facts]


def _supporting(move: SpokenMove, facts: Sequence[Fact]) -> list[Fact]:
    order = ("similar_songs", "against_balanced", "mix_region", "under_mix", "shared_spectrum")
    low_hz, high_hz = REGIONS_HZ[move.stem]
    found = [
        fact
        for fact in facts
        if (fact.stem == move.stem and fact.kind in order and _speaks_for(fact, move))
        or (fact.kind == "mix_region" and (fact.low, fact.high) == (low_hz, high_hz))
    ]
    return sorted(found, key=lambda fact: (order.index(fact.kind), -abs(fact.value)))


def _speaks_for(fact: Fact, move: SpokenMove) -> bool:
    """A stem that is lowered has to stand above its place, and the other way round."""
    if fact.kind in PLACES:
        return fact.value * move.move_db < 0.0
    return True


def _uncertainty(found: Posterior) -> Uncertainty:
    low_db, high_db = found.interval_db(INTERVAL_LEVEL)
    return Uncertainty(
        expected=Move.from_sequence((-found.mean_error_db()).tolist()),
        sigma_db=_or_none(found.sigma_db()),
        # The correction is the negative of the error, so the ends change places.
        low_db=_or_none(-high_db),
        high_db=_or_none(-low_db),
        p_error=found.p_error,
        level=INTERVAL_LEVEL,
    )


def _rounded(move: StemMove) -> SpokenMove:
    size_db = max(SMALLEST_DB, STEP_DB * round(abs(move.move_db) / STEP_DB))
    known = math.isfinite(move.low_db)
    return SpokenMove(
        move.stem,
        math.copysign(size_db, move.move_db),
        move.low_db if known else None,
        move.high_db if known else None,
        move.certainty if math.isfinite(move.certainty) else None,
    )


def _flags(mask: NDArray[np.bool_]) -> tuple[bool, ...]:
    assert len(mask) == len(STEMS)
    return tuple(bool(value) for value in mask)


def _or_none(values: Floats) -> tuple[float | None, ...]:
    return tuple(float(value) if math.isfinite(value) else None for value in values)
