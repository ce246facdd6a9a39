"""One person's sitting: training first, then block after block, checks and repeats among them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from studies.protocol.dealing import MOST_MEETINGS, Cell, ImpossibleDesignError

# A repeat comes at least so many trials after the first showing, where the list has the length.
REPEAT_DISTANCE = 4
# Exchanges tried to keep an excerpt from coming twice in succession.
EXCHANGES = 300


@dataclass(frozen=True, slots=True)
class Showing:
    """One trial of a list; `repeat_of` is the place in the list of what is shown again."""

    cell: Cell
    kind: str
    repeat_of: int | None = None


@dataclass(slots=True)
class _Turn:
    cell: Cell
    kind: str
    first: "_Turn | None" = None


def sitting(
    hand: Sequence[Cell],
    *,
    training: Sequence[Cell],
    attention: Sequence[Cell],
    repeats: int,
    blocks: Sequence[str],
    rng: random.Random,
) -> list[Showing]:
    """The trials of one person in order, main cells as far as possible in that of `hand`.

    Attention checks are spread and never first or last of the trials that count; a repeat follows
    its first showing at a distance, in the same block; no excerpt comes twice in succession.

    Raises:
        ImpossibleDesignError: there is no such order.
    """
    turns = [_Turn(cell, "main") for block in blocks for cell in hand if cell.block == block]
    for first in _repeated(turns, [*training, *attention], repeats):
        turns.insert(_place_of_repeat(turns, first), _Turn(first.cell, "repeat", first))
    for number, cell in enumerate(attention):
        _insert_check(turns, cell, (number + 1) / (len(attention) + 1), rng)
    before = [
        _Turn(cell, "training") for block in blocks for cell in training if cell.block == block
    ]
    turns = before + turns
    _set_apart(turns, len(before), rng)
    places = {id(turn): place for place, turn in enumerate(turns)}
    return [
        Showing(one.cell, one.kind, None if one.first is None else places[id(one.first)])
        for one in turns
    ]


def _repeated(turns: list[_Turn], others: Sequence[Cell], count: int) -> list[_Turn]:
    """The trials to be shown again: on excerpts met once, as early in their block as can be.

    The last of a block has no trial between itself and its repeat: it changes places with another
    where it is needed.
    """
    met = Counter(cell.excerpt for cell in (*(one.cell for one in turns), *others))
    last = {one.cell.block: place for place, one in enumerate(turns)}
    by_distance = sorted(enumerate(turns), key=lambda pair: pair[0] - last[pair[1].cell.block])
    # The excerpt of a repeat is met twice by it alone, so one repeat an excerpt.
    free: dict[str, _Turn] = {}
    for _, one in by_distance:
        if met[one.cell.excerpt] < MOST_MEETINGS:
            free.setdefault(one.cell.excerpt, one)
    chosen = list(free.values())[:count]
    if len(chosen) < count or not all(_is_movable(turns, one, chosen) for one in chosen):
        raise ImpossibleDesignError(
            f"order.repeats = {count}: of a person's trials only {len(chosen)} can be shown again, "
            "on an excerpt met once and with another trial of the block between; ask for more "
            "trials, fewer repeats, or add excerpts"
        )
    return chosen


def _is_movable(turns: list[_Turn], one: _Turn, chosen: Sequence[_Turn]) -> bool:
    """Whether another trial of the block comes after this one; makes it so where it can."""
    own = [place for place, other in enumerate(turns) if other.cell.block == one.cell.block]
    if turns[own[-1]] is not one:
        return True
    for place in own[:-1]:
        if all(turns[place] is not other for other in chosen):
            turns[place], turns[own[-1]] = turns[own[-1]], turns[place]
            return True
    return False


def _place_of_repeat(turns: Sequence[_Turn], first: _Turn) -> int:
    """Where a repeat goes: at a distance, within its block, as late as half of what is left."""
    place = next(number for number, one in enumerate(turns) if one is first)
    end = max(number for number, one in enumerate(turns) if one.cell.block == first.cell.block) + 1
    return min(end, max(place + REPEAT_DISTANCE, (place + end + 1) // 2))


def _insert_check(turns: list[_Turn], cell: Cell, share: float, rng: random.Random) -> None:
    """Put an attention check into its block at about this share of the way, never at either end."""
    inside = [
        place
        for place in range(1, len(turns))
        if cell.block in (turns[place - 1].cell.block, turns[place].cell.block)
    ]
    if not inside:
        raise ImpossibleDesignError(
            f"gates.attention: block {cell.block!r} has too few trials a person for a check "
            "between them; ask for more trials, or for no checks"
        )
    block_share = share * (len(inside) - 1) + rng.uniform(-0.5, 0.5)
    place = inside[min(len(inside) - 1, max(0, round(block_share)))]
    turns.insert(place, _Turn(cell, "attention"))


def _set_apart(turns: list[_Turn], start: int, rng: random.Random) -> None:
    """Exchange trials of one block, as near as can be, until no excerpt comes twice in succession.
    What comes before `start` is training and stays.

    Raises:
        ImpossibleDesignError: no exchange helps.
    """
    for _ in range(EXCHANGES):
        clash = _first_clash(turns)
        if clash is None:
            return
        places = [place for place in (clash, clash - 1) if place >= start]
        if not any(_exchange(turns, place, start) for place in places):
            _shake(turns, start, rng)
    raise ImpossibleDesignError(
        "items: too few excerpts to keep the same one from coming twice in succession; add excerpts"
    )


def _first_clash(turns: Sequence[_Turn]) -> int | None:
    for place in range(1, len(turns)):
        if turns[place].cell.excerpt == turns[place - 1].cell.excerpt:
            return place
    return None


def _n_clashes(turns: Sequence[_Turn]) -> int:
    excerpts = [one.cell.excerpt for one in turns]
    return sum(one == other for one, other in pairwise(excerpts))


def _exchange(turns: list[_Turn], place: int, start: int) -> bool:
    """Exchange the trial at `place` with the nearest that leaves fewer clashes."""
    before = _n_clashes(turns)
    for other in sorted(range(start, len(turns)), key=lambda one: abs(one - place)):
        if _may_exchange(turns, place, other, start):
            if _n_clashes(turns) < before:
                return True
            turns[place], turns[other] = turns[other], turns[place]
    return False


def _shake(turns: list[_Turn], start: int, rng: random.Random) -> None:
    """Exchange any two, to come out of an order that no single exchange mends."""
    _may_exchange(turns, rng.randrange(start, len(turns)), rng.randrange(start, len(turns)), start)


def _may_exchange(turns: list[_Turn], place: int, other: int, start: int) -> bool:
    """Exchange two trials of one block, unless an order would come out that is not allowed."""
    if place == other or turns[place].cell.block != turns[other].cell.block:
        return False
    turns[place], turns[other] = turns[other], turns[place]
    if _is_allowed(turns, start):
        return True
    turns[place], turns[other] = turns[other], turns[place]
    return False


def _is_allowed(turns: Sequence[_Turn], start: int) -> bool:
    """Repeats follow what they repeat, with another trial between; checks are at neither end."""
    if "attention" in (turns[start].kind, turns[-1].kind):
        return False
    places = {id(one): place for place, one in enumerate(turns)}
    return all(
        one.first is None or places[id(one.first)] + 1 < place for place, one in enumerate(turns)
    )
