"""Kappa of a judge with single people beside that of people among themselves."""

import numpy as np
import pytest

from analysis.judge_kappa import judge_kappa, people_kappa
from analysis.preference_votes import FIRST, SECOND
from analysis.results import CannotCompute
from tests.analysis.simulated_judges import liking, pair_votes, votes_on


def test_a_judge_drawn_like_a_person_has_about_the_kappa_of_people() -> None:
    rng = np.random.default_rng(0)
    liked = liking(rng, 400, 1.5)
    people = votes_on(rng, liked, n_raters=50, per_item=6)
    judge = votes_on(rng, liked, n_raters=1, both_orders=True)
    with_people = judge_kappa(people, judge, rng)
    among_people = people_kappa(people, rng)
    assert with_people.estimate == pytest.approx(among_people.estimate, abs=0.05)
    assert with_people.n == len(people)


def test_votes_are_paired_in_the_order_the_person_saw() -> None:
    people = pair_votes([(1, 0, 0, FIRST), (2, 0, 1, FIRST), (1, 1, 0, SECOND), (2, 1, 1, SECOND)])
    # The judge takes side A of item 0 and side B of item 1 in both orders, as these people did.
    judge = pair_votes([(9, 0, 0, FIRST), (9, 0, 1, FIRST), (9, 1, 0, SECOND), (9, 1, 1, SECOND)])
    assert judge_kappa(people, judge, np.random.default_rng(0), n_resamples=20).estimate == 1


def test_a_judge_of_other_items_is_refused() -> None:
    with pytest.raises(CannotCompute, match="no verdict on a pair in the order a person saw"):
        judge_kappa(
            pair_votes([(1, 0, 0, FIRST)]),
            pair_votes([(9, 5, 0, FIRST)]),
            np.random.default_rng(0),
        )
