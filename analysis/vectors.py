"""Level as a vector of dB per stem, in two kinds that cannot be confused.

A `Balance` is where the stems are, relative to the stems as imported. A `Move` is balance minus
balance. A stem that is off or inactive is masked (None here, NaN in arrays), never -inf.
Arrays hold the stems on the last axis, in the order of `STEMS`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEMS = ("vocals", "drums", "bass", "other")

FloatArray = NDArray[np.float64]


def centre(values_db: ArrayLike) -> FloatArray:
    """Remove the mean over the active stems, since the overall level is unobservable.

    Args:
        values_db: shape (..., n_stems), NaN where a stem is masked.

    Returns:
        Same shape; masked stems stay NaN, a row without any active stem stays NaN.

    >>> centre([6.0, 0.0, np.nan, 0.0]).tolist()
    [4.0, -2.0, nan, -2.0]
    """
    array = np.asarray(values_db, dtype=np.float64)
    active = np.isfinite(array)
    n_active = np.maximum(active.sum(axis=-1, keepdims=True), 1)
    mean = np.where(active, array, 0.0).sum(axis=-1, keepdims=True) / n_active
    return np.where(active, array - mean, np.nan)


@dataclass(frozen=True)
class _StemVector:
    """Four values in dB, None where masked; NaN is taken as None, infinity is refused."""

    vocals: float | None
    drums: float | None
    bass: float | None
    other: float | None

    def __post_init__(self) -> None:
        for stem in STEMS:
            object.__setattr__(self, stem, _checked(stem, getattr(self, stem)))

    @classmethod
    def from_mapping(cls, values_db: Mapping[str, float | None]) -> Self:
        """Build from {stem: dB or None}; every stem must be named, and no other name.

        Raises:
            ValueError: a stem is missing, unknown, infinite or no number.
        """
        unknown = sorted(set(values_db) - set(STEMS))
        missing = [stem for stem in STEMS if stem not in values_db]
        if unknown or missing:
            raise ValueError(
                f"stems must be exactly {', '.join(STEMS)}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(**values_db)

    @classmethod
    def from_sequence(cls, values_db: Iterable[float | None]) -> Self:
        """Build from four values in the order of `STEMS` (a numpy row will do; NaN is masked).

        Raises:
            ValueError: not four values, or one is infinite or no number.
        """
        values = list(values_db)
        if len(values) != len(STEMS):
            raise ValueError(
                f"expected {len(STEMS)} values ({', '.join(STEMS)}), got {len(values)}"
            )
        return cls(*values)

    def to_mapping(self) -> dict[str, float | None]:
        """{stem: dB or None}, in the order of `STEMS`."""
        return {stem: getattr(self, stem) for stem in STEMS}

    def to_array(self) -> FloatArray:
        """Shape (4,), NaN where masked."""
        values = self.to_mapping().values()
        return np.array([np.nan if value is None else value for value in values])

    @property
    def mask(self) -> tuple[bool, bool, bool, bool]:
        """True where the stem counts, False where it is off or inactive."""
        return (
            self.vocals is not None,
            self.drums is not None,
            self.bass is not None,
            self.other is not None,
        )

    def centred(self) -> Self:
        """The same vector with the mean over its active stems removed."""
        return type(self).from_sequence(centre(self.to_array()).tolist())


def _checked(stem: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{stem}: expected dB as a number or None, got {value!r}")
    number = float(value)
    if math.isinf(number):
        raise ValueError(f"{stem}: {number} dB is no level; a stem that is off is None")
    return None if math.isnan(number) else number


@dataclass(frozen=True)
class Move(_StemVector):
    """Balance minus balance: an error, a correction, what advice suggests."""


@dataclass(frozen=True)
class Balance(_StemVector):
    """Where the stems are: an annotation, the consensus, a reference."""

    def __sub__(self, start: Any) -> Move:
        """The move from `start` to this balance; masked where either is masked."""
        if not isinstance(start, Balance):
            return NotImplemented
        return Move.from_sequence((self.to_array() - start.to_array()).tolist())

    def __add__(self, move: Any) -> "Balance":
        """The balance that a move leads to; masked where either is masked."""
        if not isinstance(move, Move):
            return NotImplemented
        return Balance.from_sequence((self.to_array() + move.to_array()).tolist())


def equivalent(first: _StemVector, second: _StemVector, tolerance_db: float = 1e-6) -> bool:
    """Whether two vectors of one kind differ only by a common offset, so sound the same.

    Raises:
        TypeError: a balance is compared with a move.
    """
    if type(first) is not type(second):
        raise TypeError(f"cannot compare {type(first).__name__} with {type(second).__name__}")
    if first.mask != second.mask:
        return False
    difference_db = centre(first.to_array()) - centre(second.to_array())
    return bool(np.all(np.abs(difference_db[list(first.mask)]) <= tolerance_db))
