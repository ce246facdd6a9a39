"""Pairwise votes as plain arrays, and counted by pair of systems."""

from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from analysis.annotations import BoolArray, IntArray
from analysis.clusters import numbered
from analysis.preference_graph import parts_of
from analysis.results import CannotCompute
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.

FIRST, SECOND, TIE, BOTH_BAD, NONE = range(5)
"""What a vote says of the two advices as they were shown; NONE: refused or failed."""

ANSWERS = {"A": FIRST, "B": SECOND, "tie": TIE, "both bad": BOTH_BAD}

BothBad = Literal["tie", "dropped"]
"""What "both bad" is in a fit: a tie (primary) or no vote (sensitivity)."""


def _none() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Votes:
    """Pairwise votes of people or of a judge; n rows, one for each verdict.

    Attributes:
        systems: names, at least one.
        first, second: shape (n,), index of the system shown on side A and on side B.
        outcome: shape (n,), one of `FIRST`, `SECOND`, `TIE`, `BOTH_BAD`, `NONE`.
        rater, item: shape (n,), any integers; equal ones are one rater, one item.
        words: shape (n,), words of the first advice less those of the second; NaN where unknown.
        confidence: shape (n,), 0..1 as the rater stated it; NaN where none was.
        repeat: shape (n,), 0 for the first time a rater judges a pair of an item in an order.

    Raises:
        ValueError: shapes do not fit, or an index or outcome is out of range.
    """

    systems: tuple[str, ...]
    first: IntArray
    second: IntArray
    outcome: IntArray
    rater: IntArray
    item: IntArray
    words: FloatArray = field(default_factory=_none)
    confidence: FloatArray = field(default_factory=_none)
    repeat: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        n = len(self.first)
        defaults = {"words": np.full(n, np.nan), "confidence": np.full(n, np.nan)}
        defaults["repeat"] = np.zeros(n)
        for column in fields(self)[1:]:
            kind = np.float64 if column.name in ("words", "confidence") else np.int64
            given = np.asarray(getattr(self, column.name))
            value = given if given.size or column.name not in defaults else defaults[column.name]
            if value.shape != (n,):
                raise ValueError(f"{column.name}: expected shape ({n},), got {value.shape}")
            object.__setattr__(self, column.name, value.astype(kind))
        self._check()

    def _check(self) -> None:
        for name in ("first", "second"):
            index = getattr(self, name)
            if index.size and not 0 <= index.min() <= index.max() < len(self.systems):
                raise ValueError(f"{name}: expected indices of {len(self.systems)} systems")
        if (self.first == self.second).any():
            row = int(np.argmax(self.first == self.second))
            raise ValueError(f"second: vote {row} sets {self.systems[self.first[row]]} by itself")
        stated = self.confidence[np.isfinite(self.confidence)]
        if stated.size and not 0 <= stated.min() <= stated.max() <= 1:
            raise ValueError(
                f"confidence: expected 0 to 1, got {stated.min():g} to {stated.max():g}"
            )
        if self.outcome.size and not FIRST <= self.outcome.min() <= self.outcome.max() <= NONE:
            raise ValueError(f"outcome: expected {FIRST} to {NONE}")

    def __len__(self) -> int:
        return len(self.first)

    def select(self, rows: BoolArray | IntArray) -> Self:
        """The votes of these rows, a mask or indices."""
        columns = {c.name: getattr(self, c.name)[rows] for c in fields(self)[1:]}
        return replace(self, **columns)

    def given(self, both_bad: BothBad = "tie") -> Self:
        """Votes that say something: without refusals, and without "both bad" where dropped."""
        kept = self.outcome != NONE
        if both_bad == "dropped":
            kept &= self.outcome != BOTH_BAD
        return self.select(kept)

    @property
    def pair(self) -> IntArray:
        """Shape (n,), index into `pairs` of the number of systems."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        n = len(self.systems)
        return np.asarray(low * (2 * n - low - 1) // 2 + high - low - 1, dtype=np.int64)

    @property
    def verdict(self) -> IntArray:
        """Shape (n,), 0 where the system of lower index won, 1 the other, 2 tie, -1 none."""
        swapped = self.first > self.second
        decided = np.where(swapped, 1 - self.outcome, self.outcome)
        verdict = np.where(self.outcome <= SECOND, decided, 2)
        return np.asarray(np.where(self.outcome == NONE, -1, verdict), dtype=np.int64)

    def counts(self, cluster: IntArray, n_clusters: int) -> FloatArray:
        """Votes by cluster, pair and verdict: (n_clusters, n_pairs, 3)."""
        shape = n_clusters, len(pairs(len(self.systems))), 3
        cell = (cluster * shape[1] + self.pair) * 3 + self.verdict
        flat = np.bincount(cell, minlength=int(np.prod(shape)))
        return flat.reshape(shape).astype(np.float64)

    def check_comparable(self) -> None:
        """Refuse what no strengths can be fitted to.

        Raises:
            CannotCompute: no votes, one system, systems without a vote, parts that never meet, or
                nothing but ties.
        """
        if len(self.systems) < 2:
            raise CannotCompute(f"a preference needs two systems, there is {len(self.systems)}")
        if not len(self):
            raise CannotCompute("there are no votes")
        met = [(self.systems[a], self.systems[b]) for a, b in self._pairs_met()]
        parts = parts_of(self.systems, met)
        if len(parts) > 1:
            told = " | ".join(", ".join(part) for part in parts)
            raise CannotCompute(f"parts that were never compared with each other: {told}")
        if (self.verdict == 2).all():
            raise CannotCompute(f"all {len(self)} votes are ties: no system is ahead of another")

    def _pairs_met(self) -> list[tuple[int, int]]:
        possible = pairs(len(self.systems))
        return [(int(low), int(high)) for low, high in possible[np.unique(self.pair)]]


def pairs(n_systems: int) -> IntArray:
    """Every pair of systems, (n_pairs, 2), the lower index first.

    >>> pairs(3).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    listed = list(combinations(range(n_systems), 2))
    return np.array(listed, dtype=np.int64).reshape(-1, 2)


def cluster_counts(votes: Votes, labels: IntArray) -> FloatArray:
    """Votes by cluster, pair and verdict, whatever the clusters are called."""
    cluster, n_clusters = numbered(labels)
    return votes.counts(cluster, n_clusters)


def separated_parts(counts: FloatArray, n_systems: int) -> list[list[int]]:
    """Groups of systems of which one won every vote against another (Ford 1957); none if not so.

    Args:
        counts: shape (n_pairs, 3), see `Votes.counts`.
    """
    from scipy import sparse
    from scipy.sparse import csgraph

    couples = pairs(n_systems)
    held = np.zeros((n_systems, n_systems))
    held[couples[:, 0], couples[:, 1]] = counts[:, 0] + counts[:, 2]
    held[couples[:, 1], couples[:, 0]] = counts[:, 1] + counts[:, 2]
    n_parts, part = csgraph.connected_components(sparse.csr_array(held), connection="strong")
    if n_parts == 1:
        return []
    return [np.flatnonzero(part == number).tolist() for number in range(n_parts)]
