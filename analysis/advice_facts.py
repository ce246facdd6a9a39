"""What an advice states and whether it is right, from its structured form."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from analysis.gauge import fewest_moves, moved_stems
from analysis.vectors import STEMS, Move


def stated_share(advice: Mapping[str, Any]) -> float:
    """Share of four things that an advice states: stem, direction, size, interval.

    The first move counts. "Leave it" states what to do with which stems, and an interval where it
    says within how much. NaN where the structured form is not known.

    >>> stated_share({"leave_it": False, "moves": [{"stem": "bass", "direction": "up", "db": 3.0}]})
    0.75
    """
    moves = advice.get("moves")
    if not isinstance(moves, list | tuple):
        return float("nan")
    if not moves:
        return 1.0 if advice.get("within_db") is not None else 0.75
    first = moves[0]
    if not isinstance(first, Mapping):
        return float("nan")
    told = ("stem", "direction", "db", "low_db")
    return sum(first.get(name) is not None for name in told) / len(told)


def is_right(
    advice: Mapping[str, Any], error_db: Mapping[str, float], silent: Collection[str] = ()
) -> float:
    """1.0 where the first move names a stem to be moved and its direction, or nothing is moved
    where nothing is wrong; else 0.0. NaN where the structured form is not known.

    Args:
        error_db: the injected move in dB by stem; stems left out were not moved.
        silent: stems that the mix does not have.

    >>> is_right({"moves": [{"stem": "bass", "direction": "up", "db": 3.0}]}, {"bass": -4.0})
    1.0
    """
    moves = advice.get("moves")
    if not isinstance(moves, list | tuple):
        return float("nan")
    wanted = wanted_moves_db(error_db, silent)
    if not moves or not wanted:
        return float(not moves and not wanted)
    first = moves[0]
    if not isinstance(first, Mapping):
        return float("nan")
    stem = str(first.get("stem"))
    direction = {"up": 1.0, "down": -1.0}.get(str(first.get("direction")), 0.0)
    return float(any(form.get(stem, 0.0) * direction > 0 for form in wanted))


def wanted_moves_db(
    error_db: Mapping[str, float], silent: Collection[str] = ()
) -> list[dict[str, float]]:
    """The correction in each of its equally short forms: stems to be moved, with their dB.

    Empty where nothing is wrong.
    """
    right = Move.from_sequence(
        [None if stem in silent else -float(error_db.get(stem, 0.0)) for stem in STEMS]
    )
    forms = []
    for form in fewest_moves(right) if np.nan_to_num(right.to_array()).any() else ():
        values_db = form.to_mapping()
        forms.append({stem: values_db[stem] or 0.0 for stem in moved_stems(form)})
    return [form for form in forms if form]
