"""Ratings of systems as plain columns, and as tables of blocks by systems."""

from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Self

import numpy as np

from analysis.annotations import BoolArray, IntArray
from analysis.results import CannotCompute
from analysis.vectors import FloatArray


@dataclass(frozen=True, eq=False)
class SystemRatings:
    """Ratings on one scale; n rows, one for each number given.

    Attributes:
        systems: names, in the order of their indices.
        rater, item: shape (n,), any integers; equal ones are one rater, one item.
        system: shape (n,), index into `systems`.
        value: shape (n,).

    Raises:
        ValueError: shapes do not fit or an index is out of range.
    """

    systems: tuple[str, ...]
    rater: IntArray
    item: IntArray
    system: IntArray
    value: FloatArray

    def __post_init__(self) -> None:
        n = len(self.value)
        for column in fields(self)[1:]:
            kind = np.float64 if column.name == "value" else np.int64
            values = np.asarray(getattr(self, column.name), dtype=kind)
            if values.shape != (n,):
                raise ValueError(f"{column.name}: expected shape ({n},), got {values.shape}")
            object.__setattr__(self, column.name, values)
        if n and not 0 <= self.system.min() <= self.system.max() < len(self.systems):
            raise ValueError(f"system: expected indices of {len(self.systems)} systems")
        if not np.isfinite(self.value).all():
            raise ValueError("value: a rating that is no finite number")

    def __len__(self) -> int:
        return len(self.value)

    def select(self, rows: BoolArray | IntArray) -> Self:
        """The ratings of these rows, a mask or indices."""
        columns = {c.name: getattr(self, c.name)[rows] for c in fields(self)[1:]}
        return replace(self, **columns)

    def of(self, system: int) -> FloatArray:
        """All ratings of one system."""
        return np.asarray(self.value[self.system == system], dtype=np.float64)

    def rated_systems(self) -> list[int]:
        """Indices of the systems that have a rating."""
        return [int(system) for system in np.unique(self.system)]

    def pairs(self) -> list[tuple[int, int]]:
        """Every pair of rated systems."""
        return list(combinations(self.rated_systems(), 2))

    def check_comparable(self) -> None:
        """Refuse what no difference can be tested on.

        Raises:
            CannotCompute: no ratings, one system, or ratings that are all the same.
        """
        if not len(self):
            raise CannotCompute("there are no ratings")
        if len(self.rated_systems()) < 2:
            raise CannotCompute(f"only {self.systems[self.system[0]]} was rated; two are needed")
        if (self.value == self.value[0]).all():
            raise CannotCompute(f"all {len(self)} ratings are {self.value[0]:g}: nothing varies")

    def cell_means(self, block: IntArray) -> FloatArray:
        """Mean rating of each system in each block, (n_blocks, n_systems), NaN where none.

        Args:
            block: shape (n,), any integers.
        """
        labels, number = np.unique(block, return_inverse=True)
        shape = len(labels), len(self.systems)
        cell = number * shape[1] + self.system
        counts = np.bincount(cell, minlength=shape[0] * shape[1])
        sums = np.bincount(cell, self.value, minlength=shape[0] * shape[1])
        with np.errstate(invalid="ignore"):
            means: FloatArray = (sums / counts).reshape(shape)
        return means

    def within(self) -> IntArray:
        """Blocks in which systems meet, shape (n,): one rater on one item."""
        pairs = np.stack([self.rater, self.item], axis=1)
        return np.asarray(np.unique(pairs, axis=0, return_inverse=True)[1]).reshape(-1)

    def paired_differences(self, first: int, second: int) -> tuple[FloatArray, IntArray, IntArray]:
        """First less second wherever one rater rated both on an item.

        Returns:
            Differences, their raters and their items, each shape (m,).
        """
        rows = self.select((self.system == first) | (self.system == second))
        block = rows.within()
        table = rows.cell_means(block)
        _, at = np.unique(block, return_index=True)
        difference = table[:, first] - table[:, second]
        met = np.isfinite(difference)
        return difference[met], rows.rater[at][met], rows.item[at][met]
