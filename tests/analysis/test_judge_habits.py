"""Position, length, repeats and confidence of a judge: planted habits are found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.judge_habits import (
    calibration,
    first_side_share,
    longer_share,
    repeat_consistency,
    self_consistency,
    swap_consistency,
)
from analysis.judges import overlapping, refusal_rate
from analysis.preference_votes import FIRST, NONE, SECOND, TIE
from analysis.results import CannotCompute
from tests.analysis.simulated_judges import liking, pair_votes, votes_on


def test_a_verdict_that_follows_the_system_is_consistent_and_one_that_follows_the_side_is_not() -> (
    None
):
    judge = pair_votes(
        [
            (9, 0, 0, FIRST),
            (9, 0, 1, SECOND),
            (9, 1, 0, FIRST),
            (9, 1, 1, FIRST),
            (9, 2, 0, TIE),
            (9, 2, 1, TIE),
            (9, 3, 0, FIRST),
            (9, 3, 1, TIE),
        ]
    )
    share = swap_consistency(judge)
    assert share.estimate == pytest.approx(2 / 4)
    assert share.n == 4


def test_a_pair_in_one_order_or_refused_in_the_other_does_not_count() -> None:
    judge = pair_votes([(9, 0, 0, FIRST), (9, 1, 0, FIRST), (9, 1, 1, NONE)])
    assert swap_consistency(judge).n == 0
    assert swap_consistency(judge).note == "no votes"


def test_a_judge_that_leans_to_side_a_is_found() -> None:
    rng = np.random.default_rng(0)
    liked = liking(rng, 80)
    fair = votes_on(rng, liked, n_raters=1, both_orders=True)
    leaning = votes_on(rng, liked, n_raters=1, both_orders=True, side=1.5)
    assert first_side_share(fair).low < 0.5 < first_side_share(fair).high
    assert first_side_share(leaning).low > 0.5
    assert swap_consistency(leaning).estimate < swap_consistency(fair).estimate


def test_a_judge_that_likes_length_is_found() -> None:
    rng = np.random.default_rng(1)
    votes = votes_on(rng, liking(rng, 100, 0.0), n_raters=1, both_orders=True, tie=0.0)
    words = np.where(np.arange(len(votes)) % 2 == 0, 8.0, -8.0)
    longer = np.where(words > 0, FIRST, SECOND)
    assert longer_share(replace(votes, words=words, outcome=longer)).estimate == 1
    assert longer_share(replace(votes, words=words)).high > 0.5
    assert longer_share(replace(votes, words=words)).low < 0.5


def test_votes_between_texts_of_equal_or_unknown_length_do_not_count() -> None:
    votes = pair_votes([(9, 0, 0, FIRST), (9, 1, 0, FIRST), (9, 2, 0, SECOND)])
    assert longer_share(replace(votes, words=np.array([0.0, np.nan, -4.0]))).n == 1


def test_refusals_are_a_share_of_all_trials() -> None:
    votes = pair_votes([(9, 0, 0, FIRST), (9, 1, 0, NONE), (9, 2, 0, NONE), (9, 3, 0, TIE)])
    assert refusal_rate(votes).estimate == 0.5


def test_repeats_of_a_judge_are_matched_within_an_order() -> None:
    votes = pair_votes(
        [(9, 0, 0, FIRST), (9, 0, 1, FIRST), (9, 0, 0, FIRST), (9, 0, 1, SECOND), (9, 1, 0, TIE)]
    )
    repeated = replace(votes, repeat=np.array([0, 0, 1, 1, 0]))
    share = self_consistency(repeated)
    assert (share.estimate, share.n) == (0.5, 2)


def test_repeats_of_a_person_are_matched_in_any_order() -> None:
    votes = pair_votes([(1, 0, 0, FIRST), (1, 0, 1, SECOND), (2, 0, 0, FIRST), (2, 0, 1, FIRST)])
    share = repeat_consistency(replace(votes, repeat=np.array([0, 1, 0, 1])))
    assert (share.estimate, share.n) == (0.5, 2)


def test_the_two_orders_a_judge_is_asked_in_are_no_repeats() -> None:
    votes = pair_votes([(9, 0, 0, FIRST), (9, 0, 1, FIRST)])
    assert repeat_consistency(votes).n == self_consistency(votes).n == 0


def test_confidence_that_matches_agreement_is_calibrated() -> None:
    rng = np.random.default_rng(2)
    liked = liking(rng, 300)
    people = votes_on(rng, liked, n_raters=60, per_item=8)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True)
    overlap = overlapping(people)
    worth = np.zeros((300, 3))
    np.add.at(worth, overlap.votes.item, overlap.credit)
    worth /= np.bincount(overlap.votes.item)[:, None]
    true = worth[judge.item, judge.verdict]
    honest = calibration(people, replace(judge, confidence=true), rng)
    assert honest.error.estimate == pytest.approx(0, abs=1e-12)
    boasting = calibration(people, replace(judge, confidence=np.full(len(judge), 0.95)), rng)
    assert boasting.overconfidence.low > 0.1
    assert boasting.error.estimate == pytest.approx(boasting.overconfidence.estimate)
    assert sum(item.n for item in boasting.bins) == len(judge)
    assert json.loads(json.dumps(boasting.as_json(), allow_nan=False))["bins"][0]["low"] == 0.9


def test_a_judge_without_confidence_has_no_calibration() -> None:
    people = pair_votes([(r, 0, 0, FIRST) for r in (1, 2, 3)])
    with pytest.raises(CannotCompute, match="states a confidence"):
        calibration(people, pair_votes([(9, 0, 0, FIRST)]), np.random.default_rng(0))
