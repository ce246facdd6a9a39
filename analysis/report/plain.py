"""Results as plain values for JSON, and figures that cannot be given as the reason why."""

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from analysis.results import CannotCompute

Plain = dict[str, Any]
CANNOT = "cannot"
"""The key under which a part of the report says why it is not there."""


def plain(value: Any) -> Any:
    """Dataclasses as objects, arrays as lists; NaN and infinity become null."""
    if hasattr(value, "as_json"):
        value = value.as_json()
    elif is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def readable(text: str) -> str:
    """The text without what no page, table or figure can hold: control characters and halves of
    surrogate pairs, which JSON can carry.

    >>> readable("a\\x00b")
    'a\ufffdb'
    """
    if text.isprintable():
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c in "\n\t" or ord(c) >= 32 else "\N{REPLACEMENT CHARACTER}" for c in whole)


def attempt(part: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What the call gives as plain values, or {"cannot": why}."""
    try:
        return plain(part(*given, **named))
    except CannotCompute as reason:
        return {CANNOT: str(reason)}


def is_given(part: Any) -> bool:
    """Whether a part holds figures rather than the reason why there are none."""
    return isinstance(part, Mapping) and CANNOT not in part


def generator(seed: int, name: str) -> np.random.Generator:
    """Randomness of its own for each part, so that one part does not change another's figures."""
    return np.random.default_rng([seed, zlib.crc32(name.encode("utf-8", "surrogatepass"))])
