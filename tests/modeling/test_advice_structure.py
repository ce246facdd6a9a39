"""Advice holds together, or is refused."""

import json
import math
from typing import Any

import numpy as np
import pytest

from analysis.vectors import Balance, Move
from modeling.advice.compose import Speaker, spoken
from modeling.advice.facts import Fact
from modeling.advice.json_form import from_json, to_json
from modeling.advice.structure import Advice, Answer, SpokenMove, Uncertainty
from tests.modeling.advice_cases import provenance, random_answer, random_fact

ALL = np.array([True, True, True, True])


def _advice(**changes: Any) -> Advice:
    values: dict[str, Any] = {
        "move": Move(3.0, 0.0, None, 0.0),
        "balance": Balance(1.0, 0.0, None, -2.0),
        "answer": Answer((SpokenMove("vocals", 3.0, 2.0, 4.0, certainty=0.8),)),
        "prose": "Raise the vocals by 3 dB, give or take 1 dB.",
        "provenance": provenance(),
        "uncertainty": Uncertainty(
            Move(1.9, -0.9, None, -1.0),
            (0.8, 0.9, None, 0.7),
            (1.0, -2.0, None, -2.0),
            (3.0, 0.1, None, 0.0),
            p_error=0.9,
        ),
        "reasons": (Fact("under_mix", 9.0, stem="vocals"),),
    }
    return Advice(**{**values, **changes})


def test_advice_comes_back_from_json_as_it_was() -> None:
    for advice in (_advice(), _advice(uncertainty=None, reasons=(), original_prose="Louder!")):
        text = json.dumps(to_json(advice), allow_nan=False)
        assert from_json(json.loads(text)) == advice
    back = from_json(to_json(_advice()))
    assert back.answer.moves[0].certainty == 0.8


def test_random_spoken_advice_survives_json() -> None:
    rng = np.random.default_rng(20)
    for seed in range(100):
        facts = [random_fact(rng) for _ in range(3)]
        advice = spoken(random_answer(rng), ALL, Speaker(provenance(seed=seed), facts))
        assert from_json(json.loads(json.dumps(to_json(advice), allow_nan=False))) == advice


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other/1"}, "not of the format gainsay-advice/1"),
        ({"leave_it": True}, "leave_it is True, but the moves say otherwise"),
        ({"surprise": 1}, "unknown: surprise"),
        ({"prose": 3}, "expected text, got 3"),
        ({"moves": [{"stem": "vocals"}]}, "wrong form"),
        ({"within_db": "2"}, "expected a number or null, got '2'"),
        ({"move_db": {"vocals": 1.0}}, "stems must be exactly"),
    ],
)
def test_json_that_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json({**to_json(_advice()), **changes})


def test_a_missing_field_of_json_is_named() -> None:
    values = to_json(_advice())
    del values["prose"]
    with pytest.raises(ValueError, match="missing: prose"):
        from_json(values)


def test_a_direction_of_json_cannot_be_turned_by_a_negative_size() -> None:
    values = to_json(_advice())
    values["moves"][0]["db"] = -3.0
    with pytest.raises(ValueError, match="expected raise or lower by a positive dB"):
        from_json(values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"move": Move(2.0, 0.0, None, 0.0)}, "the answer moves vocals by 3 dB, the move by 2 dB"),
        ({"move": Move(3.0, -2.0, None, 0.0)}, "drums moves by -2 dB, but no move says so"),
        ({"balance": Balance(1.0, 0.0, 0.0, 0.0)}, "different stems masked"),
        ({"prose": "  "}, "the prose is empty"),
        ({"provenance": provenance("mix")}, "needs loudness_table, which tested does not hear"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _advice(**changes)


@pytest.mark.parametrize(
    "values",
    [
        ("guitar", 3.0),
        ("vocals", 0.0),
        ("vocals", math.nan),
        ("vocals", 3.0, 1.0),
        ("vocals", 3.0, 4.0, 5.0),
        ("vocals", 3.0, -math.inf, 5.0),
    ],
)
def test_a_move_that_says_nothing_sure_is_refused(values: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=values[0]):
        SpokenMove(*values)


def test_an_answer_cannot_move_a_stem_twice_or_call_moved_stems_balanced() -> None:
    with pytest.raises(ValueError, match="a stem is moved twice"):
        Answer((SpokenMove("bass", 2.0), SpokenMove("bass", 3.0)))
    with pytest.raises(ValueError, match="cannot call them balanced"):
        Answer((SpokenMove("bass", 2.0),), within_db=2.0)


def test_a_masked_stem_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="bass does not sound here"):
        Answer((SpokenMove("bass", 2.0),)).as_move((True, True, False, True))


def test_advice_leads_from_wherever_the_faders_stand() -> None:
    advice = spoken(Answer((SpokenMove("bass", 2.0),)), ALL, Speaker(provenance()))
    moved = advice.starting_from(Balance(1.0, -1.0, -4.0, 0.0))
    assert moved.balance == Balance(1.0, -1.0, -2.0, 0.0)
    assert moved.move == advice.move == Move(0.0, 0.0, 2.0, 0.0)
