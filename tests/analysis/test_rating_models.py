"""Models of ratings against lme4, ordinal and statsmodels, and against the truth."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.crossed import CrossedModel
from analysis.cumulative import (
    fit_cumulative,
    fit_cumulative_votes,
    solve_cumulative,
    two_way_covariance,
)
from analysis.logistic_mixed import fit_logistic
from analysis.mixed import fit_mixed
from analysis.preference_votes import FIRST, SECOND, TIE, Votes
from analysis.rating_tables import SystemRatings
from analysis.results import CannotCompute
from tests.analysis.published_data import PENICILLIN, WINE


def simulated(
    seed: int, n_raters: int = 40, n_items: int = 20, gap: float = 0.5, taste: float = 0.3
) -> SystemRatings:
    """Two systems; raters differ in level and in which system they like."""
    rng = np.random.default_rng(seed)
    rater, item, system = (
        axis.ravel() for axis in np.meshgrid(range(n_raters), range(n_items), [0, 1], indexing="ij")
    )
    kept = rng.random(len(rater)) < 0.3
    rater, item, system = rater[kept], item[kept], system[kept]
    value = 4 + gap * (system == 0) + rng.normal(0, 0.7, n_raters)[rater]
    value += rng.normal(0, 0.4, n_items)[item] + rng.normal(0, 1, len(rater))
    value += (system - 0.5) * rng.normal(0, 2 * taste, n_raters)[rater]
    return SystemRatings(("a", "b"), rater, item, system, value)


def test_reml_gives_the_fit_of_lme4_to_penicillin() -> None:
    # lme4: lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin): REML criterion 330.9,
    # SD plate 0.8467, sample 1.9316, residual 0.5499; intercept 22.9722, SE 0.8086.
    from analysis.mixed import _fitted_ratios

    plate, sample = np.indices(PENICILLIN.shape)
    columns = np.column_stack([np.ones(PENICILLIN.size), PENICILLIN.ravel()])
    model = CrossedModel(columns, plate.ravel(), sample.ravel())
    ratios, notes = _fitted_ratios(model)
    products, _ = model.products(ratios)
    mean = products[0, 1] / products[0, 0]
    residual = (products[1, 1] - products[0, 1] * mean) / (PENICILLIN.size - 1)
    assert notes == []
    assert np.sqrt(ratios * residual) == pytest.approx([0.8467, 1.9316], abs=2e-3)
    assert np.sqrt(residual) == pytest.approx(0.5499, abs=1e-4)
    assert mean == pytest.approx(22.9722, abs=1e-4)
    assert np.sqrt(residual / products[0, 0]) == pytest.approx(0.8086, abs=1e-3)
    assert model.criterion(ratios) == pytest.approx(330.9, abs=0.05)


def test_reml_with_systems_is_that_of_statsmodels() -> None:
    ratings = simulated(1, n_raters=8, n_items=6, taste=0.0)
    found = fit_mixed(ratings)
    exog = np.column_stack([ratings.system == 0, ratings.system == 1]).astype(float)
    columns = {"rater": np.eye(8)[ratings.rater], "item": np.eye(6)[ratings.item]}
    components = sm.regression.mixed_linear_model.VCSpec(
        list(columns),
        [[[f"{i}" for i in range(column.shape[1])]] for column in columns.values()],
        [[column] for column in columns.values()],
    )
    reference = sm.MixedLM(
        ratings.value, exog, groups=np.ones(len(ratings)), exog_vc=components
    ).fit(reml=True)
    assert [mean.estimate for mean in found.means] == pytest.approx(reference.fe_params, rel=1e-3)
    assert found.rater_sd**2 == pytest.approx(reference.vcomp[0], rel=0.01)
    assert found.item_sd**2 == pytest.approx(reference.vcomp[1], rel=0.01)


def test_the_standard_error_is_that_of_generalised_least_squares_written_out() -> None:
    ratings = simulated(1, n_raters=8, n_items=6, taste=0.0)
    found = fit_mixed(ratings)
    rater, item = np.eye(8)[ratings.rater], np.eye(6)[ratings.item]
    v = found.rater_sd**2 * rater @ rater.T + found.item_sd**2 * item @ item.T
    v += found.residual_sd**2 * np.eye(len(ratings))
    design = np.eye(2)[ratings.system]
    covariance = np.linalg.inv(design.T @ np.linalg.solve(v, design))
    gap = np.array([1.0, -1.0])
    assert found.differences[0].model_se == pytest.approx(np.sqrt(gap @ covariance @ gap))


@pytest.mark.parametrize("shape", [(20, 15), (15, 20), (400, 300)])
def test_cross_products_give_what_the_whole_matrix_gives(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    rater, item = (rng.integers(size, size=500) for size in shape)
    columns = np.column_stack([np.ones(500), rng.normal(size=500)])
    z, x = (np.eye(size)[label] for size, label in zip(shape, (rater, item), strict=True))
    v = np.eye(500) + 0.7 * z @ z.T + 1.9 * x @ x.T
    model, ratios = CrossedModel(columns, rater, item), np.array([0.7, 1.9])
    products, log_determinant = model.products(ratios)
    assert products == pytest.approx(columns.T @ np.linalg.solve(v, columns))
    assert log_determinant == pytest.approx(np.linalg.slogdet(v)[1])
    assert model.weighted(ratios, columns) == pytest.approx(np.linalg.solve(v, columns))


def test_order_of_rows_and_unit_of_the_scale_do_not_matter() -> None:
    ratings = simulated(2)
    order = np.random.default_rng(0).permutation(len(ratings))
    shuffled = ratings.select(order)
    scaled = SystemRatings(
        shuffled.systems, shuffled.rater, shuffled.item, shuffled.system, 10 * shuffled.value + 3
    )
    first, second = fit_mixed(ratings).differences[0], fit_mixed(scaled).differences[0]
    assert second.difference.estimate == pytest.approx(10 * first.difference.estimate, rel=1e-4)
    assert second.p == pytest.approx(first.p, rel=1e-3)


def test_intervals_of_differences_hold_their_level_though_raters_differ_in_taste() -> None:
    hits = 0
    for seed in range(60):
        found = fit_mixed(simulated(seed)).differences[0].difference
        hits += found.low <= 0.5 <= found.high
    assert hits / 60 >= 0.9


def test_a_factor_without_variance_is_said_to_be_singular() -> None:
    rng = np.random.default_rng(3)
    rater, item, system = (a.ravel() for a in np.meshgrid(range(10), range(8), [0, 1]))
    value = rng.normal(size=len(rater))
    value -= np.array([value[rater == r].mean() for r in range(10)])[rater]
    found = fit_mixed(SystemRatings(("a", "b"), rater, item, system, value))
    assert "the variance between raters is estimated as zero (singular fit)" in found.notes


@pytest.mark.parametrize(
    ("system", "value", "told"),
    [
        ([], [], "no ratings"),
        ([0, 0], [1, 2], "only a was rated"),
        ([0, 1, 0, 1], [3, 3, 3, 3], "all 4 ratings are 3"),
        ([0, 1, 0], [1, 2, 3], "too few"),
    ],
)
def test_what_no_model_can_be_fitted_to_is_refused_with_the_reason(
    system: list[int], value: list[float], told: str
) -> None:
    index = np.arange(len(system))
    ratings = SystemRatings(("a", "b"), index, index, np.array(system), np.array(value))
    with pytest.raises(CannotCompute, match=told):
        fit_mixed(ratings)


def test_cumulative_logit_gives_the_fit_of_ordinal_to_wine() -> None:
    # ordinal: clm(rating ~ temp + contact, data = wine): 2.503 (SE 0.529), 1.528 (0.477),
    # thresholds -1.344, 1.251, 3.467, 5.006, log likelihood -86.49.
    warm, contact = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    design = np.tile(np.column_stack([warm, contact]), (9, 1)).astype(float)
    found = solve_cumulative(design, WINE.ravel() - 1, 5)
    errors = np.sqrt(np.diag(np.linalg.inv(found.information)))
    assert found.converged
    assert found.effects == pytest.approx([2.503, 1.528], abs=6e-4)
    assert found.thresholds == pytest.approx([-1.344, 1.251, 3.467, 5.006], abs=6e-4)
    assert errors[:2] == pytest.approx([0.529, 0.477], abs=6e-4)
    assert found.log_likelihood == pytest.approx(-86.49, abs=6e-3)


def test_cumulative_logit_is_that_of_statsmodels() -> None:
    ratings = simulated(4)
    level = np.digitize(ratings.value, [3, 4, 5])
    design = (ratings.system == 1)[:, None].astype(float)
    found = solve_cumulative(design, level, 4)
    reference = OrderedModel(level, design, distr="logit").fit(method="bfgs", disp=False)
    assert found.effects[0] == pytest.approx(reference.params[0], abs=1e-4)
    assert found.log_likelihood == pytest.approx(reference.llf, abs=1e-6)


def test_one_way_clusters_give_the_sandwich_of_statsmodels() -> None:
    ratings = simulated(5)
    yes = (ratings.value > 4).astype(int)
    design = (ratings.system == 1)[:, None].astype(float)
    found = solve_cumulative(design, yes, 2)
    covariance, _ = two_way_covariance(found, ratings.rater, ratings.item)
    reference = sm.Logit(yes, sm.add_constant(design)).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": ratings.rater, "use_correction": False}
    )
    n_raters = len(np.unique(ratings.rater))
    expected = reference.cov_params()[1, 1] * n_raters / (n_raters - 1)
    assert covariance[0, 0, 0] == pytest.approx(expected, rel=1e-4)


def test_cumulative_intervals_hold_their_level() -> None:
    hits = 0
    for seed in range(100):
        ratings = simulated(seed, gap=0.0)
        rounded = SystemRatings(
            ratings.systems, ratings.rater, ratings.item, ratings.system, np.round(ratings.value)
        )
        found = fit_cumulative(rounded).differences[0].log_odds
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 100 <= 1.0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_cumulative_logit_sees_only_the_order_of_the_values(seed: int) -> None:
    ratings = simulated(seed % 1000, n_raters=10, n_items=8)
    rounded = replace(ratings, value=np.round(ratings.value))
    stretched = replace(rounded, value=np.exp(rounded.value))
    first, second = (fit_cumulative(one).differences[0] for one in (rounded, stretched))
    assert second.log_odds.estimate == pytest.approx(first.log_odds.estimate, abs=1e-6)
    assert second.p == pytest.approx(first.p, abs=1e-6)


def simulated_votes(seed: int, gap: float) -> Votes:
    """Forty raters, each with a liking of their own, on two of three systems."""
    rng = np.random.default_rng(seed)
    rater, item = (axis.ravel() for axis in np.meshgrid(range(40), range(10), indexing="ij"))
    shown = rng.permuted(np.tile([0, 1, 2], (len(rater), 1)), axis=1)
    strength = np.array([gap, 0.0, -gap]) + rng.normal(0, 0.4, (40, 3))[rater]
    rows = np.arange(len(rater))
    latent = (
        strength[rows, shown[:, 0]] - strength[rows, shown[:, 1]] + rng.logistic(size=len(rows))
    )
    outcome = np.where(np.abs(latent) < 0.3, TIE, np.where(latent > 0, FIRST, SECOND))
    return Votes(("a", "b", "c"), shown[:, 0], shown[:, 1], outcome, rater, item)


def test_votes_by_cumulative_logit_find_the_gap_that_was_put_in() -> None:
    found = {(d.first, d.second): d.log_odds for d in
             fit_cumulative_votes(simulated_votes(0, 0.8)).differences}  # fmt: skip
    assert found["a", "b"].low < 0.8 < found["a", "b"].high
    assert found["a", "c"].estimate == pytest.approx(1.6, abs=0.35)


def test_votes_of_two_systems_without_ties_are_a_logit_of_the_sides() -> None:
    votes = simulated_votes(1, 0.5)
    kept = (np.minimum(votes.first, votes.second) == 0) & (
        np.maximum(votes.first, votes.second) == 1
    )
    votes = votes.select(kept & (votes.outcome != TIE))
    votes = Votes(("a", "b"), votes.first, votes.second, votes.outcome, votes.rater, votes.item)
    design = sm.add_constant(np.where(votes.first == 1, 1.0, -1.0))
    reference = sm.Logit(votes.outcome == FIRST, design).fit(disp=False)
    found = fit_cumulative_votes(votes).differences[0].log_odds
    assert found.estimate == pytest.approx(-reference.params[1], abs=1e-6)


def test_intervals_of_votes_hold_their_level_though_raters_differ_in_taste() -> None:
    hits = 0
    for seed in range(100):
        found = fit_cumulative_votes(simulated_votes(seed, 0.0)).differences[0].log_odds
        hits += found.low <= 0 <= found.high
    assert hits / 100 >= 0.9


def test_a_system_rated_apart_from_all_others_is_said_not_to_converge() -> None:
    index = np.arange(40)
    ratings = SystemRatings(("a", "b"), index % 10, index % 4, index % 2, 1.0 + index % 2)
    assert any("did not converge" in note for note in fit_cumulative(ratings).notes)


def test_the_variational_fit_finds_the_log_odds_it_was_given() -> None:
    rng = np.random.default_rng(6)
    rater, item = (axis.ravel() for axis in np.meshgrid(range(40), range(20)))
    log_odds = 0.8 + rng.normal(0, 0.7, 40)[rater] + rng.normal(0, 0.4, 20)[item]
    yes = (rng.random(len(rater)) < 1 / (1 + np.exp(-log_odds))).astype(float)
    found = fit_logistic(yes, rater, item)
    assert found.log_odds.estimate == pytest.approx(0.8, abs=0.35)
    assert found.rater_sd == pytest.approx(0.7, abs=0.3)
    assert "too short" in found.log_odds.note


def test_the_variational_fit_of_turned_answers_is_its_negative() -> None:
    rng = np.random.default_rng(7)
    rater, item = (axis.ravel() for axis in np.meshgrid(range(15), range(8)))
    yes = (rng.random(len(rater)) < 0.7).astype(float)
    found, turned = fit_logistic(yes, rater, item), fit_logistic(1 - yes, rater, item)
    assert turned.log_odds.estimate == pytest.approx(-found.log_odds.estimate, abs=0.02)


def test_the_variational_fit_of_answers_that_are_all_the_same_is_refused() -> None:
    with pytest.raises(CannotCompute, match="all answers are the same"):
        fit_logistic(np.ones(5), np.arange(5), np.arange(5))
