"""People and judges who vote on the same pairs of items."""

import numpy as np

from analysis.preference_votes import FIRST, NONE, SECOND, TIE, Votes

SYSTEMS = ("x", "y")


def pair_votes(rows: list[tuple[int, int, int, int]]) -> Votes:
    """From (rater, item, system on side A, outcome) on two systems."""
    rater, item, first, outcome = (np.array(column) for column in zip(*rows, strict=True))
    return Votes(SYSTEMS, first, 1 - first, outcome, rater, item)


def liking(rng: np.random.Generator, n_items: int, spread: float = 1.0) -> np.ndarray:
    """By how much each item's first system is the better, in log odds."""
    return rng.normal(0, spread, n_items)


def votes_on(
    rng: np.random.Generator,
    liked: np.ndarray,
    *,
    n_raters: int,
    per_item: int | None = None,
    side: float = 0.0,
    noise: float = 1.0,
    tie: float = 0.4,
    both_orders: bool = False,
    n_repeats: int = 1,
    refusing: float = 0.0,
) -> Votes:
    """Each rater votes on every item, or `per_item` of the raters on each.

    `side` is what standing on side A adds, `noise` scales how random the votes are.
    """
    rater, item = np.indices((n_raters, len(liked))).reshape(2, -1)
    if per_item is not None:
        chosen = rng.random((n_raters, len(liked))).argsort(axis=0) < per_item
        rater, item = np.nonzero(chosen)
    repeat = np.repeat(np.arange(n_repeats), len(rater))
    rater, item = np.tile(rater, n_repeats), np.tile(item, n_repeats)
    first = rng.integers(2, size=len(rater))
    if both_orders:
        rater, item, repeat = (np.repeat(column, 2) for column in (rater, item, repeat))
        first = np.tile([0, 1], len(rater) // 2)
    gap = np.where(first == 0, liked[item], -liked[item]) / noise + side
    chances = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(len(gap), tie)], axis=1)
    limits = (chances / chances.sum(axis=1, keepdims=True)).cumsum(axis=1)
    outcome = np.minimum((rng.random(len(gap))[:, None] > limits).sum(axis=1), TIE)
    assert (FIRST, SECOND, TIE) == (0, 1, 2)
    outcome = np.where(rng.random(len(gap)) < refusing, NONE, outcome)
    return Votes(SYSTEMS, first, 1 - first, outcome, rater, item, repeat=repeat)
