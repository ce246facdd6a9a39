"""What an advice states and whether it is right, from its structured form."""

import math
from typing import Any

import pytest

from analysis.advice_facts import is_right, stated_share

UP = {"stem": "vocals", "direction": "up", "db": 3.0, "low_db": 2.0, "high_db": 4.0}


def said(**change: Any) -> dict[str, Any]:
    return {"leave_it": False, "moves": [{**UP, **change}], "within_db": None}


SILENT: dict[str, Any] = {"leave_it": True, "moves": [], "within_db": None}


@pytest.mark.parametrize(
    ("advice", "share"),
    [
        (said(), 1.0),
        (said(low_db=None), 0.75),
        (said(low_db=None, db=None), 0.5),
        (SILENT, 0.75),
        (SILENT | {"within_db": 1.0}, 1.0),
    ],
)
def test_stem_direction_size_and_interval_count_a_quarter_each(
    advice: dict[str, Any], share: float
) -> None:
    assert stated_share(advice) == share


@pytest.mark.parametrize(
    ("advice", "error_db", "right"),
    [
        (said(), {"vocals": -4.0}, 1.0),
        (said(), {"vocals": 4.0}, 0.0),
        (said(), {"bass": -4.0}, 0.0),
        (said(), {}, 0.0),
        (SILENT, {}, 1.0),
        (SILENT, {"vocals": 0.0}, 1.0),
        (SILENT, {"vocals": -4.0}, 0.0),
        # Three stems too loud by the same are one stem too quiet.
        (said(), {"drums": 4.0, "bass": 4.0, "other": 4.0}, 1.0),
    ],
)
def test_the_first_move_is_right_when_stem_and_direction_are(
    advice: dict[str, Any], error_db: dict[str, float], right: float
) -> None:
    assert is_right(advice, error_db) == right


def test_of_two_equally_short_corrections_either_is_right() -> None:
    error_db = {"vocals": -6.0, "drums": -6.0}
    assert is_right(said(), error_db) == 1.0
    assert is_right(said(stem="bass", direction="down"), error_db) == 1.0
    assert is_right(said(stem="bass", direction="up"), error_db) == 0.0


def test_a_silent_stem_counts_for_nothing() -> None:
    error_db = {"drums": 4.0, "bass": 4.0}
    assert is_right(said(), error_db, silent=["other"]) == 1.0


def test_without_a_structured_form_nothing_is_said() -> None:
    assert math.isnan(stated_share({}))
    assert math.isnan(is_right({}, {"vocals": 3.0}))
