"""The contrast of two systems: known special cases, clustering, agreement of interval and p."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.clusters import clustered_proportion
from analysis.preference_contrast import contrast_systems
from tests.analysis.simulated_votes import simulated_votes, votes_of_counts


def test_two_systems_and_a_vote_each_give_the_interval_of_wilson() -> None:
    found = contrast_systems(votes_of_counts(("x", "y"), [(0, 1, 130, 118, 0)]), "x", "y")
    low, high = proportion_confint(130, 248, method="wilson")
    assert found.win_probability.estimate == pytest.approx(130 / 248, abs=1e-4)
    # Student's t and the factor n / (n - 1) make it wider by less than one per cent.
    assert (found.win_probability.low, found.win_probability.high) == pytest.approx(
        (low, high), abs=1e-3
    )


def test_ties_do_not_move_the_win_probability_of_two_systems() -> None:
    without = contrast_systems(votes_of_counts(("x", "y"), [(0, 1, 30, 18, 0)]), "x", "y")
    with_ties = contrast_systems(votes_of_counts(("x", "y"), [(0, 1, 30, 18, 25)]), "x", "y")
    assert with_ties.win_probability.estimate == pytest.approx(
        without.win_probability.estimate, abs=1e-3
    )
    assert with_ties.p == pytest.approx(without.p, abs=5e-3)


def test_the_p_of_two_systems_is_that_of_the_sign_test_for_many_votes() -> None:
    found = contrast_systems(votes_of_counts(("x", "y"), [(0, 1, 230, 180, 0)]), "x", "y")
    expected = (230 - 180) / np.sqrt(410) * np.sqrt(409 / 410)
    assert found.statistic == pytest.approx(expected, abs=1e-4)
    assert found.p == pytest.approx(2 * stats.t.sf(expected, 409), abs=1e-4)


def test_copies_of_a_vote_by_the_same_rater_add_nothing() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 30, 18, 0)])
    copied = votes.select(np.repeat(np.arange(48), 5))
    assert contrast_systems(copied, "x", "y").p == pytest.approx(
        contrast_systems(votes, "x", "y").p, rel=1e-3
    )


def test_swapping_the_systems_mirrors_the_figures() -> None:
    votes = simulated_votes(np.random.default_rng(0), [0.6, 0.1, -0.7], n_raters=50, n_trials=6)
    one, other = contrast_systems(votes, "S1", "S3"), contrast_systems(votes, "S3", "S1")
    assert other.difference.estimate == pytest.approx(-one.difference.estimate)
    assert other.difference.low == pytest.approx(-one.difference.high, abs=1e-4)
    assert other.p == pytest.approx(one.p, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["rater", "rater and item"]))
def test_the_interval_leaves_out_zero_exactly_where_p_is_small(seed: int, cluster: str) -> None:
    votes = simulated_votes(
        np.random.default_rng(seed), [0.25, 0.0, -0.1], n_raters=40, n_trials=6, rater_sd=0.5
    )
    found = contrast_systems(votes, "S1", "S2", cluster=cluster)  # type: ignore[arg-type]
    outside = not found.difference.low <= 0 <= found.difference.high
    assert outside == (found.p < 0.05)


def test_votes_on_others_bear_on_the_two() -> None:
    votes = simulated_votes(np.random.default_rng(1), [0.5, 0.0, -0.5], n_raters=60, n_trials=9)
    alone = votes.select(votes.pair == 0)
    both = replace(alone, systems=("S1", "S2"))
    full = contrast_systems(votes, "S1", "S2").difference
    direct = contrast_systems(both, "S1", "S2").difference
    assert full.high - full.low < direct.high - direct.low


def test_few_raters_carry_a_caution() -> None:
    votes = simulated_votes(np.random.default_rng(2), [0.5, -0.5], n_raters=12, n_trials=9)
    assert "only 12 raters (under 40)" in contrast_systems(votes, "S1", "S2").difference.note


def test_a_share_of_single_votes_has_the_interval_of_wilson() -> None:
    share = clustered_proportion(np.repeat([1.0, 0.0], [130, 270]), np.arange(400))
    low, high = proportion_confint(130, 400, method="wilson")
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-3)


def test_copies_within_a_cluster_do_not_narrow_a_share() -> None:
    values = np.repeat([1.0, 0.0], [13, 27])
    alone = clustered_proportion(values, np.arange(40))
    copied = clustered_proportion(np.repeat(values, 4), np.repeat(np.arange(40), 4))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_a_share_of_all_counts_each_cluster_once() -> None:
    share = clustered_proportion(np.ones(50), np.arange(50) % 10)
    squared = stats.t.ppf(0.975, 9) ** 2
    assert share.high == 1.0
    assert share.low == pytest.approx(10 / (10 + squared))


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40),
    n_clusters=st.integers(1, 10),
)
def test_a_share_lies_within_its_interval_and_that_within_0_and_1(
    values: list[float], n_clusters: int
) -> None:
    share = clustered_proportion(values, np.arange(len(values)) % n_clusters)
    if min(n_clusters, len(values)) < 2:
        assert np.isnan(share.low)
        return
    assert 0 <= share.low <= share.estimate + 1e-12
    assert share.estimate - 1e-12 <= share.high <= 1
