"""Attention checks: the right answer of an item, and whether somebody gave it.

An item's answer is {question: {kind: value}}, told by stimulus number and never by letter:

    {"choose": n}    the choice falls on stimulus n
    {"exactly": v}   the scale is set to v
    {"lowest": n}    stimulus n stands below every other one
    {"last": n}      stimulus n is ranked last, alone
"""

from collections.abc import Mapping, Sequence
from typing import Any

from studies.protocol.answers import letters_of

Answer = Mapping[str, Mapping[str, Any]]


def is_right(answer: Answer, sides: Sequence[int], values: Mapping[str, Any]) -> bool:
    """Whether every question of `answer` was answered as it should be.

    `sides` are stimulus numbers in the order shown (A first), `values` answers by question.
    """
    letters = dict(zip(sides, letters_of(len(sides)), strict=True))
    return all(
        _question_is_right(kind, wanted, letters, values.get(key))
        for key, rule in answer.items()
        for kind, wanted in rule.items()
    )


def _question_is_right(kind: str, wanted: Any, letters: Mapping[int, str], value: Any) -> bool:
    if kind == "exactly":
        return isinstance(value, int | float) and abs(value - wanted) < 1e-6
    letter = letters[wanted]
    if kind == "choose":
        return bool(value == letter)
    if kind == "lowest":
        return (
            isinstance(value, Mapping)
            and letter in value
            and all(value[letter] < other for one, other in value.items() if one != letter)
        )
    if kind == "last":
        return isinstance(value, list) and bool(value) and value[-1] in (letter, [letter])
    raise ValueError(f"attention check: no rule {kind!r}")
