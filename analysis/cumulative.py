"""Cumulative logit model of ordinal ratings, with two-way cluster-robust intervals.

P(value <= k) = 1 / (1 + exp(effect - threshold_k)): proportional odds (McCullagh 1980), fitted by
Newton's method. Raters and items enter through the errors alone, so effects are population
averaged. The first rated system is the reference.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from analysis.annotations import IntArray
from analysis.clusters import ENOUGH_CLUSTERS, caution, numbered
from analysis.preference_votes import FIRST, SECOND, Votes
from analysis.rating_tables import SystemRatings
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

METHOD = "cumulative logit, two-way cluster-robust t interval over raters and items"
MOST_LEVELS = 40
"""More distinct values than this are binned by quantiles."""
_MOST_STEPS = 100


@dataclass(frozen=True)
class OddsRatio:
    """Log odds of a higher rating of the first system against the second."""

    first: str
    second: str
    log_odds: Estimate
    p: float

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "log_odds": self.log_odds.as_json()}


@dataclass(frozen=True)
class CumulativeFit:
    """The fitted model."""

    levels: tuple[float, ...]
    thresholds: tuple[float, ...]
    differences: tuple[OddsRatio, ...]
    log_likelihood: float
    n: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "differences": [one.as_json() for one in self.differences]}


@dataclass(frozen=True, eq=False)
class CumulativeSolution:
    """What `solve_cumulative` found: p effects, then K - 1 thresholds."""

    effects: FloatArray
    thresholds: FloatArray
    scores: FloatArray
    """Each row's gradient, (n, p + K - 1)."""
    information: FloatArray
    log_likelihood: float
    converged: bool


def solve_cumulative(design: FloatArray, level: IntArray, n_levels: int) -> CumulativeSolution:
    """Newton's method from the pooled thresholds.

    Args:
        design: shape (n, p), without a constant.
        level: shape (n,), 0 to n_levels - 1; every level occurs.
    """
    shares = np.cumsum(np.bincount(level, minlength=n_levels))[:-1] / len(level)
    point = np.concatenate([np.zeros(design.shape[1]), special.logit(shares)])
    current = _derivatives(point, design, level)
    for _ in range(_MOST_STEPS):
        gradient = current[1].sum(axis=0)
        step = np.linalg.lstsq(current[2], gradient, rcond=None)[0]
        size = 1.0
        while size > 1e-6:
            tried = _derivatives(point + size * step, design, level)
            if tried[0] >= current[0] - 1e-12:
                break
            size /= 2
        else:
            break
        point, current = point + size * step, tried
        if float(np.abs(size * step).max()) < 1e-9:
            break
    gradient = current[1].sum(axis=0)
    n_effects = design.shape[1]
    return CumulativeSolution(
        effects=point[:n_effects],
        thresholds=point[n_effects:],
        scores=current[1],
        information=current[2],
        log_likelihood=current[0],
        converged=bool(np.abs(gradient).max() < 1e-4 and np.abs(point).max() < 25),
    )


def _derivatives(
    point: FloatArray, design: FloatArray, level: IntArray
) -> tuple[float, FloatArray, FloatArray]:
    """Log likelihood, each row's gradient (n, q), and the observed information (q, q)."""
    n_effects = design.shape[1]
    thresholds = point[n_effects:]
    if (np.diff(thresholds) <= 0).any():
        nothing = np.zeros((len(level), len(point)))
        return -np.inf, nothing, np.eye(len(point))
    padded = np.concatenate([[-np.inf], thresholds, [np.inf]])
    linear = design @ point[:n_effects]
    upper, lower = special.expit(padded[level + 1] - linear), special.expit(padded[level] - linear)
    probability = np.maximum(upper - lower, 1e-300)
    slope_up, slope_low = upper * (1 - upper), lower * (1 - lower)
    bend_up, bend_low = slope_up * (1 - 2 * upper), slope_low * (1 - 2 * lower)
    marks = np.eye(len(thresholds) + 2)[:, 1:-1]
    up = np.concatenate([-design, marks[level + 1]], axis=1)
    low = np.concatenate([-design, marks[level]], axis=1)
    scores = (slope_up[:, None] * up - slope_low[:, None] * low) / probability[:, None]
    curvature = up.T @ ((bend_up / probability)[:, None] * up)
    curvature -= low.T @ ((bend_low / probability)[:, None] * low)
    information = scores.T @ scores - curvature
    return float(np.log(probability).sum()), scores, np.asarray(information)


def two_way_covariance(
    solution: CumulativeSolution, rater: IntArray, item: IntArray
) -> tuple[FloatArray, float]:
    """Sandwich clustered by rater, by item and by both, (3, q, q), and degrees of freedom."""
    bread = np.linalg.pinv(solution.information, hermitian=True)
    pairs = np.unique(np.stack([rater, item], axis=1), axis=0, return_inverse=True)[1]
    meats, sizes = [], []
    for labels in (rater, item, np.asarray(pairs).reshape(-1)):
        number, n_clusters = numbered(labels)
        sums = np.stack(
            [np.bincount(number, column, n_clusters) for column in solution.scores.T], axis=1
        )
        meats.append(sums.T @ sums * n_clusters / max(n_clusters - 1, 1))
        sizes.append(n_clusters)
    # One cluster says nothing of the spread between clusters.
    by_rater, by_item, both = (
        meat if size > 1 else np.zeros_like(meat) for meat, size in zip(meats, sizes, strict=True)
    )
    stacked = [bread @ meat @ bread for meat in (by_rater, by_item, by_rater + by_item - both)]
    return np.stack(stacked), float(max(min(sizes[:2]) - 1, 1))


def fit_cumulative(ratings: SystemRatings, level: float = 0.95) -> CumulativeFit:
    """Log odds of a higher rating between all pairs of systems.

    Raises:
        CannotCompute: no ratings, one system, or nothing varies.
    """
    ratings.check_comparable()
    rated, notes = ratings.rated_systems(), []
    values, levels = np.unique(ratings.value, return_inverse=True)
    if len(values) > MOST_LEVELS:
        edges = np.unique(np.quantile(ratings.value, np.linspace(0, 1, 21)[1:-1]))
        values, levels = np.unique(np.digitize(ratings.value, edges), return_inverse=True)
        notes.append(f"values in {len(values)} classes of about equal size")
    design = (ratings.system[:, None] == np.array(rated[1:])).astype(np.float64)
    solution = solve_cumulative(design, np.asarray(levels), len(values))
    if not solution.converged:
        notes.append("the fit did not converge; a system may be rated apart from all others")
    covariance, freedom = two_way_covariance(solution, ratings.rater, ratings.item)
    few = int(freedom) + 1
    if few < ENOUGH_CLUSTERS:
        notes.append(caution(few, "raters or items"))
    names = tuple(ratings.systems[system] for system in rated)
    differences = _differences(solution, covariance, freedom, names, len(ratings), level)
    return CumulativeFit(
        levels=tuple(map(float, values)),
        thresholds=tuple(map(float, solution.thresholds)),
        differences=differences,
        log_likelihood=solution.log_likelihood,
        n=len(ratings),
        notes=tuple(notes),
    )


def fit_cumulative_votes(votes: Votes, level: float = 0.95) -> CumulativeFit:
    """Log odds of a better vote between all pairs of systems: second, neither, first as levels.

    The thresholds are free, so that a preference for one side does not count for a system.

    Raises:
        CannotCompute: see `Votes.check_comparable`; one rater or item alone gives no interval.
    """
    used = votes.given()
    used.check_comparable()
    said = np.where(used.outcome == FIRST, 2, np.where(used.outcome == SECOND, 0, 1))
    values, levels = np.unique(said, return_inverse=True)
    if len(values) < 2:
        raise CannotCompute("all votes are for the same side")
    shape = len(used), len(used.systems)
    design = np.zeros(shape)
    design[np.arange(len(used)), used.first] += 1
    design[np.arange(len(used)), used.second] -= 1
    solution = solve_cumulative(design[:, 1:], np.asarray(levels), len(values))
    covariance, freedom = two_way_covariance(solution, used.rater, used.item)
    notes = [] if solution.converged else ["the fit did not converge; a system may win every vote"]
    if freedom + 1 < ENOUGH_CLUSTERS:
        notes.append(caution(int(freedom) + 1, "raters or items"))
    return CumulativeFit(
        levels=tuple(map(float, values)),
        thresholds=tuple(map(float, solution.thresholds)),
        differences=_differences(solution, covariance, freedom, used.systems, len(used), level),
        log_likelihood=solution.log_likelihood,
        n=len(used),
        notes=tuple(notes),
    )


def _differences(
    solution: CumulativeSolution,
    covariance: FloatArray,
    freedom: float,
    names: tuple[str, ...],
    n: int,
    level: float,
) -> tuple[OddsRatio, ...]:
    """All pairs, with the largest of the three standard errors."""
    n_systems = len(names)
    effects = np.concatenate([[0.0], solution.effects])
    pick = np.vstack([np.zeros(n_systems - 1), np.eye(n_systems - 1)])
    quantile = float(stats.t.ppf((1 + level) / 2, freedom))
    found = []
    for one in range(n_systems):
        for other in range(one + 1, n_systems):
            weights = np.zeros(len(solution.information))
            weights[: n_systems - 1] = pick[one] - pick[other]
            variances = np.einsum("i,kij,j->k", weights, covariance, weights)
            se = float(np.sqrt(max(variances.max(), 0.0)))
            value = float(effects[one] - effects[other])
            half = se * quantile
            p = float(2 * stats.t.sf(abs(value) / se, freedom)) if se else float("nan")
            estimate = Estimate(value, value - half, value + half, n, level, METHOD)
            found.append(OddsRatio(names[one], names[other], estimate, p))
    return tuple(found)
