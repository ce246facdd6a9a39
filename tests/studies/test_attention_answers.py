"""Checks: what is right, whatever the sides; every kind of block."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.protocol.attention import is_right
from studies.protocol.reading import read_spec
from studies.protocol.spec import Block
from studies.services.controls import attention_controls, training_controls
from tests.studies.study_cast import BLOCK_TYPES, block_data

SILENCE_BESIDE: dict[str, float | None] = {"vocals": 3.0, "drums": 0.0, "bass": -1.0, "other": None}


@pytest.mark.parametrize(
    ("answer", "sides", "value", "right"),
    [
        ({"choose": 1}, [1, 2], "A", True),
        ({"choose": 1}, [2, 1], "A", False),
        ({"choose": 1}, [2, 1], "B", True),
        ({"choose": 1}, [1, 2], "tie", False),
        ({"choose": 1}, [1, 2], None, False),
        ({"exactly": 1.0}, [4], 1, True),
        ({"exactly": 1.0}, [4], 2.0, False),
        ({"exactly": 1.0}, [4], None, False),
        ({"lowest": 1}, [3, 1, 2], {"A": 60, "B": 10, "C": 55}, True),
        ({"lowest": 1}, [3, 1, 2], {"A": 10, "B": 10, "C": 55}, False),
        ({"lowest": 1}, [3, 1, 2], {"A": 5, "B": 10, "C": 55}, False),
        ({"lowest": 1}, [3, 1, 2], {"A": 5}, False),
        ({"last": 1}, [3, 1, 2], ["A", "C", "B"], True),
        ({"last": 1}, [3, 1, 2], ["A", ["B", "C"]], False),
        ({"last": 1}, [3, 1, 2], ["B", "A", "C"], False),
        ({"last": 1}, [3, 1, 2], [], False),
    ],
)
def test_an_answer_is_right_by_stimulus_and_not_by_letter(
    answer: dict[str, Any], sides: list[int], value: Any, right: bool
) -> None:
    assert is_right({"q": answer}, sides, {"q": value}) is right


def test_every_question_of_a_check_must_be_right() -> None:
    answer = {"one": {"exactly": 1.0}, "two": {"exactly": 1.0}}
    assert is_right(answer, [1], {"one": 1.0, "two": 1.0})
    assert not is_right(answer, [1], {"one": 1.0, "two": 3.0})


@pytest.mark.parametrize("kind", BLOCK_TYPES)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 6))
def test_controls_differ_leave_silence_silent_and_are_never_named(
    kind: str, seed: int, count: int
) -> None:

    block = Block.model_validate(block_data(kind))
    controls, answer = attention_controls(block, count, SILENCE_BESIDE, random.Random(seed))
    assert len(controls) == count
    assert len({tuple(one.balance_db.items()) for one in controls}) == count
    assert {one.balance_db["other"] for one in controls} == {None}
    assert set(answer) <= {question.key for question in block.questions}
    says_check = ["This one is here" in one.text for one in controls]
    assert says_check == [block.is_about_advice] + [False] * (count - 1)
    trained = training_controls(block, count, SILENCE_BESIDE, random.Random(seed))
    assert not any("This one is here" in one.text for one in trained)


@pytest.mark.parametrize("name", ["advice-pairwise", "advice-rated", "differential-vs-baseline"])
def test_texts_of_checks_keep_to_the_length_band_of_every_preset(name: str) -> None:

    block = read_spec({"preset": name}).blocks[0]
    for seed in range(50):
        controls, _ = attention_controls(block, 2, SILENCE_BESIDE, random.Random(seed))
        for one in controls:
            assert block.advice.min_words <= len(one.text.split()) <= block.advice.max_words
