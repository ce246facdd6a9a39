"""What sways a judge, how sure it is with what right, and whether it repeats itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.annotations import BoolArray, IntArray
from analysis.clusters import (
    caution,
    clustered_proportion,
    expanded_tail,
    numbered,
    resampling_weights,
)
from analysis.judges import MIN_OVERLAP, overlapping, units
from analysis.preference_votes import FIRST, SECOND, Votes
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

N_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Verdicts of like confidence."""

    low: float
    high: float
    n: int
    confidence: float
    """Mean as stated."""
    agreement: float
    """Mean agreement with people's majority."""


@dataclass(frozen=True)
class Calibration:
    """Stated confidence beside agreement with people."""

    bins: tuple[Bin, ...]
    """Those that hold a verdict."""
    error: Estimate
    """Expected calibration error: mean gap of the bins, by how many verdicts they hold."""
    overconfidence: Estimate
    """Mean confidence less mean agreement."""

    def as_json(self) -> dict[str, Any]:
        return {
            "bins": [vars(item) for item in self.bins],
            "error": self.error.as_json(),
            "overconfidence": self.overconfidence.as_json(),
        }


def swap_consistency(votes: Votes, level: float = 0.95) -> Estimate:
    """Share of pairs judged alike in both orders: the same system, or a tie twice.

    Pairs are matched within rater, item and repeat; n is their number, the interval is clustered
    by item. A rater who always takes side A scores 0.
    """
    said = votes.given()
    rater, _ = numbered(said.rater)
    key = np.stack([rater, units(said), said.repeat], axis=1)
    same, item = _matched(key, said.first > said.second, said.verdict, said.item)
    return clustered_proportion(same, item, level, "items")


def first_side_share(votes: Votes, level: float = 0.95) -> Estimate:
    """Share of decided votes that went to side A, clustered by item."""
    decided = votes.select(votes.outcome <= SECOND)
    return clustered_proportion(decided.outcome == FIRST, decided.item, level, "items")


def longer_share(votes: Votes, level: float = 0.95) -> Estimate:
    """Share of decided votes that went to the longer advice, clustered by item.

    Set it beside that of people, who may have reason to like longer advice.
    """
    decided = votes.select((votes.outcome <= SECOND) & (np.nan_to_num(votes.words) != 0))
    took_longer = (decided.outcome == FIRST) == (decided.words > 0)
    return clustered_proportion(took_longer, decided.item, level, "items")


def self_consistency(votes: Votes, level: float = 0.95) -> Estimate:
    """Share of repeats with the same verdict as the first take of the same pair in the same order.

    For people, whose repeats may stand in the other order, see `repeat_consistency`.
    """
    said = votes.given()
    rater, _ = numbered(said.rater)
    order = (said.first > said.second).astype(np.int64)
    return _repeats(np.stack([rater, units(said), order], axis=1), said, level, "items")


def repeat_consistency(votes: Votes, level: float = 0.95) -> Estimate:
    """Share of repeats with the same verdict as the first take, in whichever order they stood.

    The interval is clustered by rater.
    """
    said = votes.given()
    rater, _ = numbered(said.rater)
    return _repeats(np.stack([rater, units(said)], axis=1), said, level, "raters")


def calibration(
    people: Votes,
    judge: Votes,
    rng: np.random.Generator,
    *,
    min_overlap: int = MIN_OVERLAP,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> Calibration:
    """Stated confidence of a judge's verdicts against the majorities of people.

    A verdict's agreement is the mean over the leave-one-out majorities of its pair, those that the
    headline is scored against. The bins are of equal width; items are drawn for the intervals.

    Raises:
        CannotCompute: no overlap of people, or no verdict with a confidence there.
    """
    overlap = overlapping(people, min_overlap)
    said = judge.given()
    said = said.select(np.isfinite(said.confidence) & np.isin(units(said), overlap.keys))
    if not len(said):
        raise CannotCompute("no verdict of the judge states a confidence where people overlap")
    worth = (
        np.stack([np.bincount(overlap.unit, column) for column in overlap.credit.T], axis=1)
        / np.bincount(overlap.unit)[:, None]
    )
    agreement = worth[np.searchsorted(overlap.keys, units(said)), said.verdict]
    place = np.minimum((said.confidence * N_BINS).astype(np.int64), N_BINS - 1)
    group, n_items = numbered(said.item)
    sums = np.stack(
        [
            np.bincount(group * N_BINS + place, weights, minlength=n_items * N_BINS)
            for weights in (np.ones(len(said)), said.confidence, agreement)
        ],
        axis=1,
    ).reshape(n_items, N_BINS * 3)
    draws = np.concatenate(
        [_errors(w @ sums) for w in resampling_weights(n_items, rng, n_resamples)]
    )
    total = sums.sum(axis=0)
    error, excess = _errors(total[None])[0]
    note = caution(n_items, "items")
    tail = expanded_tail(level, n_items) if n_items > 1 else np.nan
    found = [
        _estimate(value, column, tail, len(said), level, name, note)
        for value, column, name in (
            (error, draws[:, 0], "expected calibration error, 10 equal bins"),
            (excess, draws[:, 1], "mean confidence less mean agreement"),
        )
    ]
    return Calibration(_bins(total.reshape(N_BINS, 3)), found[0], found[1])


def _errors(sums: FloatArray) -> FloatArray:
    """Calibration error and overconfidence (n, 2) from sums by bin (n, N_BINS * 3)."""
    n, confidence, agreement = np.moveaxis(sums.reshape(-1, N_BINS, 3), 2, 0)
    total = np.maximum(n.sum(axis=1), 1)
    gap = confidence - agreement
    return np.stack([np.abs(gap).sum(axis=1) / total, gap.sum(axis=1) / total], axis=1)


def _bins(sums: FloatArray) -> tuple[Bin, ...]:
    edges = np.linspace(0, 1, N_BINS + 1)
    return tuple(
        Bin(float(edges[k]), float(edges[k + 1]), int(n), float(c / n), float(a / n))
        for k, (n, c, a) in enumerate(sums)
        if n
    )


def _estimate(
    value: float, draws: FloatArray, tail: float, n: int, level: float, name: str, note: str
) -> Estimate:
    method = f"{name}, percentile bootstrap over items"
    if np.isnan(tail):
        return Estimate(float(value), np.nan, np.nan, n, level, method, "no interval: one item")
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high), n, level, method, note)


def _matched(
    key: IntArray, turned: BoolArray, verdict: IntArray, item: IntArray
) -> tuple[FloatArray, IntArray]:
    """Whether the verdicts of both orders agree, for each key that has both, and its item."""
    _, number = np.unique(key, axis=0, return_inverse=True)
    n_keys = int(number.max(initial=-1)) + 1
    by_order = np.full((n_keys, 2), -1, dtype=np.int64)
    # Should a key come twice in an order, the earliest counts.
    for row in range(len(number) - 1, -1, -1):
        by_order[number[row], int(turned[row])] = verdict[row]
    items = np.zeros(n_keys, dtype=np.int64)
    items[number] = item
    both = (by_order >= 0).all(axis=1)
    return (by_order[both, 0] == by_order[both, 1]).astype(np.float64), items[both]


def _repeats(key: IntArray, votes: Votes, level: float, clusters: str) -> Estimate:
    order = np.lexsort((np.arange(len(votes)), votes.repeat))
    _, number = np.unique(key[order], axis=0, return_inverse=True)
    _, first = np.unique(number, return_index=True)
    repeat = votes.repeat[order]
    # Two takes of one number, such as the two orders a judge is asked in, are no repeat.
    later = repeat > repeat[first[number]]
    same = votes.verdict[order] == votes.verdict[order][first[number]]
    label = votes.item if clusters == "items" else votes.rater
    return clustered_proportion(same[later], label[order][later], level, clusters)
