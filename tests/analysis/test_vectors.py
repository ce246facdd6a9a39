"""Balances and moves: what may be combined, what is masked, what centring leaves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.vectors import STEMS, Balance, Move, centre, equivalent

level_db = st.floats(-40, 12)
row_db = st.lists(st.one_of(st.none(), level_db), min_size=4, max_size=4)


def test_balance_minus_balance_is_a_move() -> None:
    move = Balance(1.0, 2.0, 3.0, 4.0) - Balance(0.5, 0.0, 3.0, 5.0)
    assert move == Move(0.5, 2.0, 0.0, -1.0)


def test_balance_plus_move_is_the_balance_it_leads_to() -> None:
    start = Balance(1.0, 2.0, 3.0, 4.0)
    end = Balance(0.0, 2.5, 3.0, -4.0)
    assert start + (end - start) == end


def test_a_stem_masked_on_either_side_is_masked_in_the_move() -> None:
    move = Balance(None, 2.0, 3.0, 4.0) - Balance(0.0, None, 3.0, 4.0)
    assert move.mask == (False, False, True, True)


@pytest.mark.parametrize("kind", ["balance+balance", "move-move", "move+balance", "balance-move"])
def test_other_mixes_are_type_errors(kind: str) -> None:
    parts = {"balance": Balance(0.0, 0.0, 0.0, 0.0), "move": Move(0.0, 0.0, 0.0, 0.0)}
    sign = "+" if "+" in kind else "-"
    left, right = (parts[word] for word in kind.split(sign))
    with pytest.raises(TypeError):
        left + right if sign == "+" else left - right  # type: ignore[operator]


def test_balances_and_moves_are_not_compared() -> None:
    assert Balance(0.0, 0.0, 0.0, 0.0) != Move(0.0, 0.0, 0.0, 0.0)
    with pytest.raises(TypeError, match="cannot compare Balance with Move"):
        equivalent(Balance(0.0, 0.0, 0.0, 0.0), Move(0.0, 0.0, 0.0, 0.0))


def test_nan_is_masked() -> None:
    assert Balance.from_sequence(np.array([1.0, np.nan, 0.0, 2.0])).drums is None


@pytest.mark.parametrize("value", [math.inf, -math.inf, "6", True])
def test_infinity_text_and_booleans_are_refused_by_the_name_of_the_stem(value: object) -> None:
    with pytest.raises(ValueError, match="bass: "):
        Balance(0.0, 0.0, value, 0.0)  # type: ignore[arg-type]


def test_a_mapping_must_name_exactly_the_four_stems() -> None:
    with pytest.raises(ValueError, match="missing: other; unknown: piano"):
        Balance.from_mapping({"vocals": 0.0, "drums": 0.0, "bass": 0.0, "piano": 0.0})


def test_a_sequence_must_have_four_values() -> None:
    with pytest.raises(ValueError, match="got 3"):
        Move.from_sequence([1.0, 2.0, 3.0])


@given(row_db)
def test_a_mapping_and_a_sequence_round_trip(row: list[float | None]) -> None:
    balance = Balance.from_sequence(row)
    assert tuple(balance.to_mapping()) == STEMS
    assert Balance.from_mapping(balance.to_mapping()) == balance


@given(row_db, st.floats(-20, 20))
def test_a_common_offset_is_gone_after_centring(row: list[float | None], offset_db: float) -> None:
    balance = Balance.from_sequence(row)
    shifted = Balance.from_sequence([None if v is None else v + offset_db for v in row])
    assert equivalent(balance.centred(), shifted.centred())
    assert equivalent(balance, shifted)
    assert balance.centred().mask == balance.mask


def test_centring_an_array_ignores_masked_stems_row_by_row() -> None:
    rows_db = np.array([[[6.0, 0.0, np.nan, 0.0]], [[np.nan, np.nan, np.nan, np.nan]]])
    expected = [[[4.0, -2.0, np.nan, -2.0]], [[np.nan] * 4]]
    np.testing.assert_allclose(centre(rows_db), expected)


def test_vectors_that_mask_other_stems_are_not_equivalent() -> None:
    assert not equivalent(Move(None, 0.0, 0.0, 0.0), Move(0.0, 0.0, 0.0, 0.0))


def test_vectors_that_differ_in_one_stem_are_not_equivalent() -> None:
    assert not equivalent(Move(1.0, 0.0, 0.0, 0.0), Move(0.0, 0.0, 0.0, 0.0))
