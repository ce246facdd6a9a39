"""Which comparisons each person gets: every one equally often, no excerpt too often for anyone."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.protocol.latin import balanced_latin_square

MOST_MEETINGS = 2
"""How often a person may meet an excerpt, whatever for (listening.md)."""


class ImpossibleDesignError(ValueError):
    """A design that cannot be run as it stands: one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison: an item, and the numbers of those of its stimuli that are shown together."""

    item: int
    block: str
    excerpt: str
    stimuli: tuple[int, ...]


Hand = list[Cell]


def deal(
    cells: Sequence[Cell],
    *,
    participants: int,
    per_person: int,
    room: Mapping[str, int],
    rng: random.Random,
) -> list[Hand]:
    """`per_person` different cells for each person; how often each is dealt differs by at most one.

    `room` says how often a person may still meet each excerpt.

    Raises:
        ImpossibleDesignError: the excerpts are too few for that.
    """
    circle = _circle(cells, rng)
    starts = (person * per_person for person in range(participants))
    hands = [
        [circle[(start + step) % len(circle)] for step in range(per_person)] for start in starts
    ]
    for hand in hands:
        _make_room(hand, hands, room, rng)
    return hands


def _circle(cells: Sequence[Cell], rng: random.Random) -> list[Cell]:
    """All cells in a circle on which the same excerpt, and the same systems, come round as evenly
    as can be: any run of it is a fair sample."""
    excerpts = sorted({cell.excerpt for cell in cells})
    rng.shuffle(excerpts)
    blocks: dict[str, list[Cell]] = {}
    for cell in cells:
        blocks.setdefault(cell.block, []).append(cell)
    placed: list[tuple[float, int, Cell]] = []
    for number, own in enumerate(blocks.values()):
        # Blocks go through the excerpts in one order, each from another place on.
        first = round(number / len(blocks) * len(excerpts))
        ring = _block_circle(own, excerpts[first:] + excerpts[:first])
        placed += [((place + 0.5) / len(ring), number, cell) for place, cell in enumerate(ring)]
    return [cell for _, _, cell in sorted(placed, key=lambda one: one[:2])]


def _block_circle(cells: Sequence[Cell], excerpts: Sequence[str]) -> list[Cell]:
    """Round after round over the excerpts; in a round neighbours differ in what is compared, by
    the rows of a balanced Latin square."""
    own: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda one: (one.item, one.stimuli)):
        own.setdefault(cell.excerpt, []).append(cell)
    ring = []
    for turn in range(max(len(some) for some in own.values())):
        for place, excerpt in enumerate(one for one in excerpts if one in own):
            some = own[excerpt]
            if turn < len(some):
                rows = balanced_latin_square(len(some))
                ring.append(some[rows[place % len(rows)][turn]])
    return ring


def _make_room(
    hand: Hand, hands: Sequence[Hand], room: Mapping[str, int], rng: random.Random
) -> None:
    """Exchange with others what this person would meet too often: nothing is dealt more or less
    often by that."""
    met = Counter(cell.excerpt for cell in hand)
    for place, cell in enumerate(hand):
        if met[cell.excerpt] <= room[cell.excerpt]:
            continue
        found = _exchange(cell, hand, met, hands, room, rng)
        if found is None:
            raise ImpossibleDesignError(
                "order.trials_per_person: nobody may meet an excerpt more than "
                f"{MOST_MEETINGS} times; ask for fewer trials, or add excerpts"
            )
        other, other_place = found
        hand[place], other[other_place] = other[other_place], cell
        met[cell.excerpt] -= 1
        met[hand[place].excerpt] += 1


def _exchange(
    cell: Cell,
    hand: Hand,
    met: Counter[str],
    hands: Sequence[Hand],
    room: Mapping[str, int],
    rng: random.Random,
) -> tuple[Hand, int] | None:
    """Somebody's cell to take for `cell`, such that both keep to the rule; of the same block where
    there is one."""
    fallback = None
    for number in rng.sample(range(len(hands)), len(hands)):
        other = hands[number]
        if other is hand or cell in other:
            continue
        if sum(one.excerpt == cell.excerpt for one in other) >= room[cell.excerpt]:
            continue
        for place, one in enumerate(other):
            if one in hand or met[one.excerpt] >= room[one.excerpt]:
                continue
            if one.block == cell.block:
                return other, place
            fallback = fallback or (other, place)
    return fallback
