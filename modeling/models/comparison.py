"""Two sets compared: which is better balanced, by which stems, by how much; and the self-check.

A set is better balanced the likelier its evidence is under no error at all: log p(offset | 0) of
modeling.models.posterior, in nats. The self-check applies advice, compares before with after and
keeps what helps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, centre
from modeling.models.decision import Decision, StemMove
from modeling.models.posterior import Evidence, log_likelihoods

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What set "after" gained over set "before".

    `gain_nats` is the difference of the log-likelihoods; positive where "after" is better balanced.
    `by_stem_nats` (4,) tells how much of it each stem brought, NaN where masked: where both sets
    have the same sigma it adds up to the gain. `before_db` and `after_db` (4,) are the distances
    from balanced, mean removed.
    """

    gain_nats: float
    by_stem_nats: Floats
    before_db: Floats
    after_db: Floats

    @property
    def better(self) -> str | None:
        """ "after", "before", or None where neither is."""
        if self.gain_nats == 0.0:
            return None
        return "after" if self.gain_nats > 0.0 else "before"

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that speak for the better set, the strongest first."""
        shares = np.sign(self.gain_nats) * np.nan_to_num(self.by_stem_nats)
        return tuple(STEMS[k] for k in np.argsort(-shares, kind="stable") if shares[k] > 0.0)

    @property
    def gain_db(self) -> float:
        """By how much the mean distance from balanced shrinks, in dB."""
        return float(np.nanmean(np.abs(self.before_db)) - np.nanmean(np.abs(self.after_db)))


def compare(before: Evidence, after: Evidence) -> Comparison:
    """Compare two sets of one song by their evidence (4,).

    Raises:
        ValueError: different stems sound in them, or fewer than two.
    """
    mask = before.mask
    if (mask != after.mask).any():
        raise ValueError("the two sets have different stems; compare sets of one song")
    if mask.sum() < 2:
        raise ValueError("a balance needs two stems that sound")
    nothing = np.zeros((1, int(mask.sum())))
    scores = [
        log_likelihoods(one.offset_db[None, mask], one.sigma_db[None, mask], nothing)[0, 0]
        for one in (before, after)
    ]
    return Comparison(
        float(scores[1] - scores[0]),
        _penalties(before) - _penalties(after),
        centre(before.offset_db),
        centre(after.offset_db),
    )


def after_move(evidence: Evidence, move_db: Floats) -> Evidence:
    """The evidence (4,) of heard stems after a move (4,): it follows the faders exactly."""
    return Evidence(evidence.offset_db + move_db, evidence.sigma_db)


def self_checked(evidence: Evidence, decision: Decision) -> Decision:
    """The moves of a decision that help, in their order; none may be left.

    Each is applied and compared in turn, on top of those kept so far; one that did not help is
    tried again when another was kept, since together they may.
    """
    kept: list[StemMove] = []
    current = evidence
    waiting = list(decision.moves)
    while waiting:
        helpful = next((move for move in waiting if _helps(current, move)), None)
        if helpful is None:
            break
        waiting.remove(helpful)
        kept.append(helpful)
        current = after_move(current, _as_move(helpful, evidence))
    return Decision(_in_order(kept, decision.moves), decision.p_error)


def _helps(evidence: Evidence, move: StemMove) -> bool:
    return compare(evidence, after_move(evidence, _as_move(move, evidence))).gain_nats > 0.0


def _as_move(move: StemMove, evidence: Evidence) -> Floats:
    return Decision((move,), 1.0).as_move([bool(value) for value in evidence.mask])


def _in_order(kept: Sequence[StemMove], moves: Sequence[StemMove]) -> tuple[StemMove, ...]:
    return tuple(move for move in moves if move in kept)


def _penalties(evidence: Evidence) -> Floats:
    """What each stem (4,) takes from the log-likelihood by lying off the weighted mean."""
    weight = 1.0 / evidence.sigma_db**2
    mean_db = np.nansum(weight * evidence.offset_db) / np.nansum(weight)
    return np.asarray(0.5 * weight * (evidence.offset_db - mean_db) ** 2)
