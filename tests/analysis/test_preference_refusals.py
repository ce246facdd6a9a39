"""Votes that no strengths can be fitted to are refused in one line that says why."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.preference import fit_preferences
from analysis.preference_contrast import contrast_systems
from analysis.preference_covariates import fit_with_covariates
from analysis.preference_votes import NONE, Votes
from analysis.results import CannotCompute
from tests.analysis.simulated_votes import votes_of_counts


def fit(votes: Votes) -> None:
    fit_preferences(votes, np.random.default_rng(0), n_resamples=20)


def test_no_votes() -> None:
    nothing = np.empty(0, dtype=int)
    with pytest.raises(CannotCompute, match="there are no votes"):
        fit(Votes(("x", "y"), nothing, nothing, nothing, nothing, nothing))


def test_refusals_are_no_votes() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 2, 1, 0)])
    with pytest.raises(CannotCompute, match="there are no votes"):
        fit(replace(votes, outcome=np.full(3, NONE)))


def test_one_system() -> None:
    nothing = np.empty(0, dtype=int)
    with pytest.raises(CannotCompute, match="needs two systems, there is 1"):
        fit(Votes(("x",), nothing, nothing, nothing, nothing, nothing))


def test_all_ties() -> None:
    with pytest.raises(CannotCompute, match="all 5 votes are ties"):
        fit(votes_of_counts(("x", "y"), [(0, 1, 0, 0, 5)]))


def test_parts_that_never_met_are_named() -> None:
    votes = votes_of_counts(("a", "b", "c", "d", "e"), [(0, 1, 3, 2, 0), (2, 3, 1, 1, 1)])
    with pytest.raises(CannotCompute, match=r"never compared with each other: a, b \| c, d \| e"):
        fit(votes)


def test_a_system_that_is_not_there() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 3, 2, 0)])
    with pytest.raises(CannotCompute, match="no system 'z' among x, y"):
        contrast_systems(votes, "x", "z")


def test_one_rater_gives_strengths_without_intervals() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 6, 2, 1)])
    alone = replace(votes, rater=np.zeros(9, dtype=int))
    found = fit_preferences(alone, np.random.default_rng(0), n_resamples=20)
    assert found.strengths[0].estimate > 0
    assert np.isnan(found.strengths[0].low)
    assert "one of raters only" in found.strengths[0].note
    with pytest.raises(CannotCompute, match="two raters"):
        fit_with_covariates(alone)


def test_a_system_that_won_every_vote_is_bounded_and_said() -> None:
    votes = votes_of_counts(("x", "y", "z"), [(0, 1, 9, 0, 0), (0, 2, 9, 0, 0), (1, 2, 5, 4, 0)])
    found = fit_preferences(votes, np.random.default_rng(0), n_resamples=200)
    assert np.isfinite(found.draws).all()
    assert found.strengths[0].estimate < 12
    assert "the ridge bounds them: y, z | x" in found.strengths[0].note
    contrast = contrast_systems(votes, "x", "y")
    assert contrast.difference.high == np.inf
    assert contrast.win_probability.high == 1.0
    assert contrast.win_probability.low > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": np.array([0, 5])}, "first: expected indices of 2 systems"),
        ({"second": np.array([0, 1])}, "second: vote 0 sets x by itself"),
        ({"outcome": np.array([0, 7])}, "outcome: expected 0 to 4"),
        ({"confidence": np.array([0.5, 80.0])}, "confidence: expected 0 to 1, got 0.5 to 80"),
        ({"rater": np.array([0])}, r"rater: expected shape \(2,\), got \(1,\)"),
    ],
)
def test_columns_that_do_not_fit_are_named(change: dict[str, np.ndarray], message: str) -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 1, 1, 0)])
    with pytest.raises(ValueError, match=message):
        replace(votes, **change)


def test_an_unknown_cluster_is_refused() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 3, 2, 0)])
    with pytest.raises(ValueError, match="cluster: expected one of rater, rater and item"):
        fit_preferences(votes, np.random.default_rng(0), cluster="song")  # type: ignore[arg-type]
