"""Trial lists: overlap, counterbalancing, meetings, repeats, checks; designs that cannot be run."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.protocol.latin import balanced_latin_square
from studies.protocol.lists import (
    Cell,
    Design,
    ImpossibleDesignError,
    cell_counts,
    check_design,
    make_lists,
)
from studies.protocol.spec import Order

PAIRS: list[tuple[int, ...]] = [(1, 2), (1, 3), (2, 3)]
Trials = list[dict[str, Any]]


def design(
    excerpts: int, groups: Sequence[tuple[int, ...]], *, extras: int = 4, blocks: int = 1
) -> Design:
    """Every excerpt with every group of stimuli in every block; training and checks on excerpts of
    their own, in turn over the blocks."""
    items = [(block, number) for block in range(blocks) for number in range(excerpts)]
    main = [
        Cell(place, f"b{block}", f"x{number}", group)
        for place, (block, number) in enumerate(items, 1)
        for group in groups
    ]
    others = [
        Cell(1000 + number, f"b{number % blocks}", f"extra{number}", groups[0])
        for number in range(extras)
    ]
    return Design(main, others[: extras // 2], others[extras // 2 :])


def order(**fields: Any) -> Order:
    return Order(
        **({"participants": 12, "trials_per_person": 6, "overlap": 3, "repeats": 1} | fields)
    )


def excerpts_of(design_: Design, trials: Trials) -> list[str]:
    cells = [*design_.main, *design_.training, *design_.attention]
    by_item = {cell.item: cell.excerpt for cell in cells}
    return [by_item[one["item"]] for one in trials]


@st.composite
def designs(draw: st.DrawFn) -> tuple[Design, Order, int]:
    """Designs that fit: cells of one block or two, as many trials as there is room for."""
    excerpts = draw(st.integers(6, 16))
    groups: Any = draw(st.sampled_from([[(1, 2)], PAIRS, [(1,), (2,)], [(1, 2, 3, 4)]]))
    blocks = draw(st.integers(1, 2))
    made = design(excerpts, groups, extras=draw(st.integers(0, 2)) * 2, blocks=blocks)
    most = min(len(made.main), 2 * excerpts - 6)
    per_person = draw(st.integers(4, most))
    participants = draw(st.integers(4, 20))
    overlap = participants * per_person // len(made.main)
    if overlap < 1:
        participants, overlap = -(-len(made.main) // per_person), 1
    wanted = order(
        participants=participants,
        trials_per_person=per_person,
        overlap=min(overlap, participants),
        repeats=0,
        blocks=draw(st.sampled_from(["as given", "counterbalanced"])),
    )
    return made, wanted, draw(st.integers(0, 999))


@settings(max_examples=60, deadline=None)
@given(designs())
def test_overlap_is_reached_by_every_comparison_and_they_differ_by_one_at_most(
    drawn: tuple[Design, Order, int],
) -> None:
    made, wanted, seed = drawn
    counts = cell_counts(make_lists(made, wanted, seed))
    assert len(counts) == len(made.main)
    assert min(counts.values()) >= wanted.overlap
    assert max(counts.values()) - min(counts.values()) <= 1


@settings(max_examples=60, deadline=None)
@given(designs())
def test_nobody_meets_an_excerpt_more_than_twice_or_in_succession(
    drawn: tuple[Design, Order, int],
) -> None:
    made, wanted, seed = drawn
    for trials in make_lists(made, wanted, seed):
        met = excerpts_of(made, trials)
        assert max(Counter(met).values()) <= 2
        assert all(one != other for one, other in pairwise(met))


@settings(max_examples=40, deadline=None)
@given(designs())
def test_nobody_judges_a_comparison_twice_and_everybody_has_as_many_trials(
    drawn: tuple[Design, Order, int],
) -> None:
    made, wanted, seed = drawn
    for trials in make_lists(made, wanted, seed):
        main = [(one["item"], frozenset(one["sides"])) for one in trials if one["kind"] == "main"]
        assert len(main) == len(set(main)) == wanted.trials_per_person


@settings(max_examples=40, deadline=None)
@given(designs())
def test_training_comes_first_and_checks_stand_at_neither_end(
    drawn: tuple[Design, Order, int],
) -> None:
    made, wanted, seed = drawn
    for trials in make_lists(made, wanted, seed):
        kinds = [one["kind"] for one in trials]
        n_training = len(made.training)
        assert kinds[:n_training] == ["training"] * n_training
        counted = kinds[n_training:]
        assert counted.count("attention") == len(made.attention)
        assert "training" not in counted
        assert "attention" not in (counted[0], counted[-1])


def test_equal_seeds_give_equal_lists_and_other_seeds_give_others() -> None:
    made, wanted = design(12, PAIRS), order(overlap=2)
    assert make_lists(made, wanted, 3) == make_lists(made, wanted, 3)
    assert make_lists(made, wanted, 3) != make_lists(made, wanted, 4)


@pytest.mark.parametrize("groups", [[(1, 2)], PAIRS, [(1, 2, 3, 4)], [(1, 2, 3)]])
def test_each_stimulus_stands_at_each_place_equally_often(groups: list[tuple[int, ...]]) -> None:
    made = design(12, groups)
    lists = make_lists(made, order(participants=24, trials_per_person=12, overlap=4), 1)
    places: dict[tuple[int, ...], Counter[int]] = {}
    for one in (one for trials in lists for one in trials if one["kind"] == "main"):
        places.setdefault(tuple(sorted(one["sides"])), Counter())[one["sides"][0]] += 1
    for first in places.values():
        assert max(first.values()) - min(first.values()) <= 0.1 * sum(first.values())


def test_each_comparison_has_its_sides_turned_equally_often() -> None:
    lists = make_lists(design(12, PAIRS), order(participants=24, overlap=4), 1)
    sides: dict[tuple[int, ...], Counter[int]] = {}
    for one in (one for trials in lists for one in trials if one["kind"] == "main"):
        sides.setdefault((one["item"], *sorted(one["sides"])), Counter())[one["sides"][0]] += 1
    assert all(abs(c[key[1]] - c[key[2]]) <= 1 for key, c in sides.items())


def test_each_person_meets_every_pair_of_systems_about_equally_often() -> None:
    lists = make_lists(design(12, PAIRS), order(participants=12, overlap=2), 1)
    for trials in lists:
        pairs = Counter(tuple(sorted(one["sides"])) for one in trials if one["kind"] == "main")
        assert max(pairs.values()) - min(pairs.get(pair, 0) for pair in PAIRS) <= 2


def test_a_repeat_shows_the_same_stimuli_turned_round_and_later() -> None:
    lists = make_lists(design(16, PAIRS), order(trials_per_person=12, repeats=2, overlap=3), 1)
    for trials in lists:
        repeats = [(place, one) for place, one in enumerate(trials) if one["kind"] == "repeat"]
        assert len(repeats) == 2
        for place, one in repeats:
            first = trials[one["repeat_of"]]
            assert first["kind"] == "main"
            assert first["item"] == one["item"]
            assert first["sides"] == one["sides"][::-1]
            assert place - one["repeat_of"] >= 2


def test_blocks_come_as_given_or_in_turned_orders() -> None:
    made = design(12, [(1, 2)], blocks=2, extras=0)

    def first_blocks(how: str) -> set[str]:
        lists = make_lists(made, order(blocks=how, overlap=1), 1)
        block = {cell.item: cell.block for cell in made.main}
        orders = [[block[one["item"]] for one in trials] for trials in lists]
        assert all(blocks == sorted(blocks) or blocks == sorted(blocks)[::-1] for blocks in orders)
        return {blocks[0] for blocks in orders}

    assert first_blocks("as given") == {"b0"}
    assert first_blocks("counterbalanced") == {"b0", "b1"}


@pytest.mark.parametrize(
    ("made", "wanted", "told"),
    [
        (design(12, PAIRS), order(overlap=6), "36 comparisons x overlap 6 need 216 trials"),
        (design(12, [(1, 2)]), order(trials_per_person=13), "only 12 comparisons"),
        (design(12, [(1, 2)]), order(participants=2), "2 participants x 6 trials are 12"),
        (Design([]), order(), "nothing to compare"),
        (design(3, PAIRS), order(trials_per_person=6, repeats=1), "leave room for 6"),
    ],
)
def test_a_design_that_cannot_be_run_is_refused_in_one_line(
    made: Design, wanted: Order, told: str
) -> None:
    with pytest.raises(ImpossibleDesignError, match=told) as refused:
        check_design(made, wanted)
    assert "\n" not in str(refused.value)


def test_training_on_too_few_excerpts_is_refused() -> None:
    own = [Cell(100 + n, "b0", "x0", (1, 2)) for n in range(3)]
    with pytest.raises(ImpossibleDesignError, match="need 2 excerpts"):
        check_design(Design(design(12, [(1, 2)]).main, own), order())


def test_repeats_without_an_excerpt_met_once_are_refused() -> None:
    with pytest.raises(ImpossibleDesignError, match="repeats"):
        make_lists(design(4, PAIRS, extras=0), order(trials_per_person=8, repeats=1, overlap=1), 1)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 12])
def test_a_balanced_square_has_each_number_after_each_other_one_equally_often(n: int) -> None:
    rows = balanced_latin_square(n)
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(follows) == n * (n - 1)
    assert len(set(follows.values())) == 1
    for column in zip(*rows, strict=True):
        assert set(Counter(column).values()) == {len(rows) // n}
