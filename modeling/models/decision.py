"""From posterior to advice: one rule for every system that states uncertainty.

Speak when the probability of an error reaches the threshold, which is fitted on validation songs
so that at most a stated share of balanced mixes is advised on, and is never below one half: an
error must be likelier than none. Advice is at most two moves, in half-dB steps, never smaller than
1.5 dB, the most certain first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.gauge import fewest_moves
from analysis.vectors import STEMS, Move
from modeling.errors import SMALLEST_DB
from modeling.models.posterior import Posterior

STEP_DB = 0.5
MOST_MOVES = 2
DEFAULT_FALSE_ADVICE_RATE = 0.25
_EIGHTY_PERCENT = 1.2815515655446004

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StemMove:
    """One piece of advice: raise (positive dB) or lower a stem, with an 80 % interval."""

    stem: str
    move_db: float
    low_db: float
    high_db: float
    certainty: float

    @property
    def direction(self) -> int:
        return 1 if self.move_db > 0.0 else -1


@dataclass(frozen=True)
class Decision:
    """At most two moves, most certain first; none means "leave it as it is"."""

    moves: tuple[StemMove, ...]
    p_error: float

    def as_move(self, mask: Sequence[bool]) -> Floats:
        """The advice as a move (4,): 0 where unmoved, NaN where `mask` is False."""
        move_db = np.where(mask, 0.0, np.nan)
        for move in self.moves:
            move_db[STEMS.index(move.stem)] = move.move_db
        return move_db


def fit_threshold(
    p_error_of_balanced: Floats, false_advice_rate: float = DEFAULT_FALSE_ADVICE_RATE
) -> float:
    """Threshold on the probability of an error, from what balanced validation mixes got.

    The share of balanced mixes at or above it is at most `false_advice_rate`; at least one half.

    Raises:
        ValueError: no balanced mix, or a rate outside 0 to 1.
    """
    if not 0.0 <= false_advice_rate <= 1.0:
        raise ValueError(f"false-advice rate is {false_advice_rate}; choose 0 to 1")
    ranked = np.sort(np.asarray(p_error_of_balanced, dtype=np.float64))[::-1]
    if not len(ranked):
        raise ValueError("no balanced mix to fit the threshold on; add songs to the validation set")
    n_allowed = math.floor(false_advice_rate * len(ranked))
    if n_allowed >= len(ranked):
        return 0.5
    return max(0.5, math.nextafter(float(ranked[n_allowed]), math.inf))


def decide(posterior: Posterior, threshold: float) -> Decision:
    """Advice from a posterior."""
    p_error = posterior.p_error
    if p_error < threshold:
        return Decision((), p_error)
    probabilities = posterior.pattern_probabilities()
    pattern = 1 + int(np.argmax(probabilities[1:]))
    mean_db, sigma_db = posterior.given(pattern)
    form_db = _fewest_moves_db(np.where(posterior.mask, -mean_db, np.nan))
    order = np.argsort(-np.nan_to_num(np.abs(form_db)), kind="stable")
    moves = [_stem_move(posterior, int(k), form_db[k], sigma_db[k]) for k in order[:MOST_MOVES]]
    spoken = sorted((move for move in moves if move), key=lambda move: -move.certainty)
    return Decision(tuple(spoken), p_error)


def decide_without_uncertainty(
    correction_db: Floats, most_moves: int = MOST_MOVES, anchor: str | None = None
) -> Decision:
    """Advice from a bare correction (4,): its largest moves of 1.5 dB or more, largest first.

    With `anchor`, moves are relative to that stem, which stays.
    """
    if anchor is None:
        form_db = _fewest_moves_db(correction_db)
    else:
        form_db = correction_db - correction_db[STEMS.index(anchor)]
    order = np.argsort(-np.nan_to_num(np.abs(form_db)), kind="stable")
    moves = tuple(
        StemMove(STEMS[k], float(form_db[k]), math.nan, math.nan, math.nan)
        for k in order[:most_moves]
        if abs(np.nan_to_num(form_db[k])) >= SMALLEST_DB
    )
    return Decision(moves, float(bool(moves)))


def _stem_move(posterior: Posterior, stem: int, move_db: float, sigma_db: float) -> StemMove | None:
    if not abs(move_db) >= SMALLEST_DB / 2.0:
        return None
    sign = 1 if move_db > 0.0 else -1
    size_db = max(SMALLEST_DB, STEP_DB * round(abs(float(move_db)) / STEP_DB))
    reach_db = max(STEP_DB, STEP_DB * math.ceil(_EIGHTY_PERCENT * float(sigma_db) / STEP_DB))
    centre_db = sign * size_db
    # The error goes the other way than the move that mends it.
    certainty = posterior.p_moved(stem, -sign)
    return StemMove(STEMS[stem], centre_db, centre_db - reach_db, centre_db + reach_db, certainty)


def _fewest_moves_db(correction_db: Floats) -> Floats:
    return fewest_moves(Move.from_sequence(correction_db.tolist()))[0].to_array()
