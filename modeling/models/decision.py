"""From posterior to advice: one rule for every system that states uncertainty.

Speak when the probability of an error reaches the threshold, which is fitted on validation songs
so that at most a stated share of balanced mixes is advised on, and is never below one half: an
error must be likelier than none. Advice is at most two moves, in half-dB steps, never smaller than
1.5 dB, the most certain first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.gauge import fewest_moves
from analysis.vectors import STEMS, Move
from modeling.errors import SMALLEST_DB, ErrorDistribution
from modeling.models.posterior import Evidence, Posterior, posteriors

# scipy is imported where it is used: web processes load this module and start without it.

STEP_DB = 0.5
MOST_MOVES = 2
DEFAULT_FALSE_ADVICE_RATE = 0.25
CONFIDENCE = 0.9
_EIGHTY_PERCENT = 1.2815515655446004
_N_DRAWS = 1000
_DRAW_SEED = 20_250_101

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
    p_error_of_balanced: Floats,
    false_advice_rate: float = DEFAULT_FALSE_ADVICE_RATE,
    n_songs: int | None = None,
) -> float:
    """Threshold on the probability of an error, from what balanced validation mixes got.

    At least one half, and so high that on fresh songs at most `false_advice_rate` of balanced mixes
    reach it, with a confidence of 90 % (the exact binomial bound of Clopper and Pearson). Where a
    song counts several times, `n_songs` says how many there are: they alone are independent.

    Raises:
        ValueError: no balanced mix, or a rate outside 0 to 1.
    """
    from scipy.stats import beta

    if not 0.0 <= false_advice_rate <= 1.0:
        raise ValueError(f"false-advice rate is {false_advice_rate}; choose 0 to 1")
    ranked = np.sort(np.asarray(p_error_of_balanced, dtype=np.float64))[::-1]
    if not len(ranked):
        raise ValueError("no balanced mix to fit the threshold on; add songs to the validation set")
    songs = n_songs or len(ranked)
    counts = np.arange(songs)
    sure = np.asarray(beta.ppf(CONFIDENCE, counts + 1, songs - counts)) <= false_advice_rate
    share = (int(sure.sum()) - 1) / songs if sure.any() else 0.0
    if false_advice_rate == 1.0:
        return 0.5
    n_allowed = math.floor(max(0.0, share) * len(ranked))
    return max(0.5, math.nextafter(float(ranked[n_allowed]), math.inf))


def expected_threshold(
    sigma_db: Floats, distribution: ErrorDistribution, anchor: str | None = None
) -> float:
    """The threshold for evidence of this sigma (4,), NaN where masked, where no song was fitted on.

    Balanced sets are drawn around what is said as widely as sigma states; of those at most
    `DEFAULT_FALSE_ADVICE_RATE` get advice. Sigma counts in half-dB steps.
    """
    steps = tuple(
        max(1, round(float(value) / STEP_DB)) if math.isfinite(value) else 0 for value in sigma_db
    )
    return _expected_threshold(steps, distribution, anchor)


def thresholds_of(
    evidence: Evidence,
    trust: Floats,
    fitted: float,
    distribution: ErrorDistribution,
    anchors: Sequence[str | None] | None = None,
) -> Floats:
    """Threshold (n,) of each set: the one `fitted` on validation songs, where it may be trusted.

    Where a set is unlike those songs (trust below 1), its sigma is wider than theirs, and the
    threshold is at least the one that this sigma calls for.
    """
    values = np.full(len(trust), fitted, dtype=np.float64)
    named = list(anchors) if anchors is not None else [None] * len(values)
    for row in np.flatnonzero(trust < 1.0):
        expected = expected_threshold(evidence.sigma_db[row], distribution, named[row])
        values[row] = max(fitted, expected)
    return values


@cache
def _expected_threshold(
    steps: tuple[int, ...], distribution: ErrorDistribution, anchor: str | None
) -> float:
    rng = np.random.default_rng([_DRAW_SEED, len(steps)])
    sigma_db = np.where(np.array(steps) > 0, np.array(steps) * STEP_DB, np.nan)
    offsets_db = rng.standard_normal((_N_DRAWS, len(steps))) * sigma_db
    drawn = Evidence(offsets_db, np.tile(sigma_db, (_N_DRAWS, 1)))
    found = posteriors(drawn, distribution, [anchor] * _N_DRAWS)
    return fit_threshold(np.array([one.p_error for one in found]))


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
