"""Side and length: planted effects are found, and what cannot be told apart is said."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.preference_covariates import fit_with_covariates
from analysis.preference_votes import FIRST, TIE
from tests.analysis.simulated_votes import simulated_votes, votes_of_counts


def test_planted_effects_of_side_and_length_are_found() -> None:
    votes = simulated_votes(
        np.random.default_rng(0),
        [0.5, 0.0, -0.5],
        n_raters=150,
        n_trials=20,
        side=0.3,
        words=0.2,
    )
    fit = fit_with_covariates(votes)
    assert fit.side.low < 0.3 < fit.side.high
    assert fit.length.low < 0.2 < fit.length.high
    assert fit.side.low > 0
    assert [e.estimate for e in fit.strengths] == pytest.approx([0.5, 0, -0.5], abs=0.15)
    assert sum(e.estimate for e in fit.strengths) == pytest.approx(0, abs=1e-9)


def test_without_ties_it_is_the_logistic_regression_of_statsmodels() -> None:
    votes = simulated_votes(
        np.random.default_rng(1), [0.6, 0.0, -0.6], n_raters=100, n_trials=15, tie=0.0, side=0.2
    )
    fit = fit_with_covariates(votes)
    columns = np.column_stack(
        [
            np.eye(3)[votes.first, 1:] - np.eye(3)[votes.second, 1:],
            np.ones(len(votes)),
            votes.words / 10,
        ]
    )
    model = sm.Logit((votes.outcome == FIRST).astype(float), columns).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": votes.rater, "use_correction": False}
    )
    assert fit.side.estimate == pytest.approx(model.params[2], abs=1e-3)
    assert fit.length.estimate == pytest.approx(model.params[3], abs=1e-3)
    half = (fit.side.high - fit.side.low) / 2
    # t with 99 degrees of freedom is 1.9842; the small-sample factor is 100 / 99.
    assert half == pytest.approx(1.9842 * model.bse[2] * np.sqrt(100 / 99), rel=1e-3)


def test_one_order_only_leaves_the_side_open() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 9, 6, 2)])
    fit = fit_with_covariates(votes)
    assert np.isnan(fit.side.estimate)
    assert fit.side.note == "each pair of systems stood in one order only"
    assert fit.length.note == "the lengths of the advices are not known"
    assert fit.strengths[0].estimate > 0


def test_votes_without_known_length_are_left_out_where_others_have_them() -> None:
    votes = simulated_votes(np.random.default_rng(2), [0.2, -0.2], n_raters=30, n_trials=8)
    words = np.where(votes.outcome == TIE, np.nan, votes.words)
    fit = fit_with_covariates(replace(votes, words=words))
    assert fit.length.n == int((votes.outcome != TIE).sum())
