"""Effect sizes and corrections against published values, definitions and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.corrections import bonferroni, holm, stars
from analysis.effect_sizes import cliffs_delta, cohens_d, cohens_d_paired, rank_biserial
from analysis.results import CannotCompute

RNG = np.random.default_rng
# Student's sleep data (R: sleep), hours gained under two drugs by the same ten people.
DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_cohens_d_of_the_sleep_data_is_that_of_r() -> None:
    # R effsize::cohen.d(DRUG_2, DRUG_1) 0.8321811; paired = t / sqrt(10) = 4.0621 / 3.1623.
    people = np.arange(10)
    assert cohens_d(DRUG_2, DRUG_1, people, people, RNG(0)).estimate == pytest.approx(0.83218, 1e-4)
    paired = cohens_d_paired(DRUG_2 - DRUG_1, people, RNG(0))
    assert paired.estimate == pytest.approx(4.0621 / np.sqrt(10), rel=1e-4)


def test_cliffs_delta_counts_pairs() -> None:
    people = np.arange(10)
    found = cliffs_delta(DRUG_2, DRUG_1, people, people, RNG(0))
    expected = np.sign(DRUG_2[:, None] - DRUG_1[None, :]).mean()
    assert found.estimate == pytest.approx(expected)


def test_rank_biserial_is_the_simple_difference_of_kerby() -> None:
    # Ranks 1, 2, 3, 4 of absolute differences; against: 1.
    found = rank_biserial(np.array([-1.0, 2, 3, 4]), np.arange(4), RNG(0))
    assert found.estimate == pytest.approx((9 - 1) / 10)


@given(st.lists(st.integers(1, 7), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_cliffs_delta_of_swapped_samples_is_its_negative(values: list[int], seed: int) -> None:
    first = np.array(values, dtype=float)
    second = RNG(seed).integers(1, 8, 12).astype(float)
    one, other = np.arange(len(first)), np.arange(12)
    forward = cliffs_delta(first, second, one, other, RNG(0), 50).estimate
    assert forward == pytest.approx(-cliffs_delta(second, first, other, one, RNG(0), 50).estimate)
    assert -1 <= forward <= 1


def test_intervals_of_clustered_ratings_hold_their_level() -> None:
    hits = 0
    rater = np.repeat(np.arange(40), 5)
    for seed in range(200):
        rng = RNG(seed)
        differences = 0.5 + rng.normal(0, 0.5, 40)[rater] + rng.normal(0, np.sqrt(2), 200)
        found = cohens_d_paired(differences, rater, rng, 400)
        hits += found.low <= 0.5 / np.sqrt(0.25 + 2) <= found.high
    assert 0.9 <= hits / 200 <= 0.985


def test_few_raters_are_cautioned_about_and_one_has_no_interval() -> None:
    found = cohens_d_paired(DRUG_2 - DRUG_1, np.arange(10), RNG(0))
    assert "only 10 raters" in found.note
    alone = cohens_d_paired(DRUG_2 - DRUG_1, np.zeros(10, dtype=int), RNG(0))
    assert np.isnan(alone.low)
    assert alone.note == "no interval: one rater"


def test_differences_that_do_not_vary_have_no_size() -> None:
    with pytest.raises(CannotCompute, match="do not vary"):
        cohens_d_paired(np.ones(5), np.arange(5), RNG(0))
    with pytest.raises(CannotCompute, match="all differences are zero"):
        rank_biserial(np.zeros(5), np.arange(5), RNG(0))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_holm_and_bonferroni_are_those_of_statsmodels(n: int) -> None:
    p_values = RNG(n).random(n) ** 3
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert bonferroni(p_values) == pytest.approx(multipletests(p_values, method="bonferroni")[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_corrected_values_lie_between_the_raw_ones_and_those_of_bonferroni(
    p_values: list[float],
) -> None:
    assert (holm(p_values) >= np.array(p_values)).all()
    assert (holm(p_values) <= bonferroni(p_values) + 1e-15).all()


def test_a_test_that_could_not_be_made_is_no_member_of_the_family() -> None:
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_stars_follow_the_usual_bounds() -> None:
    assert [stars(p) for p in (0.2, 0.04, 0.004, 0.0004)] == ["", "*", "**", "***"]
