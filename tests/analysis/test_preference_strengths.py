"""Davidson's model gives the published strengths, and recovers those that votes were drawn from."""

import json
from dataclasses import replace

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from analysis.preference import fit_preferences
from analysis.preference_fit import Design, solve
from analysis.preference_votes import FIRST, TIE, Votes, pairs
from tests.analysis.simulated_votes import simulated_votes, votes_of_counts

# Six brands of chocolate pudding: Davidson 1970, table 1 (data set `pudding` of R's PlackettLuce).
PUDDING = [
    (0, 1, 19, 22, 16),
    (0, 2, 16, 19, 12),
    (1, 2, 19, 19, 10),
    (0, 3, 18, 23, 13),
    (1, 3, 23, 19, 9),
    (2, 3, 19, 20, 15),
    (0, 4, 13, 19, 18),
    (1, 4, 16, 20, 12),
    (2, 4, 16, 15, 17),
    (3, 4, 17, 14, 16),
    (0, 5, 18, 21, 12),
    (1, 5, 22, 20, 12),
    (2, 5, 13, 18, 10),
    (3, 5, 14, 19, 18),
    (4, 5, 11, 21, 12),
]
# Davidson's estimates to his seventh iteration, as R's PlackettLuce prints them in its vignette.
PUDDING_WORTH = [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855]
PUDDING_TIE = 0.7468147

# Wins in the American League 1987 (Agresti 2002, table 10.10): rows over columns.
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
BASEBALL = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
# R, BradleyTerry2 1.1, summary of `baseballModel1`; Baltimore is zero.
BASEBALL_ABILITY = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]


def fitted(votes: Votes) -> np.ndarray:
    counts = votes.counts(np.zeros(len(votes), dtype=int), 1)
    design = Design.of_systems(len(votes.systems), with_ties=bool(counts[:, :, 2].any()))
    return solve(counts, design, ridge=1e-10)[0]


def baseball() -> Votes:
    rows = [(i, j, BASEBALL[i][j], BASEBALL[j][i], 0) for i, j in pairs(7).tolist()]
    return votes_of_counts(TEAMS, rows)


def test_davidsons_puddings_have_the_published_worth() -> None:
    parameters = fitted(votes_of_counts(tuple("123456"), PUDDING))
    worth = np.exp(parameters[:6])
    assert worth / worth.sum() == pytest.approx(PUDDING_WORTH, abs=5e-5)
    assert np.exp(parameters[6]) == pytest.approx(PUDDING_TIE, abs=5e-4)


def test_without_ties_the_strengths_are_those_of_r() -> None:
    parameters = fitted(baseball())
    assert parameters[:7] - parameters[6] == pytest.approx(BASEBALL_ABILITY, abs=1e-4)


def test_the_ridge_hardly_moves_anything() -> None:
    fit = fit_preferences(baseball(), np.random.default_rng(0), n_resamples=10)
    strengths = np.array([estimate.estimate for estimate in fit.strengths])
    assert strengths - strengths[6] == pytest.approx(BASEBALL_ABILITY, abs=3e-3)


def test_choix_and_scikit_learn_give_the_same_strengths() -> None:
    votes = simulated_votes(
        np.random.default_rng(1), [1.0, 0.4, -0.3, -1.1], n_raters=200, n_trials=10, tie=0.0
    )
    won = votes.outcome == FIRST
    data = np.stack(
        [np.where(won, votes.first, votes.second), np.where(won, votes.second, votes.first)], axis=1
    )
    ours = fitted(votes)[:4]
    by_choix = choix.ilsr_pairwise(4, data.tolist())
    columns = np.eye(4)[votes.first] - np.eye(4)[votes.second]
    model = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-9).fit(columns, won)
    assert ours == pytest.approx(by_choix - by_choix.mean(), abs=1e-3)
    assert ours == pytest.approx(model.coef_[0] - model.coef_[0].mean(), abs=1e-3)


def test_the_truth_lies_within_the_intervals_of_a_large_study() -> None:
    truth = [0.9, 0.3, -0.2, -1.0]
    votes = simulated_votes(np.random.default_rng(2), truth, n_raters=150, n_trials=20)
    fit = fit_preferences(votes, np.random.default_rng(0), n_resamples=4000, level=0.999)
    assert all(e.low < t < e.high for e, t in zip(fit.strengths, truth, strict=True))
    assert [rank.estimate for rank in fit.ranks] == [1, 2, 3, 4]
    assert fit.tie.low < 0.5 < fit.tie.high


def test_raters_with_tastes_of_their_own_widen_the_intervals() -> None:
    alike, apart = (
        simulated_votes(
            np.random.default_rng(3), [0.5, 0.0, -0.5], n_raters=60, n_trials=30, rater_sd=sd
        )
        for sd in (0.0, 1.0)
    )
    width = [
        fit_preferences(v, np.random.default_rng(0), n_resamples=500).strengths[0]
        for v in (alike, apart)
    ]
    assert width[1].high - width[1].low > 1.5 * (width[0].high - width[0].low)


def test_items_that_differ_widen_the_intervals_by_rater_and_item() -> None:
    votes = simulated_votes(
        np.random.default_rng(4),
        [0.5, 0.0, -0.5],
        n_raters=60,
        n_trials=30,
        n_items=40,
        item_sd=1.0,
    )
    by_rater, by_both = (
        fit_preferences(
            votes, np.random.default_rng(0), cluster=cluster, n_resamples=500
        ).strengths[0]
        for cluster in ("rater", "rater and item")
    )
    assert by_both.high - by_both.low > 1.5 * (by_rater.high - by_rater.low)


def test_ranks_that_the_votes_cannot_tell_apart_overlap() -> None:
    votes = simulated_votes(np.random.default_rng(5), [2.0, 0.0, 0.0], n_raters=50, n_trials=10)
    fit = fit_preferences(votes, np.random.default_rng(0), n_resamples=500)
    assert (fit.ranks[0].low, fit.ranks[0].high) == (1, 1)
    assert [(rank.low, rank.high) for rank in fit.ranks[1:]] == [(2, 3), (2, 3)]


def test_both_bad_is_a_tie_in_the_primary_fit_and_nothing_in_the_other() -> None:
    votes = simulated_votes(
        np.random.default_rng(6), [0.5, -0.5], n_raters=50, n_trials=20, both_bad=0.2
    )
    rng = np.random.default_rng(0)
    primary = fit_preferences(votes, rng, n_resamples=50)
    other = fit_preferences(votes, rng, both_bad="dropped", n_resamples=50)
    share = float((votes.outcome == 3).mean())
    assert primary.n_votes == 1000
    assert other.n_votes == 1000 - round(1000 * share)
    assert primary.tie.estimate > other.tie.estimate
    assert primary.both_bad == other.both_bad
    assert primary.both_bad[0].estimate == pytest.approx(share)


def test_the_win_rates_count_a_tie_as_one_half() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 6, 2, 4)])
    fit = fit_preferences(votes, np.random.default_rng(0), n_resamples=50)
    (rate,) = fit.win_rates
    assert (rate.wins, rate.losses, rate.ties) == (6, 2, 4)
    assert rate.rate.estimate == pytest.approx(8 / 12)
    assert rate.expected == pytest.approx(8 / 12, abs=1e-3)


def test_the_result_goes_through_json() -> None:
    votes = votes_of_counts(("x", "y"), [(0, 1, 6, 2, 4)])
    fit = fit_preferences(votes, np.random.default_rng(0), n_resamples=50)
    told = json.loads(json.dumps(fit.as_json(), allow_nan=False))
    assert told["strengths"]["x"]["estimate"] == fit.strengths[0].estimate
    assert told["win_rates"][0]["rate"]["n"] == 12


def test_the_same_seed_gives_the_same_figures() -> None:
    votes = simulated_votes(np.random.default_rng(7), [0.3, 0.0, -0.3], n_raters=20, n_trials=5)
    one, other = (fit_preferences(votes, np.random.default_rng(9)).as_json() for _ in range(2))
    assert one == other


@settings(max_examples=25, deadline=None)
@given(
    tallies=st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9)), min_size=3, max_size=3
    ),
    swap=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_neither_sides_nor_names_matter(
    tallies: list[tuple[int, int, int]], swap: list[bool]
) -> None:
    rows = [(i, j, *t) for (i, j), t in zip(pairs(3).tolist(), tallies, strict=True)]
    votes = votes_of_counts(("x", "y", "z"), rows)
    turned = np.array(swap)[votes.pair]
    outcome = np.where(turned & (votes.outcome < TIE), 1 - votes.outcome, votes.outcome)
    mirrored = replace(
        votes,
        first=np.where(turned, votes.second, votes.first),
        second=np.where(turned, votes.first, votes.second),
        outcome=outcome,
    )
    renamed = replace(votes, first=2 - votes.first, second=2 - votes.second)
    assert fitted(mirrored) == pytest.approx(fitted(votes), abs=1e-6)
    assert fitted(renamed)[[2, 1, 0]] == pytest.approx(fitted(votes)[:3], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_expected_wins_of_each_system_are_those_it_had(seed: int) -> None:
    votes = simulated_votes(np.random.default_rng(seed), [0.4, 0.0, -0.4], n_raters=30, n_trials=10)
    parameters = fitted(votes)
    counts = votes.counts(np.zeros(len(votes), dtype=int), 1)[0]
    design = Design.of_systems(3, with_ties=True)
    half = design.columns @ parameters[:3] / 2
    total = 2 * np.cosh(half) + np.exp(parameters[3])
    lead = counts.sum(axis=1) * 2 * np.sinh(half) / total
    assert design.columns.T @ lead == pytest.approx(
        design.columns.T @ (counts[:, 0] - counts[:, 1]), abs=1e-5
    )
