"""Power of an actual design by simulation, with the tests that the report makes.

Raters and items have tastes of their own: normal effects on the log odds of a vote or on a rating.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from analysis.annotations import BoolArray, IntArray
from analysis.clusters import clustered_proportion
from analysis.preference_draws import Cluster
from analysis.rank_tests import clustered_signed_rank
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray


@dataclass(frozen=True)
class PreferenceDesign:
    """A study of pairwise votes on two systems.

    Attributes:
        probability: that a decided vote goes to the better system, over all raters and items.
        ties: share of the votes that are ties.
        rater_sd, item_sd: SD in log odds of how far raters and items differ in it.

    Raises:
        ValueError: a value is out of range; the message names it.
    """

    n_raters: int
    n_trials: int
    n_items: int
    probability: float
    ties: float = 0.0
    rater_sd: float = 0.0
    item_sd: float = 0.0

    def __post_init__(self) -> None:
        _check_design(self)
        if not 0 < self.probability < 1:
            raise ValueError(f"probability: expected between 0 and 1, got {self.probability:g}")
        if not 0 <= self.ties < 1:
            raise ValueError(f"ties: expected a share from 0 to below 1, got {self.ties:g}")

    @property
    def mean_log_odds(self) -> float:
        """Log odds of the typical rater and item that give `probability` over all of them."""
        sd = float(np.hypot(self.rater_sd, self.item_sd))
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)

        def excess(mean: float) -> float:
            chances = special.expit(mean + sd * nodes)
            return float(weights @ chances / weights.sum()) - self.probability

        return float(optimize.brentq(excess, -60, 60))


@dataclass(frozen=True)
class RatingDesign:
    """A study in which each rater rates two systems on the same items.

    Attributes:
        difference: mean difference of the two ratings of an item.
        residual_sd: SD of a difference besides raters' and items' own.
        rater_sd, item_sd: SD of how far raters and items differ in the difference.

    Raises:
        ValueError: a value is out of range; the message names it.
    """

    n_raters: int
    n_trials: int
    n_items: int
    difference: float
    residual_sd: float
    rater_sd: float = 0.0
    item_sd: float = 0.0

    def __post_init__(self) -> None:
        _check_design(self)
        if not self.residual_sd > 0:
            raise ValueError(f"residual_sd: expected more than 0, got {self.residual_sd:g}")


def _check_design(design: Any) -> None:
    for name, least in (("n_raters", 2), ("n_trials", 1), ("n_items", 1)):
        if getattr(design, name) < least:
            raise ValueError(f"{name}: expected {least} or more, got {getattr(design, name)}")
    if design.n_trials > design.n_items:
        raise ValueError(
            f"n_trials: {design.n_trials} trials need as many items, there are {design.n_items}"
        )
    for name in ("rater_sd", "item_sd"):
        if not getattr(design, name) >= 0:
            raise ValueError(f"{name}: expected 0 or more, got {getattr(design, name):g}")


def simulate_preference(
    design: PreferenceDesign,
    rng: np.random.Generator,
    *,
    n_studies: int = 1000,
    cluster: Cluster = "rater",
    alpha: float = 0.05,
) -> Estimate:
    """Share of simulated studies in which the contrast of the two systems is significant.

    The test is that of `preference_contrast.contrast_systems` for two systems. With items that
    differ, only the test clustered by rater and item holds its level.

    Returns:
        The power with Wilson's interval for the number of studies simulated.
    """
    mean = design.mean_log_odds
    rater = np.repeat(np.arange(design.n_raters), design.n_trials)
    p_values = np.empty(n_studies)
    for study in range(n_studies):
        item = _dealt_items(design.n_raters, design.n_trials, design.n_items, rng)
        tastes = rng.normal(0, design.rater_sd, design.n_raters)[rater]
        tastes += rng.normal(0, design.item_sd, design.n_items)[item]
        decided = rng.random(len(rater)) >= design.ties
        won = rng.random(len(rater)) < special.expit(mean + tastes)
        p_values[study] = two_system_p(won & decided, decided, rater, item, cluster)
    return _share(p_values < alpha, f"Davidson's score test clustered by {cluster}")


def simulate_ratings(
    design: RatingDesign, rng: np.random.Generator, *, n_studies: int = 1000, alpha: float = 0.05
) -> Estimate:
    """Share of simulated studies in which the signed rank test clustered by rater is significant.

    The test does not allow for items that differ: it is about these items.
    """
    rater = np.repeat(np.arange(design.n_raters), design.n_trials)
    found = np.zeros(n_studies, dtype=bool)
    for study in range(n_studies):
        item = _dealt_items(design.n_raters, design.n_trials, design.n_items, rng)
        differences = design.difference + rng.normal(0, design.residual_sd, len(rater))
        differences += rng.normal(0, design.rater_sd, design.n_raters)[rater]
        differences += rng.normal(0, design.item_sd, design.n_items)[item]
        try:
            found[study] = clustered_signed_rank(differences, rater).p < alpha
        except CannotCompute:
            found[study] = False
    return _share(found, "signed rank test clustered by rater")


def two_system_p(
    won: BoolArray, decided: BoolArray, rater: IntArray, item: IntArray, cluster: Cluster
) -> float:
    """p of the contrast of two systems in closed form; 1 where nothing was decided.

    Args:
        won: shape (n,), whether the vote went to the first system.
        decided: shape (n,), whether it was no tie.
        rater, item: shape (n,), numbered from 0 without gaps.
    """
    n, wins = float(decided.sum()), float(won.sum())
    if n == 0:
        return 1.0
    share = wins / n
    labels = [rater] if cluster == "rater" else [rater, item]
    size = min(len(np.unique(label)) for label in labels)
    if share in (0.0, 1.0):
        sizes = [np.bincount(label) for label in labels]
        inflation = max(float(counts @ counts) / len(rater) for counts in sizes)
    else:
        left = won - share * decided
        robust = [_between(left, label) for label in labels]
        both = robust[0]
        if cluster == "rater and item":
            cell = np.unique(rater * (item.max() + 1) + item, return_inverse=True)[1]
            both = robust[0] + robust[1] - _between(left, cell)
        inflation = max(1.0, max(both, *robust) / (n * share * (1 - share)))
    statistic = (wins - n / 2) / np.sqrt(n / 4 * inflation)
    return float(2 * stats.t.sf(abs(statistic), size - 1)) if size > 1 else 1.0


def _between(left: FloatArray, label: IntArray) -> float:
    sums = np.bincount(label, left)
    return float(sums @ sums) * len(sums) / max(len(sums) - 1, 1)


def _dealt_items(n_raters: int, n_trials: int, n_items: int, rng: np.random.Generator) -> IntArray:
    """Each rater gets `n_trials` different items; shape (n_raters * n_trials,)."""
    drawn = rng.random((n_raters, n_items)).argsort(axis=1)[:, :n_trials]
    return np.asarray(drawn.ravel(), dtype=np.int64)


def _share(found: BoolArray, test: str) -> Estimate:
    n = len(found)
    share = clustered_proportion(found, np.arange(n))
    method = f"{n} simulated studies, {test}; Wilson's interval of the simulation"
    return Estimate(share.estimate, share.low, share.high, n, share.level, method)
