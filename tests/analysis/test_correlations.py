"""Correlations equal those of R and scipy, their intervals scipy's, and clusters widen them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.correlation import correlation, disattenuated, within_group_correlation
from analysis.correlation_weighted import Kind, weighted_correlation
from analysis.results import Estimate

# Miles per gallon and weight of 32 cars: data set `mtcars` of R.
MPG = "21 21 22.8 21.4 18.7 18.1 14.3 24.4 22.8 19.2 17.8 16.4 17.3 15.2 10.4 10.4 14.7 32.4 30.4"
MPG += " 33.9 21.5 15.5 15.2 13.3 19.2 27.3 26 30.4 15.8 19.7 15 21.4"
WEIGHT = "2.62 2.875 2.32 3.215 3.44 3.46 3.57 3.19 3.15 3.44 3.44 4.07 3.73 3.78 5.25 5.424 5.345"
WEIGHT += " 2.2 1.615 1.835 2.465 3.52 3.435 3.84 3.845 1.935 2.14 1.513 3.17 2.77 3.57 2.78"
CARS = np.array(MPG.split(), dtype=float), np.array(WEIGHT.split(), dtype=float)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("kind", "by_r"),
    [("pearson", -0.8676594), ("spearman", -0.886422), ("kendall", -0.7278321)],
)
def test_the_figures_of_r(kind: Kind, by_r: float) -> None:
    assert correlation(*CARS, rng(), kind, n_resamples=50).estimate == pytest.approx(by_r, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=25),
    st.integers(0, 2**32 - 1),
)
def test_a_weighted_sample_is_the_sample_with_copies(
    values: list[tuple[int, int]], seed: int
) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*values, strict=True))
    weights = np.random.default_rng(seed).integers(0, 4, len(x))
    copied = np.repeat(x, weights), np.repeat(y, weights)
    if len(copied[0]) < 2 or not np.ptp(copied[0]) or not np.ptp(copied[1]):
        return
    expected = {
        "pearson": stats.pearsonr(*copied).statistic,
        "spearman": stats.spearmanr(*copied).statistic,
        "kendall": stats.kendalltau(*copied).statistic,
    }
    for kind, value in expected.items():
        ours = weighted_correlation(x, y, kind)(weights[None, :].astype(float))[0]  # type: ignore[arg-type]
        assert ours == pytest.approx(value, abs=1e-6)


def test_the_bca_interval_is_scipys_within_monte_carlo_error() -> None:
    noise = np.random.default_rng(3)
    x = noise.normal(size=200)
    y = 0.5 * x + noise.normal(size=200)
    ours = correlation(x, y, rng(), n_resamples=20_000)

    def rho(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        ranks = [stats.rankdata(v, axis=axis) for v in (a, b)]
        left = [r - r.mean(axis=axis, keepdims=True) for r in ranks]
        squares = [(part**2).sum(axis=axis) for part in left]
        return (left[0] * left[1]).sum(axis=axis) / np.sqrt(squares[0] * squares[1])

    theirs = stats.bootstrap(
        (x, y), rho, paired=True, n_resamples=4000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    # Four standard errors of the difference of two 2.5 % quantiles of draws with SD 0.06.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.011)


def test_pairs_that_come_in_clusters_widen_the_interval() -> None:
    noise = np.random.default_rng(4)
    common = noise.normal(size=(50, 2))
    x, y = (np.repeat(common[:, k], 6) + 0.3 * noise.normal(size=300) for k in range(2))
    alone = correlation(x, y, rng(), n_resamples=1000)
    clustered = correlation(x, y, rng(), cluster=np.repeat(np.arange(50), 6), n_resamples=1000)
    assert clustered.estimate == alone.estimate
    assert clustered.high - clustered.low > 1.8 * (alone.high - alone.low)


def test_few_clusters_are_widened_and_carry_a_caution() -> None:
    noise = np.random.default_rng(5)
    x, y = noise.normal(size=(2, 12))
    assert "only 12 pairs (under 40)" in correlation(x, y, rng(), n_resamples=500).note


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([3, 3, 3, 3], [1, 2, 3, 4], "x does not vary"),
        ([1, 2, 3, 4], [2, 2, 2, 2], "y does not vary"),
        ([1, 2, np.nan], [1, 2, 3], "2 pairs; three are needed"),
        ([], [], "0 pairs; three are needed"),
    ],
)
def test_what_cannot_be_computed_says_why(x: list[float], y: list[float], reason: str) -> None:
    found = correlation(x, y, rng(), n_resamples=10)
    assert np.isnan(found.estimate)
    assert found.note == reason


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="expected columns of one length"):
        correlation([1.0, 2.0], [1.0], rng())


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind: expected one of pearson, spearman, kendall"):
        correlation([1, 2, 3], [1, 3, 2], rng(), "eta")  # type: ignore[arg-type]


def test_what_differs_between_groups_does_not_count() -> None:
    noise = np.random.default_rng(6)
    group = np.repeat(np.arange(12), 6)
    level = np.repeat(np.arange(12), 6) * 10.0
    x, y = noise.normal(size=72) + level, noise.normal(size=72) + level
    found = within_group_correlation(x, y, group, rng(), n_resamples=2000)
    assert stats.spearmanr(x, y).statistic > 0.9
    assert abs(found.correlation.estimate) < 0.3
    assert found.p > 0.05


def test_a_relation_within_groups_is_found_though_groups_hide_it() -> None:
    noise = np.random.default_rng(7)
    group = np.repeat(np.arange(12), 6)
    level = np.repeat(noise.permutation(12), 6) * 10.0
    x = noise.normal(size=72)
    y = -x + 0.5 * noise.normal(size=72) + level
    found = within_group_correlation(x, y, group, rng(), n_resamples=2000)
    assert found.correlation.high < -0.5
    assert found.p == pytest.approx(1 / 2001)


def test_one_pair_in_each_group_says_nothing() -> None:
    found = within_group_correlation([1, 2, 3], [1, 2, 3], [0, 1, 2], rng(), n_resamples=10)
    assert np.isnan(found.correlation.estimate)
    assert "share enough pairs" in found.correlation.note


def test_disattenuation_divides_by_the_root_of_the_reliabilities() -> None:
    observed = Estimate(0.42, 0.2, 0.6, 50, method="r")
    true = disattenuated(observed, 0.49, 0.81)
    assert true.estimate == pytest.approx(0.42 / 0.63)
    assert (true.low, true.high) == pytest.approx((0.2 / 0.63, 0.6 / 0.63))
    assert "taken as known" in true.method


def test_disattenuation_without_reliability_is_no_figure() -> None:
    assert np.isnan(disattenuated(Estimate(0.4, 0.2, 0.6, 50), -0.1, 0.8).estimate)


def test_a_correlation_beyond_one_is_said() -> None:
    assert "beyond 1" in disattenuated(Estimate(0.9, 0.8, 0.95, 50), 0.5, 0.8).note
