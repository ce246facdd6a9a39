"""The fewest-moves gauge, with every answer that counts as right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.gauge import DEAD_ZONE_DB, fewest_moves, moved_stems
from analysis.vectors import Move, equivalent

row_db = st.lists(
    st.one_of(st.none(), st.integers(-120, 120).map(lambda tenth: tenth / 10)),
    min_size=4,
    max_size=4,
)


def rows(move: Move) -> list[tuple[float | None, ...]]:
    return [
        tuple(None if value is None else round(value, 6) for value in form.to_mapping().values())
        for form in fewest_moves(move)
    ]


def test_one_altered_stem_is_shown_as_one_move_whatever_the_common_offset() -> None:
    assert rows(Move(7.0, 1.0, 1.0, 1.0)) == [(6.0, 0.0, 0.0, 0.0)]


def test_two_of_four_have_two_equivalent_answers_and_the_given_one_is_first() -> None:
    assert rows(Move(6.0, 6.0, 0.0, 0.0)) == [(6, 6, 0, 0), (0, 0, -6, -6)]


def test_two_of_three_active_stems_are_one_move_of_the_third() -> None:
    assert rows(Move(6.0, 6.0, None, 0.0)) == [(0, 0, None, -6)]


def test_equal_counts_are_decided_by_the_smaller_total_move() -> None:
    # Resting the 0 moves 3 + 9 dB, resting the 3 moves 3 + 6 dB, resting the 9 moves 9 + 6 dB.
    assert rows(Move(0.0, 3.0, 9.0, None)) == [(-3, 0, 6, None)]


def test_four_different_stems_tie_between_the_two_middle_ones() -> None:
    assert rows(Move(10.0, 5.0, 0.0, -5.0)) == [(10, 5, 0, -5), (5, 0, -5, -10)]


def test_stems_within_the_dead_zone_count_as_unmoved() -> None:
    (form,) = fewest_moves(Move(6.0, 0.0, 0.5, 0.9))
    assert moved_stems(form) == ("vocals",)


def test_a_move_common_to_all_stems_is_no_move() -> None:
    assert rows(Move(5.0, 5.0, 5.0, 5.0)) == [(0, 0, 0, 0)]


@pytest.mark.parametrize("row", [(None,) * 4, (3.0, None, None, None)])
def test_fewer_than_two_active_stems_leave_nothing_moved(row: tuple[float | None, ...]) -> None:
    (form,) = fewest_moves(Move.from_sequence(row))
    assert moved_stems(form) == ()
    assert form.mask == Move.from_sequence(row).mask


@given(row_db)
def test_no_offset_on_a_fine_grid_moves_fewer_stems(row: list[float | None]) -> None:
    move = Move.from_sequence(row)
    forms = fewest_moves(move)
    active_db = np.array([value for value in row if value is not None])
    if active_db.size == 0:
        assert forms == (move,)
        return
    grid_db = np.arange(-130, 130.5, 0.05)[:, None]
    moved = (np.abs(active_db - grid_db) > DEAD_ZONE_DB + 1e-9).sum(axis=1)
    fewest = int(moved.min())
    shortest_db = np.abs(active_db - grid_db).sum(axis=1)[moved == fewest].min()
    for form in forms:
        assert equivalent(form, move)
        assert len(moved_stems(form)) == fewest
        assert np.nansum(np.abs(form.to_array())) <= shortest_db + 1e-6


@given(row_db, st.integers(-60, 60))
def test_the_answers_do_not_depend_on_the_common_offset(
    row: list[float | None], offset_db: int
) -> None:
    shifted = [None if value is None else value + offset_db for value in row]
    assert set(rows(Move.from_sequence(row))) == set(rows(Move.from_sequence(shifted)))
