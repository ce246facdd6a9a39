"""Rank tests of repeated ratings against textbooks, each other and permutations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.rank_tests import (
    clustered_signed_rank,
    durbin,
    friedman,
    mann_whitney,
    rank_test,
    skillings_mack,
)
from analysis.results import CannotCompute
from tests.analysis.published_data import ICE_CREAM, ROUNDING

SEEDS = st.integers(0, 2**32 - 1)


def test_friedman_gives_the_value_of_hollander_and_wolfe() -> None:
    # R: friedman.test(RoundingTimes) prints 11.143, df = 2, p-value = 0.003805.
    found = friedman(ROUNDING)
    assert found.statistic == pytest.approx(11.143, abs=5e-4)
    assert found.p == pytest.approx(0.003805, abs=5e-7)


def test_durbin_gives_the_value_of_conover() -> None:
    # Conover 1999, p. 391; PMCMRplus::durbinTest prints 12, df = 6, p-value = 0.06197.
    found = durbin(ICE_CREAM)
    assert (found.statistic, found.freedom) == (pytest.approx(12.0), 6)
    assert found.p == pytest.approx(0.06197, abs=5e-6)


def test_skillings_mack_is_durbin_on_balanced_incomplete_blocks() -> None:
    assert skillings_mack(ICE_CREAM).statistic == pytest.approx(12.0)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_skillings_mack_is_friedman_on_complete_blocks_without_ties(seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(9, 4))
    found, expected = skillings_mack(table), stats.friedmanchisquare(*table.T)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_rank_tests_see_only_order_within_blocks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(12, 4))
    table[rng.random(table.shape) < 0.3] = np.nan
    stretched = np.exp(table) * rng.uniform(1, 5, (12, 1)) + 7
    assert rank_test(stretched).statistic == pytest.approx(rank_test(table).statistic)


@pytest.mark.parametrize(
    ("table", "name"),
    [(ROUNDING, "Friedman"), (ICE_CREAM, "Durbin"), (ICE_CREAM[:6], "Skillings-Mack")],
)
def test_the_test_is_chosen_by_the_gaps(table: np.ndarray, name: str) -> None:
    assert rank_test(table).name == name


def test_blocks_with_one_value_are_left_out() -> None:
    alone = np.array([[1.0, np.nan, np.nan]])
    assert rank_test(np.vstack([ROUNDING, alone])).n == 22


def test_systems_that_never_meet_are_refused() -> None:
    table = np.array([[1, 2, np.nan, np.nan], [np.nan, np.nan, 1, 2.0]])
    with pytest.raises(CannotCompute, match="never met"):
        rank_test(table)


@pytest.mark.parametrize("table", [np.ones((4, 3)), np.empty((0, 3)), np.ones((3, 1))])
def test_tables_without_anything_to_rank_are_refused(table: np.ndarray) -> None:
    with pytest.raises(CannotCompute):
        rank_test(table)


def test_skillings_mack_holds_its_level_on_incomplete_blocks() -> None:
    rng = np.random.default_rng(0)
    rejected = 0
    for _run in range(400):
        table = rng.normal(size=(20, 4))
        table[rng.random(table.shape) < 0.3] = np.nan
        rejected += skillings_mack(table).p < 0.05
    assert 0.02 < rejected / 400 < 0.085


def test_clustered_signed_rank_of_single_clusters_is_wilcoxon_without_continuity() -> None:
    values = np.random.default_rng(1).normal(0.3, 1, 40)
    found = clustered_signed_rank(values, np.arange(40.0))
    expected = stats.wilcoxon(values, method="asymptotic", correction=False)
    assert found.p == pytest.approx(expected.pvalue)


def test_copies_of_a_rater_add_no_evidence() -> None:
    values = np.random.default_rng(2).normal(0.3, 1, 30)
    once = clustered_signed_rank(values, np.arange(30.0))
    thrice = clustered_signed_rank(np.repeat(values, 3), np.repeat(np.arange(30.0), 3))
    assert thrice.statistic == pytest.approx(once.statistic, rel=0.02)


def test_clustered_signed_rank_holds_its_level_with_clusters() -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 6)
    rejected = 0
    for _run in range(400):
        differences = rng.normal(0, 1, 40)[cluster] + rng.normal(0, 1, len(cluster))
        rejected += clustered_signed_rank(differences, cluster).p < 0.05
    assert 0.02 < rejected / 400 < 0.085


def test_mann_whitney_gives_scipy_and_says_what_it_assumes() -> None:
    first, second = np.array([1.0, 2, 2, 5]), np.array([3.0, 4, 4, 6, 7])
    found = mann_whitney(first, second)
    assert found.p == pytest.approx(stats.mannwhitneyu(first, second, method="asymptotic").pvalue)
    assert "assumes independence" in found.method
