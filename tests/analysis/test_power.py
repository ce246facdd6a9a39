"""Sample sizes equal the published ones, and simulation agrees with the formulas."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from analysis.power import (
    SampleSize,
    correlation_power,
    design_effect,
    items_needed,
    paired_power,
    people_needed,
    preference_power,
    raters_needed,
    votes_needed,
)
from analysis.power_simulation import (
    PreferenceDesign,
    RatingDesign,
    simulate_preference,
    simulate_ratings,
    two_system_p,
)
from analysis.preference_contrast import contrast_systems
from analysis.preference_draws import CLUSTERS, Cluster
from analysis.preference_votes import FIRST, TIE
from tests.analysis.simulated_votes import simulated_votes


@pytest.mark.parametrize(
    ("probability", "n"), [(0.60, 210), (0.65, 97), (0.70, 54), (0.75, 35), (0.40, 210)]
)
def test_independent_votes_for_a_preference(probability: float, n: int) -> None:
    needed = votes_needed(probability)
    assert needed.n == n
    assert needed.power >= 0.8
    # One fewer falls short, and from here on none does.
    assert preference_power(n - 1, probability) < 0.8
    assert all(preference_power(size, probability) >= 0.8 for size in range(n, n + 40))


@pytest.mark.parametrize(("effect", "n"), [(0.3, 90), (0.5, 34), (0.8, 15)])
def test_people_for_a_paired_difference(effect: float, n: int) -> None:
    """Cohen 1988 and G*Power give the same."""
    assert people_needed(effect).n == n
    by_statsmodels = TTestPower().power(effect, n, 0.05)
    assert people_needed(effect).power == pytest.approx(by_statsmodels, abs=1e-6)


@pytest.mark.parametrize(("correlation", "n"), [(0.5, 30), (0.7, 14), (-0.5, 30)])
def test_items_for_a_correlation(correlation: float, n: int) -> None:
    assert items_needed(correlation).n == n


def test_the_power_of_votes_is_that_of_the_binomial_test() -> None:
    rejected = [k for k in range(41) if stats.binomtest(k, 40).pvalue <= 0.05]
    expected = stats.binom.pmf(rejected, 40, 0.7).sum()
    assert preference_power(40, 0.7) == pytest.approx(expected)


def test_votes_of_one_rater_count_for_less() -> None:
    assert design_effect(1, 0.3) == 1
    assert design_effect(20, 0.1) == pytest.approx(2.9)
    assert raters_needed(97, 1, 0.0) == 97
    assert raters_needed(97, 10, 0.0) == 10
    assert raters_needed(97, 10, 0.05) == 15
    assert raters_needed(100, 10, 0.0, ties=0.5) == 20


@settings(max_examples=30, deadline=None)
@given(st.floats(0.55, 0.95), st.floats(0.5, 0.95))
def test_a_larger_preference_never_needs_more_votes(probability: float, power: float) -> None:
    needed = votes_needed(probability, power)
    assert votes_needed(probability + 0.04, power).n <= needed.n
    assert needed.power >= power


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (partial(votes_needed, 0.5), "one half is no preference"),
        (partial(votes_needed, 1.2), "probability: expected a number between 0 and 1, got 1.2"),
        (partial(votes_needed, 0.6, power=1.0), "power: expected a number between 0 and 1"),
        (partial(votes_needed, 0.50001), "over 100,000 votes are needed"),
        (partial(people_needed, 0.0), "Cohen's d other than 0"),
        (partial(people_needed, 0.001), "over 100,000 people are needed"),
        (partial(items_needed, 1.0), "between -1 and 1 but not 0"),
        (partial(design_effect, 0.5, 0.1), "per_rater: expected 1 or more"),
        (partial(design_effect, 5, 1.5), "icc: expected 0 to 1"),
        (partial(raters_needed, 97, 10, 0.1, ties=1.0), "ties: expected a share"),
    ],
)
def test_what_makes_no_sense_is_refused(compute: partial[SampleSize], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compute()


def test_too_few_have_no_power() -> None:
    assert preference_power(5, 0.99) == 0
    assert paired_power(1, 2.0) == 0
    assert correlation_power(3, 0.9) == 0


def test_simulated_single_votes_have_the_power_of_the_formula() -> None:
    design = PreferenceDesign(n_raters=54, n_trials=1, n_items=10, probability=0.7)
    power = simulate_preference(design, np.random.default_rng(0), n_studies=800)
    # The score test without continuity correction is a little less strict than the exact one.
    assert power.estimate == pytest.approx(preference_power(54, 0.7), abs=0.06)


def test_without_a_preference_the_share_of_findings_is_the_level() -> None:
    design = PreferenceDesign(40, 10, 30, probability=0.5, ties=0.2, rater_sd=0.8)
    power = simulate_preference(design, np.random.default_rng(1), n_studies=600)
    assert power.low < 0.05 < power.high


def test_raters_with_tastes_of_their_own_cost_power() -> None:
    rng = np.random.default_rng(2)
    alike = simulate_preference(PreferenceDesign(30, 8, 20, 0.6), rng, n_studies=200)
    apart = simulate_preference(PreferenceDesign(30, 8, 20, 0.6, rater_sd=1.5), rng, n_studies=200)
    assert apart.high < alike.low


def test_the_simulated_probability_is_that_over_all_raters() -> None:
    design = PreferenceDesign(10, 10, 20, 0.7, rater_sd=1.0, item_sd=0.7)
    tastes = np.random.default_rng(3).normal(0, np.hypot(1.0, 0.7), 200_000)
    chances = 1 / (1 + np.exp(-(design.mean_log_odds + tastes)))
    assert chances.mean() == pytest.approx(0.7, abs=0.002)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_simulation_makes_the_test_of_the_report(cluster: Cluster) -> None:
    votes = simulated_votes(
        np.random.default_rng(4), [0.3, -0.3], n_raters=25, n_trials=8, rater_sd=0.8, item_sd=0.6
    )
    decided = votes.outcome != TIE
    won = decided & ((votes.outcome == FIRST) == (votes.first == 0))
    item = np.unique(votes.item, return_inverse=True)[1]
    p = two_system_p(won, decided, votes.rater, item, cluster)
    assert p == pytest.approx(contrast_systems(votes, "S1", "S2", cluster=cluster).p, rel=2e-3)


def test_simulated_ratings_have_the_power_of_the_formula() -> None:
    design = RatingDesign(34, 1, 5, difference=0.5, residual_sd=1.0)
    power = simulate_ratings(design, np.random.default_rng(5), n_studies=400)
    # The signed rank test has 3 / pi of the t test's efficiency.
    assert power.estimate == pytest.approx(paired_power(34, 0.5), abs=0.06)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_raters": 1}, "n_raters: expected 2 or more, got 1"),
        ({"n_trials": 9}, "n_trials: 9 trials need as many items, there are 8"),
        ({"probability": 1.0}, "probability: expected between 0 and 1, got 1"),
        ({"ties": -0.1}, "ties: expected a share from 0 to below 1, got -0.1"),
        ({"rater_sd": -1.0}, "rater_sd: expected 0 or more, got -1"),
    ],
)
def test_a_design_that_cannot_be_is_refused(values: dict[str, float], message: str) -> None:
    plain = {"n_raters": 10, "n_trials": 5, "n_items": 8, "probability": 0.6}
    with pytest.raises(ValueError, match=message):
        PreferenceDesign(**(plain | values))  # type: ignore[arg-type]
