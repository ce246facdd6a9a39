"""A judge and people are scored alike: leave-one-out majorities, same votes, same tie rule."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.judges import judge_against_people, overlapping, panel
from analysis.preference_votes import BOTH_BAD, FIRST, NONE, SECOND, TIE
from analysis.results import CannotCompute
from tests.analysis.simulated_judges import liking, pair_votes, votes_on


def test_the_worth_of_verdicts_is_that_of_the_others_majority() -> None:
    # On item 0 two voted for x and one for y, each with x on side A.
    people = pair_votes([(1, 0, 0, FIRST), (2, 0, 0, FIRST), (3, 0, 0, SECOND)])
    overlap = overlapping(people)
    # The first two see one vote each way; the third sees two for x.
    assert overlap.credit.tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0], [1, 0, 0]]
    assert overlap.own.tolist() == [0.5, 0.5, 0]


def test_a_small_study_by_hand() -> None:
    people = pair_votes([(1, 0, 0, FIRST), (2, 0, 1, SECOND), (3, 0, 0, SECOND)])
    # With x on side A the judge takes x, with y on side A it takes y: side A both times.
    judge = pair_votes([(9, 0, 0, FIRST), (9, 0, 1, FIRST)])
    found = judge_against_people(people, judge, cluster="rater")
    assert found.ceiling.estimate == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert found.judge.estimate == pytest.approx((0.5 + 0.5 + 1) / 3)
    # In both orders together it contradicts itself, which is a tie, and nobody voted so.
    assert found.both_orders.estimate == 0
    assert (found.n_votes, found.n_people, found.n_pairs) == (3, 3, 1)


def test_a_judge_as_good_as_a_person_stands_at_zero() -> None:
    """Scored against everybody's majority it would look about 3.5 points better than people."""
    rng = np.random.default_rng(0)
    liked = liking(rng, 800)
    people = votes_on(rng, liked, n_raters=60, per_item=7)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True)
    found = judge_against_people(people, judge)
    assert found.difference.low < 0 < found.difference.high
    assert found.difference.high - found.difference.low < 0.12
    counts = np.zeros((800, 3))
    np.add.at(counts, (people.item, people.verdict), 1)
    best = counts == counts.max(axis=1, keepdims=True)
    worth = best / best.sum(axis=1, keepdims=True)
    in_order = judge.select(judge.first == 0)
    naive = worth[in_order.item, in_order.verdict].mean()
    assert naive - found.judge.estimate > 0.02


def test_a_judge_that_knows_what_most_people_like_is_above_the_ceiling() -> None:
    rng = np.random.default_rng(1)
    liked = liking(rng, 200)
    people = votes_on(rng, liked, n_raters=60, per_item=6)
    wise = votes_on(rng, liked, n_raters=1, noise=0.01, tie=0.0, both_orders=True)
    found = judge_against_people(people, wise)
    assert found.difference.low > 0.02
    assert found.p < 0.001


def test_a_judge_that_takes_side_a_is_below_the_ceiling_in_the_orders_seen() -> None:
    rng = np.random.default_rng(2)
    liked = liking(rng, 200, 2.0)
    people = votes_on(rng, liked, n_raters=60, per_item=6)
    biased = votes_on(rng, liked, n_raters=1, side=50.0, both_orders=True)
    found = judge_against_people(people, biased)
    assert found.difference.high < -0.05
    # Asked in both orders it contradicts itself always, so that is a tie.
    assert found.both_orders.estimate < found.judge.estimate


def test_repeats_of_a_judge_are_one_rater() -> None:
    rng = np.random.default_rng(3)
    liked = liking(rng, 100)
    people = votes_on(rng, liked, n_raters=40, per_item=6)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True)
    twice = judge.select(np.repeat(np.arange(len(judge)), 2))
    one, two = (judge_against_people(people, j) for j in (judge, twice))
    assert two.difference == one.difference


def test_repeats_that_differ_count_by_their_share() -> None:
    people = pair_votes([(1, 0, 0, FIRST), (2, 0, 0, FIRST), (3, 0, 0, FIRST)])
    judge = pair_votes([(9, 0, 0, FIRST), (9, 0, 0, SECOND), (9, 0, 0, FIRST), (9, 0, 0, TIE)])
    found = judge_against_people(people, judge, cluster="rater")
    assert found.judge.estimate == pytest.approx(0.5)


def test_repeats_of_a_person_count_once() -> None:
    rows = [(1, 0, 0, FIRST), (2, 0, 0, FIRST), (3, 0, 0, SECOND), (1, 0, 1, FIRST)]
    repeated = replace(pair_votes(rows), repeat=np.array([0, 0, 0, 1]))
    assert len(overlapping(repeated).votes) == 3


def test_both_bad_is_a_tie_for_people_and_judge() -> None:
    people = pair_votes([(1, 0, 0, BOTH_BAD), (2, 0, 0, TIE), (3, 0, 0, BOTH_BAD)])
    judge = pair_votes([(9, 0, 0, BOTH_BAD)])
    found = judge_against_people(people, judge, cluster="rater")
    assert found.judge.estimate == found.ceiling.estimate == 1


def test_refusals_are_counted_and_left_out_on_both_sides() -> None:
    rng = np.random.default_rng(4)
    liked = liking(rng, 100)
    people = votes_on(rng, liked, n_raters=40, per_item=6)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True, refusing=0.3)
    found = judge_against_people(people, judge)
    assert found.refusals.estimate == pytest.approx(float((judge.outcome == NONE).mean()))
    assert found.n_left_out == len(people) - found.n_votes > 0
    assert found.ceiling.n == found.judge.n == found.n_votes


def test_pairs_with_two_people_are_left_out() -> None:
    rows = [(r, 0, 0, FIRST) for r in (1, 2, 3)] + [(r, 1, 0, SECOND) for r in (1, 2)]
    judge = pair_votes([(9, 0, 0, FIRST), (9, 1, 0, FIRST)])
    found = judge_against_people(pair_votes(rows), judge, cluster="rater")
    assert found.n_pairs == 1
    assert found.n_left_out == 2


def test_too_little_overlap_is_refused() -> None:
    people = pair_votes([(1, 0, 0, FIRST), (2, 0, 0, FIRST)])
    with pytest.raises(CannotCompute, match=r"judged by 3 people \(most: 2\)"):
        judge_against_people(people, pair_votes([(9, 0, 0, FIRST)]))


def test_a_judge_of_other_items_is_refused() -> None:
    people = pair_votes([(r, 0, 0, FIRST) for r in (1, 2, 3)])
    with pytest.raises(CannotCompute, match="no verdict on a pair in the order a person saw"):
        judge_against_people(people, pair_votes([(9, 5, 0, FIRST)]))


def test_other_systems_are_refused() -> None:
    people = pair_votes([(r, 0, 0, FIRST) for r in (1, 2, 3)])
    other = replace(people, systems=("x", "z"))
    with pytest.raises(ValueError, match="systems are not those of the people"):
        judge_against_people(people, other)


def test_a_panel_says_what_most_of_its_judges_say() -> None:
    judges = [
        pair_votes([(9, 0, 1, outcome), (9, 1, 0, other)])
        for outcome, other in ((SECOND, FIRST), (SECOND, SECOND), (FIRST, NONE))
    ]
    joined = panel(judges)
    assert joined.item.tolist() == [0, 1]
    # Twice system x (index 0) from side B; once each way is a tie.
    assert joined.outcome.tolist() == [SECOND, TIE]


def test_the_result_goes_through_json() -> None:
    people = pair_votes([(r, i, 0, FIRST) for r in (1, 2, 3) for i in (0, 1)])
    found = judge_against_people(people, pair_votes([(9, 0, 0, FIRST)]))
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["n_votes"] == 3


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_names_of_systems_and_raters_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    liked = liking(rng, 12)
    people = votes_on(rng, liked, n_raters=9, per_item=4)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True)
    found = judge_against_people(people, judge)
    turned = [replace(v, first=v.second, second=v.first) for v in (people, judge)]
    renamed = replace(turned[0], rater=100 - turned[0].rater)
    again = judge_against_people(renamed, turned[1])
    assert again.difference.estimate == pytest.approx(found.difference.estimate)
    assert again.difference.low == pytest.approx(found.difference.low)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_judge_that_copies_one_person_scores_as_that_person(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = votes_on(rng, liking(rng, 10), n_raters=5)
    copied = people.select(people.rater == 0)
    found = judge_against_people(people.select(people.rater != 1), copied)
    overlap = overlapping(people.select(people.rater != 1))
    own = overlap.own[overlap.votes.rater == 0]
    scored = np.take_along_axis(overlap.credit, overlap.votes.verdict[:, None], 1)[:, 0]
    assert scored[overlap.votes.rater == 0] == pytest.approx(own)
    assert 0 <= found.judge.estimate <= 1
