"""The rubric rater scores advice against the known error, and only by it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.vectors import Move
from studies.judging.rubric import Worth, answers, worth_of_advice, worth_of_mix
from studies.protocol.answers import check_answers
from studies.protocol.spec import Block

BASS_LOW = Move(0.0, 0.0, -6.0, 0.0)
BALANCED = Move(0.0, 0.0, 0.0, 0.0)


def _content(*moves: dict[str, Any]) -> dict[str, Any]:
    return {"moves": list(moves), "within_db": None}


RIGHT = _content({"stem": "bass", "db": 6.0, "low_db": 4.0, "high_db": 8.0})


def test_the_right_advice_is_worth_all() -> None:
    worth = worth_of_advice(BASS_LOW, Move(0.0, 0.0, 6.0, 0.0), RIGHT, "Raise the bass by 6 dB.")
    assert worth == Worth(1.0, 1.0, 1.0, 1.0)
    assert worth.overall == pytest.approx(1.0)


def test_an_equivalent_advice_is_worth_as_much() -> None:
    same = Move(-6.0, -6.0, 0.0, -6.0)
    assert worth_of_advice(BASS_LOW, same, RIGHT, "x").overall == pytest.approx(1.0)


def test_the_wrong_direction_is_worth_less_than_silence_about_a_wrong_mix() -> None:
    wrong = worth_of_advice(BASS_LOW, Move(0.0, 0.0, -6.0, 0.0), RIGHT, "x")
    assert (wrong.stem, wrong.direction, wrong.size) == (1.0, 0.0, 0.0)
    assert wrong.overall < worth_of_advice(BASS_LOW, Move(0.0, 0.0, 3.0, 0.0), RIGHT, "x").overall


def test_leaving_a_balanced_mix_is_right() -> None:
    worth = worth_of_advice(BALANCED, BALANCED, {"moves": [], "within_db": 2.0}, "Leave it.")
    assert worth.overall == pytest.approx(1.0)
    moved = worth_of_advice(BALANCED, Move(3.0, 0.0, 0.0, 0.0), RIGHT, "x")
    assert moved.overall < 0.5


def test_many_words_are_not_clear() -> None:
    short = worth_of_advice(BASS_LOW, Move(0.0, 0.0, 6.0, 0.0), RIGHT, "Raise it.")
    long = worth_of_advice(BASS_LOW, Move(0.0, 0.0, 6.0, 0.0), RIGHT, "word " * 150)
    assert long.clarity < short.clarity


def test_a_mix_is_worth_its_nearness_to_the_reference() -> None:
    reference = [0.0, 0.0, 0.0, 0.0]
    assert worth_of_mix(reference, reference, "system") == 1.0
    assert worth_of_mix([3.0] * 4, reference, "system") == 1.0
    assert worth_of_mix([9.0, 0, 0, 0], reference, "system") < 0.5
    assert worth_of_mix(reference, reference, "anchor") < 0.5


def _block(kind: str, **question: Any) -> Block:
    return Block.model_validate(
        {
            "key": "b",
            "type": {"choice": "pairwise advice", "ranking": "ranking"}.get(kind, "rated advice"),
            "systems": ["x", "y"],
            "questions": [{"key": "q", "kind": kind, "text": "?", **question}],
        }
    )


def test_two_that_are_worth_the_same_are_a_tie_and_two_bad_ones_both_bad() -> None:
    block = _block("choice")
    assert answers(block, {"A": 0.8, "B": 0.81}) == {"q": "tie"}
    assert answers(block, {"A": 0.1, "B": 0.2}) == {"q": "both bad"}
    assert answers(block, {"A": 0.9, "B": 0.2}) == {"q": "A"}
    assert answers(block, {"A": 0.2, "B": 0.9}) == {"q": "B"}


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.5, 1.0, 2.0]))
def test_its_answers_always_fit_the_questions(one: float, other: float, step: float) -> None:
    scale = _block("scale", low=1, high=7, step=step)
    assert check_answers(scale, ["A"], answers(scale, {"A": one})) is not None
    choice = _block("choice", tie=False, both_bad=False)
    assert check_answers(choice, ["A", "B"], answers(choice, {"A": one, "B": other}))
    ranking = _block("ranking")
    assert check_answers(ranking, ["A", "B"], answers(ranking, {"A": one, "B": other}))
