"""The items on which a judge and people differ most: where to read the texts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.judges import MIN_OVERLAP, N_VERDICTS, overlapping, units
from analysis.preference_votes import Votes, pairs
from analysis.rating_tables import SystemRatings


@dataclass(frozen=True)
class VoteCase:
    """A pair of systems on an item, people's votes and the judge's verdicts."""

    item: int
    first: str
    second: str
    people: tuple[int, int, int]
    """For the first, for the second, ties."""
    judge: tuple[int, int, int]
    gap: float
    """Half the sum of absolute differences of the shares: 0 alike, 1 opposite."""

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class RatingCase:
    """A system's advice on an item, rated by people and by the judge."""

    item: int
    system: str
    people: float
    """Mean."""
    n_people: int
    judge: float
    """Mean of its repeats."""

    @property
    def gap(self) -> float:
        """Judge less people."""
        return self.judge - self.people

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"gap": self.gap}


def vote_cases(
    people: Votes, judge: Votes, *, n_cases: int = 10, min_overlap: int = MIN_OVERLAP
) -> tuple[VoteCase, ...]:
    """Pairs of items by how far verdicts differ, the farthest first; of equals the more votes.

    Raises:
        CannotCompute: no pair of an item has enough people.
    """
    overlap = overlapping(people, min_overlap)
    said = judge.given()
    said = said.select(np.isin(units(said), overlap.keys))
    tables = []
    for key, verdict in (
        (overlap.unit, overlap.votes.verdict),
        (np.searchsorted(overlap.keys, units(said)), said.verdict),
    ):
        flat = np.bincount(key * N_VERDICTS + verdict, minlength=len(overlap.keys) * N_VERDICTS)
        tables.append(flat.reshape(-1, N_VERDICTS))
    ours, theirs = tables
    judged = np.flatnonzero(theirs.sum(axis=1) > 0)
    shares = [t[judged] / t[judged].sum(axis=1, keepdims=True) for t in tables]
    gap = np.abs(shares[0] - shares[1]).sum(axis=1) / 2
    order = np.lexsort((overlap.keys[judged], -ours[judged].sum(axis=1), -gap))[:n_cases]
    couples = pairs(len(people.systems))
    cases = []
    for place in order:
        row = judged[place]
        item, pair = divmod(int(overlap.keys[row]), len(couples))
        low, high = couples[pair]
        cases.append(
            VoteCase(
                item,
                people.systems[low],
                people.systems[high],
                _tally(ours[row]),
                _tally(theirs[row]),
                float(gap[place]),
            )
        )
    return tuple(cases)


def rating_cases(
    people: SystemRatings, judge: SystemRatings, *, n_cases: int = 10, min_overlap: int = 1
) -> tuple[RatingCase, ...]:
    """Advice by how far the ratings differ, the farthest first.

    Raises:
        ValueError: the systems differ.
    """
    shared = shared_means(people, judge, min_overlap)
    order = np.argsort(-np.abs(shared.judge - shared.people), kind="stable")[:n_cases]
    return tuple(
        RatingCase(
            int(shared.item[row]),
            people.systems[shared.system[row]],
            float(shared.people[row]),
            int(shared.n_people[row]),
            float(shared.judge[row]),
        )
        for row in order
    )


@dataclass(frozen=True, eq=False)
class SharedMeans:
    """Means of people and judge on what both rated, one row for each item and system."""

    item: np.ndarray
    system: np.ndarray
    people: np.ndarray
    n_people: np.ndarray
    judge: np.ndarray


def shared_means(people: SystemRatings, judge: SystemRatings, min_overlap: int = 1) -> SharedMeans:
    """What both rated, with at least `min_overlap` people.

    Raises:
        ValueError: the systems differ.
    """
    if judge.systems != people.systems:
        raise ValueError("judge: its systems are not those of the people")
    size = len(people.systems)
    sides = []
    for ratings in (people, judge):
        key, row = np.unique(ratings.item * size + ratings.system, return_inverse=True)
        n = np.bincount(row, minlength=len(key))
        sides.append((key, n, np.bincount(row, ratings.value, len(key)) / np.maximum(n, 1)))
    (key, n, mean), (judged, _, verdict) = sides
    enough = n >= min_overlap
    key, n, mean = key[enough], n[enough], mean[enough]
    both, mine, theirs = np.intersect1d(key, judged, assume_unique=True, return_indices=True)
    return SharedMeans(both // size, both % size, mean[mine], n[mine], verdict[theirs])


def _tally(counts: np.ndarray) -> tuple[int, int, int]:
    return int(counts[0]), int(counts[1]), int(counts[2])
