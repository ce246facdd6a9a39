"""Annotations as plain arrays, and the gauge in which they can be compared."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, FloatArray, centre

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_ALIGNMENT_ROUNDS = 50
_ALIGNED_DB = 1e-9


@dataclass(frozen=True, eq=False)
class Annotations:
    """Many people's balances of many excerpts; n rows, one for each annotation.

    Attributes:
        excerpt: shape (n,), index into `stem_loudness_lufs`.
        annotator: shape (n,), any non-negative integers; equal ones are one person.
        balance_db: shape (n, 4), dB relative to the stems as imported, NaN where the fader is off.
        stem_loudness_lufs: shape (n_excerpts, 4), loudness of the stems as imported, NaN where
            the stem is inactive. A value given for an inactive stem is dropped.
        repeat: shape (n,), 0 for the first time a person balances an excerpt, 1 for the second.
        at_top: shape (n, 4), True where the fader stood at its upper end.

    Raises:
        ValueError: shapes do not fit, an index is out of range, a take is there twice, or a value
            is infinite.
    """

    excerpt: IntArray
    annotator: IntArray
    balance_db: FloatArray
    stem_loudness_lufs: FloatArray
    repeat: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    at_top: BoolArray = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        wide, tall = (len(self.excerpt), len(STEMS)), (len(self.excerpt),)
        shapes: dict[str, tuple[int, ...]] = {"excerpt": tall, "annotator": tall, "repeat": tall}
        shapes |= {"balance_db": wide, "at_top": wide}
        kinds = {"at_top": np.bool_, "balance_db": np.float64}
        for name, shape in shapes.items():
            given = getattr(self, name)
            value: NDArray[Any] = np.asarray(given, dtype=kinds.get(name, np.int64))
            if value.size == 0 and name in ("repeat", "at_top"):
                value = np.zeros(shape, dtype=value.dtype)
            if value.shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {value.shape}")
            object.__setattr__(self, name, value)
        loudness = np.asarray(self.stem_loudness_lufs, dtype=np.float64)
        object.__setattr__(self, "stem_loudness_lufs", loudness)
        self._check_values()
        active = self.active_stems[self.excerpt]
        object.__setattr__(self, "balance_db", np.where(active, self.balance_db, np.nan))

    def _check_values(self) -> None:
        loudness = self.stem_loudness_lufs
        if loudness.ndim != 2 or loudness.shape[1] != len(STEMS):
            raise ValueError(f"stem_loudness_lufs: expected shape (n, 4), got {loudness.shape}")
        if self.excerpt.size and not (
            0 <= self.excerpt.min() <= self.excerpt.max() < len(loudness)
        ):
            raise ValueError(f"excerpt: indices must lie in 0..{len(loudness) - 1}")
        if self.annotator.size and self.annotator.min() < 0:
            raise ValueError("annotator: indices must not be negative")
        takes = np.stack([self.excerpt, self.annotator, self.repeat], axis=1)
        if len(np.unique(takes, axis=0)) < len(takes):
            raise ValueError("repeat: one person has two takes of an excerpt with the same number")
        for name in ("balance_db", "stem_loudness_lufs"):
            if np.isinf(getattr(self, name)).any():
                raise ValueError(f"{name}: infinite level; a stem that is off or inactive is NaN")

    def __len__(self) -> int:
        return len(self.excerpt)

    @property
    def n_excerpts(self) -> int:
        return len(self.stem_loudness_lufs)

    @property
    def active_stems(self) -> BoolArray:
        """Shape (n_excerpts, 4), True where the stem is active in the excerpt."""
        return np.isfinite(self.stem_loudness_lufs)

    def select(self, rows: BoolArray | IntArray) -> Self:
        """The same excerpts with only these rows (a mask or indices)."""
        names = ("excerpt", "annotator", "balance_db", "repeat", "at_top")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def comparable(self) -> Self:
        """First takes with at least two faders up: what agreement and consensus are made from.

        One fader alone says nothing about a balance, and a repeat is no second opinion.
        """
        return self.select((self.repeat == 0) & (np.isfinite(self.balance_db).sum(axis=1) >= 2))


def aligned_balances(annotations: Annotations) -> FloatArray:
    """Balances of shape (n, 4) with each annotation's common offset removed, NaN where masked.

    An annotation with all active stems up is centred over them. One with a stem off cannot be
    centred over fewer stems without moving all its others, so its offset is the one that brings
    its remaining stems, on average, to the excerpt's mean of those stems; both are solved together.
    """
    balance_db, excerpt = annotations.balance_db, annotations.excerpt
    aligned_db = centre(balance_db)
    partial = np.isfinite(balance_db).sum(axis=1) < annotations.active_stems[excerpt].sum(axis=1)
    if not partial.any():
        return aligned_db
    for _ in range(_ALIGNMENT_ROUNDS):
        mean_db = centre(excerpt_means(aligned_db, excerpt, annotations.n_excerpts))
        residual_db = aligned_db - mean_db[excerpt]
        shift_db = np.where(partial, row_means(residual_db), 0.0)
        aligned_db = aligned_db - shift_db[:, None]
        if np.abs(shift_db).max() < _ALIGNED_DB:
            break
    return aligned_db


def relative_loudness(annotations: Annotations) -> FloatArray:
    """Loudness of each stem within the annotated mix, shape (n, 4), centred over active stems, LU.

    Stem loudness plus balance: what people agree on, unlike the faders, which also carry how loud
    the stems happened to be. Where excerpts differ in which stems are active, each is centred over
    its own.
    """
    return (
        aligned_balances(annotations) + centre(annotations.stem_loudness_lufs)[annotations.excerpt]
    )


def row_means(values: FloatArray) -> FloatArray:
    """Mean over the stems that are not NaN, shape (n,); 0 for a row without any."""
    present = np.isfinite(values)
    total = np.where(present, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(present.sum(axis=1), 1), dtype=np.float64)


def excerpt_sums(values: FloatArray, excerpt: IntArray, n_excerpts: int) -> FloatArray:
    """Sums over the rows of each excerpt, NaN skipped; (n, 4) to (n_excerpts, 4)."""
    columns = [
        np.bincount(excerpt, np.nan_to_num(values[:, stem]), n_excerpts)
        for stem in range(values.shape[1])
    ]
    return np.stack(columns, axis=1)


def excerpt_counts(values: FloatArray, excerpt: IntArray, n_excerpts: int) -> FloatArray:
    """How many rows of each excerpt have a value, shape (n_excerpts, 4)."""
    return excerpt_sums(np.isfinite(values).astype(np.float64), excerpt, n_excerpts)


def excerpt_means(values: FloatArray, excerpt: IntArray, n_excerpts: int) -> FloatArray:
    """Means over the rows of each excerpt, shape (n_excerpts, 4); NaN where there is no row."""
    counts = excerpt_counts(values, excerpt, n_excerpts)
    sums = excerpt_sums(values, excerpt, n_excerpts)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
