"""What is wrong with a problem mix: the distribution of gain errors, to draw from and to reason by.

An error is the move from the reference balance to the problem; the right correction is its
negative. Arrays hold the stems in the order of STEMS on the last axis, 0 where unmoved and NaN
where masked. The same distribution is drawn from in training and is the prior in every posterior.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS

# scipy is imported where it is used: web processes load this module and start without it.

SMALLEST_DB, LARGEST_DB = 1.5, 12.0
_GRID_STEP_DB = 0.5
_PAIR_STEP_DB = 1.5
_N_ALL = 1024
_HYPOTHESIS_SEED = 20250101

Floats = NDArray[np.float64]
Mask = Sequence[bool]


@dataclass(frozen=True)
class ErrorDistribution:
    """Shares of problems by the number of moved stems, and sizes uniform in [smallest, largest].

    `movable` names the stems that can be moved when fewer than all are; signs are equally likely.
    """

    name: str
    none: float
    one: float
    two: float
    every: float
    smallest_db: float = SMALLEST_DB
    largest_db: float = LARGEST_DB
    movable: tuple[str, ...] = STEMS

    def __post_init__(self) -> None:
        total = self.none + self.one + self.two + self.every
        if abs(total - 1.0) > 1e-9 or min(self.none, self.one, self.two, self.every) < 0.0:
            raise ValueError(f"{self.name}: shares add up to {total:g}; they must add up to 1")

    def draw(self, rng: np.random.Generator, mask: Mask, anchor: str | None = None) -> Floats:
        """One error (4,): 0 where unmoved, NaN where `mask` is False.

        `anchor` names a stem that stays. A pattern that the active stems do not allow falls back
        to the next smaller one.
        """
        free = self._free(mask, anchor)
        n_active = int(np.sum(mask))
        n_moved = int(rng.choice([0, 1, 2, 4], p=[self.none, self.one, self.two, self.every]))
        error_db = np.where(mask, 0.0, np.nan)
        if n_active < 2:  # nothing can be told from one stem alone
            return error_db
        moved = np.flatnonzero(mask) if n_moved == 4 else rng.permutation(free)[:n_moved]
        sizes_db = rng.uniform(self.smallest_db, self.largest_db, size=len(moved))
        error_db[moved] = sizes_db * rng.choice([-1.0, 1.0], size=len(moved))
        return error_db

    def _free(self, mask: Mask, anchor: str | None) -> list[int]:
        return [
            index
            for index, stem in enumerate(STEMS)
            if mask[index] and stem in self.movable and stem != anchor
        ]


USUAL = ErrorDistribution("usual", none=0.25, one=0.45, two=0.20, every=0.10)
PUBLISHED = ErrorDistribution(
    "published",
    none=0.2,
    one=0.8,
    two=0.0,
    every=0.0,
    smallest_db=3.0,
    movable=("vocals", "drums", "bass"),
)
PUBLISHED_CATEGORIES_DB = ((0.0, 0.0), (-6.0, -3.0), (-12.0, -6.0), (3.0, 6.0), (6.0, 12.0))


def draw_published(
    rng: np.random.Generator, category: int, mask: Mask
) -> tuple[Floats, str | None]:
    """A problem of the published protocol: the error (4,) and the anchor that is named.

    Five equal categories; one of vocals, drums and bass is altered; the anchor is one of the
    unaltered active stems.
    """
    low_db, high_db = PUBLISHED_CATEGORIES_DB[category]
    error_db = np.where(mask, 0.0, np.nan)
    stems = [k for k, stem in enumerate(STEMS) if mask[k] and stem in PUBLISHED.movable]
    if low_db != high_db and stems and np.sum(mask) > 1:
        error_db[int(rng.choice(stems))] = rng.uniform(low_db, high_db)
    unaltered = np.flatnonzero(error_db == 0.0)
    anchor = STEMS[int(rng.choice(unaltered))] if len(unaltered) else None
    return error_db, anchor


@dataclass(frozen=True)
class Hypotheses:
    """A fine sample of an error distribution: `moves_db` (n, 4), prior `weights` (n,) of sum 1.

    `patterns` (n,) numbers what is moved which way, as an index into `pattern_signs` (p, 4) of
    -1, 0, +1; pattern 0 is "nothing", the last one "every stem".
    """

    moves_db: Floats
    weights: Floats
    patterns: NDArray[np.int64]
    pattern_signs: NDArray[np.int64]

    @property
    def n_patterns(self) -> int:
        return len(self.pattern_signs)


@cache
def hypotheses(
    distribution: ErrorDistribution, mask: tuple[bool, ...], anchor: str | None = None
) -> Hypotheses:
    """The hypotheses that a posterior weighs, given which stems are active and which is fixed."""
    free = distribution._free(mask, anchor)
    active = [k for k in range(len(STEMS)) if mask[k]]
    if len(active) < 2:
        free, active = [], []
    parts: list[tuple[float, Floats, tuple[int, ...]]] = [
        (distribution.none, np.zeros((1, len(STEMS))), ())
    ]
    for n_moved, share, step_db in (
        (1, distribution.one, _GRID_STEP_DB),
        (2, distribution.two, _PAIR_STEP_DB),
    ):
        if share > 0.0 and len(free) >= n_moved:
            parts.extend(_grid_parts(distribution, free, n_moved, share, step_db))
    if distribution.every > 0.0 and active:
        parts.append((distribution.every, _all_moved(distribution, active), ()))
    return _joined(parts)


def _grid_parts(
    distribution: ErrorDistribution, free: list[int], n_moved: int, share: float, step_db: float
) -> Iterator[tuple[float, Floats, tuple[int, ...]]]:
    span_db = distribution.largest_db - distribution.smallest_db
    n_sizes = max(1, round(span_db / step_db))
    sizes_db = distribution.smallest_db + span_db * (np.arange(n_sizes) + 0.5) / n_sizes
    choices = list(product(combinations(free, n_moved), product((-1, 1), repeat=n_moved)))
    for stems, signs in choices:
        grids = np.meshgrid(*[sign * sizes_db for sign in signs], indexing="ij")
        moves_db = np.zeros((grids[0].size, len(STEMS)))
        for stem, grid in zip(stems, grids, strict=True):
            moves_db[:, stem] = grid.ravel()
        pattern = np.zeros(len(STEMS), dtype=int)
        pattern[list(stems)] = signs
        yield share / len(choices), moves_db, tuple(pattern)


def _all_moved(distribution: ErrorDistribution, active: list[int]) -> Floats:
    from scipy.stats import qmc

    unit = qmc.Sobol(2 * len(active), rng=np.random.default_rng(_HYPOTHESIS_SEED)).random(_N_ALL)
    signs = np.where(unit[:, : len(active)] < 0.5, -1.0, 1.0)
    span_db = distribution.largest_db - distribution.smallest_db
    moves_db = np.zeros((_N_ALL, len(STEMS)))
    moves_db[:, active] = signs * (distribution.smallest_db + span_db * unit[:, len(active) :])
    return moves_db


def _joined(parts: list[tuple[float, Floats, tuple[int, ...]]]) -> Hypotheses:
    weights = np.concatenate([np.full(len(moves), share / len(moves)) for share, moves, _ in parts])
    signs = [pattern or (0,) * len(STEMS) for _, _, pattern in parts]
    numbers = np.concatenate([np.full(len(moves), k) for k, (_, moves, _) in enumerate(parts)])
    return Hypotheses(
        np.concatenate([moves for _, moves, _ in parts]),
        weights / weights.sum(),
        np.asarray(numbers, dtype=np.int64),
        np.array(signs, dtype=np.int64),
    )
