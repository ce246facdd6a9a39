"""Trial lists: one whole way through a study for each person, made at freezing from a seed.

Every comparison is judged `overlap` times or more, and none more than once more often than another;
sides and places follow balanced Latin squares; nobody meets an excerpt more than twice, nor twice
in succession. Pure: a list is a function of the cells, the order and the seed.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studies.protocol.dealing import MOST_MEETINGS, Cell, Hand, ImpossibleDesignError, deal
from studies.protocol.latin import balanced_latin_square
from studies.protocol.sitting import Showing, sitting
from studies.protocol.spec import Order

__all__ = ["Cell", "Design", "ImpossibleDesignError", "check_design", "make_lists"]


@dataclass(frozen=True, slots=True)
class Design:
    """What is compared, and what stands beside: training and attention trials for everybody."""

    main: Sequence[Cell]
    training: Sequence[Cell] = ()
    attention: Sequence[Cell] = ()

    def room(self) -> dict[str, int]:
        """How often a person may meet each excerpt of a main cell, beside training and checks."""
        taken = Counter(cell.excerpt for cell in (*self.training, *self.attention))
        return {cell.excerpt: MOST_MEETINGS - taken[cell.excerpt] for cell in self.main}


def check_design(design: Design, order: Order) -> None:
    """Raises ImpossibleDesignError, one line, for what no order of trials can mend."""
    n_cells, per_person = len(design.main), order.trials_per_person
    n_trials = order.participants * per_person
    if n_cells == 0:
        raise ImpossibleDesignError("items: nothing to compare; list items or draw some")
    if per_person > n_cells:
        raise ImpossibleDesignError(
            f"order.trials_per_person = {per_person}: there are only {n_cells} comparisons, and "
            f"nobody judges one twice but as a repeat; ask for {n_cells} or fewer"
        )
    if n_cells * order.overlap > n_trials:
        raise ImpossibleDesignError(
            f"order: {n_cells} comparisons x overlap {order.overlap} need "
            f"{n_cells * order.overlap} trials; {order.participants} participants x {per_person} "
            f"trials are {n_trials}"
        )
    _check_room(design, order)


def _check_room(design: Design, order: Order) -> None:
    room, per_person = design.room(), order.trials_per_person
    extra = Counter(cell.excerpt for cell in (*design.training, *design.attention))
    often = next((name for name, count in extra.items() if count > MOST_MEETINGS), None)
    n_extra = len(design.training) + len(design.attention)
    if often is not None:
        raise ImpossibleDesignError(
            f"gates: {n_extra} training and attention trials need {-(-n_extra // MOST_MEETINGS)} "
            f"excerpts or more; there are {len(extra)}"
        )
    places = sum(room.values())
    if per_person + order.repeats > places:
        raise ImpossibleDesignError(
            f"order.trials_per_person = {per_person} with {order.repeats} repeats, {n_extra} "
            f"training and attention trials: {len(room)} excerpts leave room for {places}, since "
            f"nobody meets an excerpt more than {MOST_MEETINGS} times"
        )
    for excerpt, count in Counter(cell.excerpt for cell in design.main).items():
        if count * per_person > room[excerpt] * len(design.main):
            raise ImpossibleDesignError(
                f"items: {count} of {len(design.main)} comparisons are on one excerpt, too many "
                f"for {per_person} trials a person when nobody meets it more than "
                f"{MOST_MEETINGS} times; add excerpts, or ask for fewer trials"
            )


def make_lists(design: Design, order: Order, seed: int) -> list[list[dict[str, Any]]]:
    """One list for each participant, as `TrialList.trials` keeps them.

    Raises:
        ImpossibleDesignError: the design cannot be run; one line that says what to change.
    """
    check_design(design, order)
    rng = random.Random(seed)
    hands = deal(
        design.main,
        participants=order.participants,
        per_person=order.trials_per_person,
        room=design.room(),
        rng=rng,
    )
    sides = _Sides([*design.main, *design.training, *design.attention])
    lists = []
    for number, hand in enumerate(hands):
        shown = sitting(
            _in_turn(hand, number, rng),
            training=design.training,
            attention=design.attention,
            repeats=order.repeats,
            blocks=_block_order(design.main, order, number),
            rng=rng,
        )
        lists.append(_as_data(shown, sides))
    return lists


def _in_turn(hand: Hand, number: int, rng: random.Random) -> Hand:
    """A person's cells in the order of a row of the square, so that places are counterbalanced."""
    rows = balanced_latin_square(len(hand))
    shift = rng.randrange(len(hand))
    return [hand[(place + shift) % len(hand)] for place in rows[number % len(rows)]]


def _block_order(cells: Sequence[Cell], order: Order, number: int) -> list[str]:
    blocks = list(dict.fromkeys(cell.block for cell in cells))
    if order.blocks == "as given":
        return blocks
    rows = balanced_latin_square(len(blocks))
    return [blocks[place] for place in rows[number % len(rows)]]


class _Sides:
    """In which order the stimuli of a cell stand, from one showing to the next: the rows of a
    balanced Latin square, begun at another row for each cell, so that both every cell and every
    person meets each stimulus at each place equally often."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._shown: Counter[Cell] = Counter()
        alike: Counter[tuple[str, tuple[int, ...]]] = Counter()
        self._first: dict[Cell, int] = {}
        for cell in cells:
            self._first[cell] = alike[cell.block, cell.stimuli]
            alike[cell.block, cell.stimuli] += 1

    def next(self, cell: Cell) -> tuple[int, ...]:
        rows = balanced_latin_square(len(cell.stimuli))
        row = rows[(self._first[cell] + self._shown[cell]) % len(rows)]
        self._shown[cell] += 1
        return tuple(cell.stimuli[place] for place in row)


def _as_data(shown: Sequence[Showing], sides: _Sides) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = []
    for one in shown:
        if one.repeat_of is None:
            order = sides.next(one.cell)
        else:
            # Turned round, so that who always takes the first is found out.
            order = tuple(data[one.repeat_of]["sides"][::-1])
        data.append(
            {
                "item": one.cell.item,
                "kind": one.kind,
                "sides": list(order),
                "repeat_of": one.repeat_of,
            }
        )
    return data


def cell_counts(
    lists: Sequence[Sequence[Mapping[str, Any]]],
) -> Counter[tuple[int, tuple[int, ...]]]:
    """How often each main comparison is in these lists: (item, its stimuli in rising order)."""
    return Counter(
        (int(one["item"]), tuple(sorted(one["sides"])))
        for own in lists
        for one in own
        if one["kind"] == "main"
    )
