"""A judge beside people: both scored against the same leave-one-out majorities.

A majority that counts the person's own vote would flatter people, one that counts everybody would
flatter the judge. So for each vote of a person the majority is that of the others who voted on the
same pair of the same item, and the judge's verdict, in the order in which that person saw the
pair, is scored against it too. Where several verdicts are equally frequent, each is worth its
share. The headline is judge minus person over all votes: 0 for a judge as good as a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from analysis.annotations import BoolArray, IntArray
from analysis.clusters import caution, clustered_proportion, numbered, variance_of_sum
from analysis.preference_votes import NONE, Votes, pairs
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

MIN_OVERLAP = 3
"""People who must have voted on a pair of an item."""

N_VERDICTS = 3

Clustering = Literal["rater", "item", "rater and item"]
CLUSTERINGS: tuple[Clustering, ...] = ("rater", "item", "rater and item")


@dataclass(frozen=True)
class JudgeAgreement:
    """Agreement with the majority of the other people, as shares of the same votes."""

    judge: Estimate
    """Of the judge, one verdict per vote in the order the person saw."""
    ceiling: Estimate
    """Of the people."""
    difference: Estimate
    """Judge less ceiling: the headline."""
    p: float
    """Two-sided, of no difference."""
    both_orders: Estimate
    """Of the judge asked in both orders, a tie where they disagree; stands apart."""
    both_orders_difference: Estimate
    refusals: Estimate
    """Share of the judge's trials without a verdict; these votes are left out on both sides."""
    n_votes: int
    n_people: int
    n_pairs: int
    """Pairs of items with enough people."""
    n_left_out: int
    """People's votes without enough overlap or without a verdict of the judge."""

    def as_json(self) -> dict[str, Any]:
        return {
            name: value.as_json() if isinstance(value, Estimate) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class Overlap:
    """People's votes on pairs of items that enough people voted on.

    Attributes:
        votes: first takes of the people, one a person and pair of an item.
        unit: shape (n,), the pair of the item, numbered from 0.
        keys: shape (n_units,), what the numbers stand for, see `units`.
        credit: shape (n, 3), what each verdict is worth against the others' majority.
    """

    votes: Votes
    unit: IntArray
    keys: IntArray
    credit: FloatArray

    @property
    def own(self) -> FloatArray:
        """What each person's own verdict is worth, shape (n,)."""
        return np.asarray(np.take_along_axis(self.credit, self.votes.verdict[:, None], 1)[:, 0])


def judge_against_people(
    people: Votes,
    judge: Votes,
    *,
    min_overlap: int = MIN_OVERLAP,
    cluster: Clustering = "rater and item",
    level: float = 0.95,
) -> JudgeAgreement:
    """Score one judge beside people.

    Args:
        people: their votes; repeats beyond the first are left out.
        judge: verdicts of one judge on the same systems and items, in either order; repeats count
            as one rater, their verdicts by share.
        cluster: what the interval allows to be drawn anew.

    Raises:
        CannotCompute: nothing overlaps enough, or the judge gave no verdict where people voted.
        ValueError: systems differ, or the clustering is unknown.
    """
    if cluster not in CLUSTERINGS:
        raise ValueError(f"cluster: expected one of {', '.join(CLUSTERINGS)}, got {cluster!r}")
    if judge.systems != people.systems:
        raise ValueError("judge: its systems are not those of the people")
    overlap = overlapping(people, min_overlap)
    shares, known = _verdict_shares(judge, overlap.keys)
    order = order_of(overlap.votes)
    seen = known[overlap.unit, order]
    if not seen.any():
        raise CannotCompute("the judge gave no verdict on a pair in the order a person saw it")
    judged = (shares[overlap.unit, order] * overlap.credit).sum(axis=1)
    merged = (_merged(shares)[overlap.unit] * overlap.credit).sum(axis=1)
    in_both = seen & (known[:, 0] & known[:, 1])[overlap.unit]
    summary = _Summary(overlap, cluster, level)
    difference = summary.mean(judged - overlap.own, seen, "judge less people")
    return JudgeAgreement(
        judge=summary.mean(judged, seen, "judge"),
        ceiling=summary.mean(overlap.own, seen, "people"),
        difference=difference,
        p=summary.p(judged - overlap.own, seen),
        both_orders=summary.mean(merged, in_both, "judge in both orders"),
        both_orders_difference=summary.mean(
            merged - overlap.own, in_both, "judge in both orders less people"
        ),
        refusals=refusal_rate(judge, level),
        n_votes=int(seen.sum()),
        n_people=len(np.unique(overlap.votes.rater[seen])),
        n_pairs=len(np.unique(overlap.unit[seen])),
        n_left_out=len(people) - int(seen.sum()),
    )


def overlapping(people: Votes, min_overlap: int = MIN_OVERLAP) -> Overlap:
    """The votes that enough others can be set beside, and what each verdict is worth there.

    Raises:
        CannotCompute: no pair of an item has enough people.
    """
    firsts = first_takes(people.given())
    keys, unit, sizes = np.unique(units(firsts), return_inverse=True, return_counts=True)
    enough = sizes[unit] >= max(min_overlap, 2)
    if not enough.any():
        most = int(sizes.max(initial=0))
        raise CannotCompute(f"no pair of an item was judged by {min_overlap} people (most: {most})")
    votes = firsts.select(enough)
    kept, unit = np.unique(unit[enough], return_inverse=True)
    flat = np.bincount(unit * N_VERDICTS + votes.verdict, minlength=len(kept) * N_VERDICTS)
    others = flat.reshape(-1, N_VERDICTS)[unit] - np.eye(N_VERDICTS)[votes.verdict]
    return Overlap(votes, unit, keys[kept], _credit(others))


def units(votes: Votes) -> IntArray:
    """Key (n,) of the pair of an item that a vote is about, whatever side stood where."""
    return np.asarray(votes.item * len(pairs(len(votes.systems))) + votes.pair, dtype=np.int64)


def refusal_rate(judge: Votes, level: float = 0.95) -> Estimate:
    """Share of the trials that gave no verdict, clustered by item."""
    return clustered_proportion(judge.outcome == NONE, judge.item, level, "items")


def panel(judges: Sequence[Votes]) -> Votes:
    """Several judges as one: the most frequent verdict on each pair of an item in each order.

    A tie where no verdict is ahead. Lengths are kept, confidence is not.

    Raises:
        ValueError: no judges, or their systems differ.
    """
    if not judges or any(judge.systems != judges[0].systems for judge in judges):
        raise ValueError("judges: expected at least one, all on the same systems")
    names = ("first", "second", "outcome", "item", "words")
    columns = {n: np.concatenate([getattr(judge, n) for judge in judges]) for n in names}
    n = len(columns["item"])
    everyone = Votes(judges[0].systems, rater=np.zeros(n, dtype=np.int64), **columns)
    said = everyone.given()
    key = units(said) * 2 + order_of(said)
    _, row, number = np.unique(key, return_index=True, return_inverse=True)
    flat = np.bincount(number * N_VERDICTS + said.verdict, minlength=len(row) * N_VERDICTS)
    counts = flat.reshape(-1, N_VERDICTS)
    ahead = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) == 1
    verdict = np.where(ahead, counts.argmax(axis=1), 2)
    one = said.select(row)
    swapped = (one.first > one.second) & (verdict < 2)
    outcome = np.where(swapped, 1 - verdict, verdict)
    return Votes(one.systems, one.first, one.second, outcome, one.rater, one.item, one.words)


def first_takes(votes: Votes) -> Votes:
    """One vote a person and pair of an item: the one of lowest repeat, then the earliest."""
    order = np.lexsort((np.arange(len(votes)), votes.repeat))
    rater, _ = numbered(votes.rater)
    unit, n_units = numbered(units(votes))
    _, first = np.unique((rater * max(n_units, 1) + unit)[order], return_index=True)
    return votes.select(np.sort(order[first]))


def _credit(others: FloatArray) -> FloatArray:
    """One for the most frequent verdict, shared where several are (n, 3)."""
    best = others == others.max(axis=1, keepdims=True)
    return np.asarray(best / best.sum(axis=1, keepdims=True), dtype=np.float64)


def order_of(votes: Votes) -> IntArray:
    """0 where the system of lower index stood on side A, shape (n,)."""
    return (votes.first > votes.second).astype(np.int64)


def _verdict_shares(judge: Votes, keys: IntArray) -> tuple[FloatArray, BoolArray]:
    """Shares (n_units, 2, 3) of the judge's verdicts by order, and whether there are any."""
    said = judge.given()
    key = units(said)
    place = np.searchsorted(keys, key)
    wanted = place < len(keys)
    wanted[wanted] = keys[place[wanted]] == key[wanted]
    cell = (place[wanted] * 2 + order_of(said)[wanted]) * N_VERDICTS + said.verdict[wanted]
    counts = np.bincount(cell, minlength=len(keys) * 2 * N_VERDICTS).reshape(-1, 2, N_VERDICTS)
    total = counts.sum(axis=2, keepdims=True)
    return counts / np.maximum(total, 1), total[:, :, 0] > 0


def _merged(shares: FloatArray) -> FloatArray:
    """Shares (n_units, 3) of the two orders taken together: what both say, else a tie."""
    both = shares[:, 0] * shares[:, 1]
    both[:, 2] = 1 - both[:, :2].sum(axis=1)
    return both


class _Summary:
    """Means over the same votes with t intervals robust to people, items or both."""

    def __init__(self, overlap: Overlap, cluster: Clustering, level: float) -> None:
        votes = overlap.votes
        by = {"rater": [votes.rater], "item": [votes.item]}
        by["rater and item"] = [votes.rater, votes.item]
        self.labels, self.cluster, self.level = by[cluster], cluster, level

    def mean(self, values: FloatArray, rows: BoolArray, what: str) -> Estimate:
        method = f"agreement with the others' majority, {what}; t interval by {self.cluster}"
        n = int(rows.sum())
        if not n:
            return Estimate.missing(0, method, "not asked in both orders", self.level)
        mean, error, n_clusters = self._moments(values, rows)
        if n_clusters < 2:
            note = f"no interval: one {self.cluster} only"
            return Estimate(mean, np.nan, np.nan, n, self.level, method, note)
        half = float(stats.t.ppf((1 + self.level) / 2, n_clusters - 1)) * error
        names = {"rater": "raters", "item": "items"}.get(self.cluster, "raters or items")
        note = caution(n_clusters, names)
        return Estimate(mean, mean - half, mean + half, n, self.level, method, note)

    def p(self, values: FloatArray, rows: BoolArray) -> float:
        mean, error, n_clusters = self._moments(values, rows)
        if n_clusters < 2 or not error > 0:
            return np.nan if mean else 1.0
        return float(2 * stats.t.sf(abs(mean) / error, n_clusters - 1))

    def _moments(self, values: FloatArray, rows: BoolArray) -> tuple[float, float, int]:
        used = values[rows]
        labels = [numbered(label[rows])[0] for label in self.labels]
        mean = float(used.mean())
        error = float(np.sqrt(variance_of_sum(used - mean, labels))) / len(used)
        return mean, error, min(int(label.max()) + 1 for label in labels)
