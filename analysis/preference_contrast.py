"""Two systems against each other within the fitted model: difference, win probability and p.

The test is the model's score test of the difference, its variance multiplied by how much more
clusters vary than single votes do (CR1 at the fit, at least 1), read from Student's t; the interval
holds the differences that the test does not reject. For two systems and a vote each it is Wilson's,
and a system that won every vote gets an open interval.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from analysis.clusters import caution, numbered
from analysis.preference_draws import CLUSTERS, Cluster, n_clusters
from analysis.preference_fit import Design, derivatives, information, solve
from analysis.preference_votes import BothBad, Votes, cluster_counts, separated_parts
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

_FARTHEST = 25.0
"""Log odds beyond which an end of the interval counts as open."""


@dataclass(frozen=True)
class Contrast:
    """One system against another."""

    first: str
    second: str
    difference: Estimate
    """Log odds of the first's win over its loss; an end is infinite where the votes leave it
    open."""
    win_probability: Estimate
    """The same as the probability that the first wins a vote that is no tie."""
    statistic: float
    """Student's t with clusters - 1 degrees of freedom if the two are equal."""
    p: float
    """Two-sided."""

    def as_json(self) -> dict[str, Any]:
        estimates = {n: getattr(self, n).as_json() for n in ("difference", "win_probability")}
        return vars(self) | estimates


def contrast_systems(
    votes: Votes,
    first: str,
    second: str,
    *,
    both_bad: BothBad = "tie",
    cluster: Cluster = "rater",
    level: float = 0.95,
) -> Contrast:
    """Compare two systems; votes on others count as far as they bear on the two.

    Raises:
        CannotCompute: a system has no votes, or see `Votes.check_comparable`.
        ValueError: the cluster is unknown.
    """
    if cluster not in CLUSTERS:
        raise ValueError(f"cluster: expected one of {', '.join(CLUSTERS)}, got {cluster!r}")
    for name in (first, second):
        if name not in votes.systems:
            raise CannotCompute(f"there is no system {name!r} among {', '.join(votes.systems)}")
    used = votes.given(both_bad)
    used.check_comparable()
    problem = _Problem(used, votes.systems.index(first), votes.systems.index(second), cluster)
    size = n_clusters(used, cluster)
    if size < 2:
        raise CannotCompute(f"a contrast by {cluster} needs two of each, there is one")
    quantile = float(stats.t.ppf((1 + level) / 2, size - 1))
    value = problem.estimate
    low = _end(problem.statistic, value, value - _FARTHEST, quantile)
    high = _end(problem.statistic, value, value + _FARTHEST, -quantile)
    statistic = problem.statistic(0.0)
    note = caution(size, "raters" if cluster == "rater" else "raters or items")
    method = f"Davidson's Bradley-Terry with ties, score test widened for clustering by {cluster}"
    difference, chance = (
        Estimate(scale(value), scale(low), scale(high), len(used), level, method, note)
        for scale in (float, _probability)
    )
    p = float(2 * stats.t.sf(abs(statistic), size - 1))
    return Contrast(first, second, difference, chance, statistic, p)


class _Problem:
    """The score test of one difference, at any hypothesised size."""

    def __init__(self, votes: Votes, first: int, second: int, cluster: Cluster) -> None:
        self.counts = votes.counts(np.zeros(len(votes), dtype=np.int64), 1)
        self.with_ties = bool(self.counts[:, :, 2].any())
        full = Design.of_systems(len(votes.systems), self.with_ties)
        self.tested = full.columns[:, first]
        # Under the hypothesis the first has the second's strength plus a fixed difference.
        self.rest = np.delete(full.columns, first, axis=1)
        self.rest[:, second - (second > first)] += self.tested
        self.columns = np.column_stack([self.tested, self.rest])
        fitted = solve(self.counts, full)[0]
        self.estimate = float(fitted[first] - fitted[second])
        self.start: FloatArray | None = None
        self.inflation = self._inflation(votes, cluster)

    def statistic(self, difference: float) -> float:
        """Student's t where this is the true difference; falls as the difference grows."""
        point = self._at(difference)
        score = float(point.scores(self.counts)[0])
        return score / float(np.sqrt(max(point.variance * self.inflation, 1e-300)))

    def _at(self, difference: float) -> "_Point":
        offset = self.tested * difference
        fitted = solve(self.counts, Design(self.rest, offset, self.with_ties), self.start)
        self.start = fitted[0]
        used = self.columns.shape[1] + (1 if self.with_ties else 0)
        return _Point(
            self.counts, self.columns, fitted[:, :-1] @ self.rest.T + offset, fitted[:, -1:], used
        )

    def _inflation(self, votes: Votes, cluster: Cluster) -> float:
        """Variance of the score with clusters, as a multiple of that of single votes."""
        labels = [votes.rater]
        if cluster == "rater and item":
            labels += [votes.item, numbered(votes.rater)[0] * (votes.item.max() + 1) + votes.item]
        if separated_parts(self.counts[0], len(votes.systems)):
            # Nothing varies at the fit: the votes of one cluster count as one.
            sizes = [np.bincount(numbered(label)[0]) for label in labels[:2]]
            return max(float(size @ size) / len(votes) for size in sizes)
        point = self._at(self.estimate)
        robust = [_variance_between(point.scores(cluster_counts(votes, lab))) for lab in labels]
        both = robust[0] if len(robust) == 1 else robust[0] + robust[1] - robust[2]
        return max(1.0, max(both, *robust[:2]) / max(point.variance, 1e-300))


class _Point:
    """Efficient score of the difference, the other strengths and nu profiled out.

    Args:
        counts: shape (1, n_pairs, 3).
        columns: shape (n_pairs, n_parameters), the tested difference first.
        difference: shape (1, n_pairs), at which the model is taken.
        log_tie: shape (1, 1).
        used: how many parameters count, log nu last where there are ties.
    """

    def __init__(
        self,
        counts: FloatArray,
        columns: FloatArray,
        difference: FloatArray,
        log_tie: FloatArray,
        used: int,
    ) -> None:
        self.columns, self.difference, self.log_tie = columns, difference, log_tie
        total = derivatives(counts, difference, log_tie)
        matrix = information(total, columns)[0, :used, :used]
        weights = np.linalg.lstsq(matrix[1:, 1:], matrix[1:, 0], rcond=None)[0]
        self.variance = float(matrix[0, 0] - matrix[0, 1:] @ weights)
        self.effective = np.concatenate([[1.0], -weights])

    def scores(self, counts: FloatArray) -> FloatArray:
        """Of each table of counts (n, n_pairs, 3), shape (n,)."""
        at = derivatives(counts, self.difference, self.log_tie)
        raw = np.column_stack([at.by_difference @ self.columns, at.by_tie.sum(axis=1)])
        return np.asarray(raw[:, : len(self.effective)] @ self.effective, dtype=np.float64)


def _variance_between(scores: FloatArray) -> float:
    """Variance of the sum of clusters' scores (CR1)."""
    left = scores - scores.mean()
    return float(left @ left) * len(scores) / max(len(scores) - 1, 1)


def _probability(log_odds: float) -> float:
    return float(special.expit(log_odds))


def _end(
    statistic: Callable[[float], float], start: float, farthest: float, target: float
) -> float:
    """Where the statistic meets `target` between the two; infinite where it never does."""
    if (statistic(farthest) - target) * (statistic(start) - target) > 0:
        return float(np.sign(farthest - start) * np.inf)
    return float(optimize.brentq(lambda value: statistic(value) - target, start, farthest))
