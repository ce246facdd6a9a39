"""Ratings of a judge beside people's, rankings of systems, and the cases to read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.judge_cases import rating_cases, vote_cases
from analysis.judge_ratings import judge_ratings_against_people
from analysis.preference import PreferenceFit, fit_preferences
from analysis.preference_votes import FIRST, SECOND, TIE
from analysis.rating_tables import SystemRatings
from analysis.results import CannotCompute
from analysis.system_ranking import ranking_agreement
from tests.analysis.simulated_judges import pair_votes
from tests.analysis.simulated_votes import simulated_votes


def ratings(
    rng: np.random.Generator, truth: np.ndarray, n_raters: int, noise: float, bias: float = 0.0
) -> SystemRatings:
    """Everybody rates everything; truth of shape (n_items, n_systems)."""
    rater, item, system = np.indices((n_raters, *truth.shape)).reshape(3, -1)
    value = truth[item, system] + bias + rng.normal(0, noise, len(item))
    return SystemRatings(("x", "y", "z"), rater, item, system, value)


def study(seed: int, judge_noise: float, bias: float = 0.0) -> tuple[SystemRatings, SystemRatings]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 10, (40, 3))
    return ratings(rng, truth, 20, 10.0), ratings(rng, truth, 1, judge_noise, bias)


def test_a_judge_as_noisy_as_a_person_stands_at_zero() -> None:
    found = judge_ratings_against_people(*study(0, 10.0), np.random.default_rng(0))
    assert found.difference.low < 0 < found.difference.high
    assert found.ceiling.estimate == pytest.approx(0.69, abs=0.05)


def test_a_judge_without_noise_is_above_and_one_of_noise_below_the_ceiling() -> None:
    rng = np.random.default_rng(0)
    assert judge_ratings_against_people(*study(1, 0.1), rng).difference.low > 0
    assert judge_ratings_against_people(*study(1, 60.0), rng).difference.high < 0


def test_correlations_are_with_the_mean_of_people() -> None:
    people, judge = study(2, 10.0)
    found = judge_ratings_against_people(people, judge, np.random.default_rng(0))
    key = people.item * 3 + people.system
    means = np.bincount(key, people.value) / np.bincount(key)
    mine = judge.value[np.argsort(judge.item * 3 + judge.system)]
    assert found.spearman.estimate == pytest.approx(stats.spearmanr(means, mine).statistic)
    assert found.pearson.estimate == pytest.approx(stats.pearsonr(means, mine).statistic)
    assert found.kendall.estimate == pytest.approx(stats.kendalltau(means, mine).statistic)
    assert found.spearman.n == 120
    assert "over items" in found.spearman.method


def test_a_generous_judge_shows_in_the_limits_of_agreement() -> None:
    found = judge_ratings_against_people(*study(3, 5.0, bias=8.0), np.random.default_rng(0))
    assert found.limits.bias.low < 8 < found.limits.bias.high
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["limits"]["sd"] > 0


def test_equal_ratings_have_a_weighted_kappa_of_one() -> None:
    rng = np.random.default_rng(4)
    value = rng.integers(1, 6, 60).astype(float)
    rater, item = np.zeros(60, dtype=int), np.arange(60)
    one = SystemRatings(("x",), rater, item, rater, value)
    people = SystemRatings(
        ("x",), np.repeat([0, 1, 2], 60), np.tile(item, 3), np.zeros(180), np.tile(value, 3)
    )
    found = judge_ratings_against_people(people, one, rng)
    assert found.weighted_kappa.estimate == 1


def test_constant_ratings_give_no_correlation_but_a_reason() -> None:
    people, judge = study(5, 10.0)
    flat = replace(judge, value=np.full(len(judge), 50.0))
    found = judge_ratings_against_people(people, flat, np.random.default_rng(0))
    assert found.spearman.note == "y does not vary"
    assert np.isnan(found.difference.estimate)


def test_nothing_in_common_is_refused() -> None:
    people, judge = study(6, 10.0)
    elsewhere = replace(judge, item=judge.item + 1000)
    with pytest.raises(CannotCompute, match="rated by 3 people and the judge"):
        judge_ratings_against_people(people, elsewhere, np.random.default_rng(0))


def test_the_advice_rated_most_differently_comes_first() -> None:
    people, judge = study(7, 1.0)
    odd = np.flatnonzero((judge.item == 11) & (judge.system == 2))
    value = judge.value.copy()
    value[odd] += 70
    case = rating_cases(people, replace(judge, value=value), n_cases=3)[0]
    assert (case.item, case.system, case.n_people) == (11, "z", 20)
    assert case.gap == pytest.approx(70, abs=10)


def test_the_pair_voted_on_most_differently_comes_first() -> None:
    people = pair_votes(
        [(r, 0, 0, FIRST) for r in (1, 2, 3)]
        + [(r, 1, 1, FIRST) for r in (1, 2, 3, 4)]
        + [(1, 2, 0, TIE), (2, 2, 0, FIRST), (3, 2, 0, FIRST)]
    )
    judge = pair_votes([(9, 0, 0, FIRST), (9, 1, 1, SECOND), (9, 2, 0, TIE)])
    cases = vote_cases(people, judge)
    assert [case.item for case in cases] == [1, 2, 0]
    assert cases[0].people == (0, 4, 0)
    assert cases[0].judge == (1, 0, 0)
    assert [case.gap for case in cases] == pytest.approx([1, 2 / 3, 0])
    assert (cases[0].first, cases[0].second) == ("x", "y")


def fit(strengths: list[float], seed: int) -> PreferenceFit:
    votes = simulated_votes(np.random.default_rng(seed), strengths, n_raters=40, n_trials=20)
    return fit_preferences(votes, np.random.default_rng(seed), n_resamples=300)


def test_the_same_ranking_of_four_systems_has_an_exact_p_and_a_warning() -> None:
    strengths = [1.5, 0.5, -0.5, -1.5]
    found = ranking_agreement(fit(strengths, 0), fit(strengths, 1), np.random.default_rng(0))
    assert found.correlation.estimate == 1
    # Of 24 orders the same and the opposite one are as extreme.
    assert found.p == pytest.approx(2 / 24)
    assert found.correlation.note == "4 systems say little about agreement"


def test_the_opposite_ranking_has_tau_minus_one() -> None:
    one, other = fit([1.5, 0.0, -1.5], 0), fit([-1.5, 0.0, 1.5], 1)
    found = ranking_agreement(one, other, np.random.default_rng(0))
    assert found.correlation.estimate == -1
    assert found.correlation.high < 0


def test_two_systems_have_no_ranking_to_compare() -> None:
    with pytest.raises(CannotCompute, match="needs three systems"):
        ranking_agreement(fit([1.0, -1.0], 0), fit([1.0, -1.0], 1), np.random.default_rng(0))
