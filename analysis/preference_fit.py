"""Bradley-Terry with ties, after Davidson 1970, fitted to counts by Newton's method.

With d the difference of two strengths (log odds of a win over a loss) and nu the tie parameter:
P(win) = e^(d/2) / Z, P(loss) = e^(-d/2) / Z, P(tie) = nu / Z, Z the sum of the three numerators.
The log-likelihood is concave in the strengths and log nu, so Newton with bounded steps finds the
one maximum; many tables of counts are solved at once.
"""

from dataclasses import dataclass

import numpy as np

from analysis.preference_votes import pairs
from analysis.vectors import FloatArray

RIDGE = 0.01
"""Penalty on squared strengths: a normal prior with SD 10 in log odds. It bounds a system that
never lost and moves no other strength visibly."""

_MAX_ROUNDS = 100
_LARGEST_STEP = 2.0
_CONVERGED = 1e-9


@dataclass(frozen=True)
class Design:
    """How parameters make the differences of strength of the pairs: columns @ parameters + offset.

    Attributes:
        columns: shape (n_pairs, n_parameters).
        offset: shape (n_pairs,).
        with_ties: whether nu is fitted; without, nu is 0.
    """

    columns: FloatArray
    offset: FloatArray
    with_ties: bool

    @classmethod
    def of_systems(cls, n_systems: int, with_ties: bool) -> "Design":
        """One strength for each system."""
        couples = pairs(n_systems)
        columns = np.zeros((len(couples), n_systems))
        columns[np.arange(len(couples)), couples[:, 0]] = 1.0
        columns[np.arange(len(couples)), couples[:, 1]] = -1.0
        return cls(columns, np.zeros(len(couples)), with_ties)


@dataclass(frozen=True)
class Derivatives:
    """Slope and curvature of the log-likelihood by pair; shapes (n, n_pairs)."""

    by_difference: FloatArray
    by_tie: FloatArray
    curve_difference: FloatArray
    curve_mixed: FloatArray
    curve_tie: FloatArray


def derivatives(counts: FloatArray, difference: FloatArray, log_tie: FloatArray) -> Derivatives:
    """Of tables of counts (n, n_pairs, 3) at differences (n, n_pairs) and log nu (n, 1)."""
    # Halves beyond 300 would overflow, and nothing is that certain.
    half = np.clip(difference / 2, -300, 300)
    win, loss, tie = np.exp(half), np.exp(-half), np.exp(np.minimum(log_tie, 300))
    total = win + loss + tie
    lead, tie = (win - loss) / total, tie / total
    n = counts.sum(axis=2)
    return Derivatives(
        by_difference=(counts[:, :, 0] - counts[:, :, 1] - n * lead) / 2,
        by_tie=counts[:, :, 2] - n * tie,
        curve_difference=n * (1 - tie - lead**2) / 4,
        curve_mixed=-n * lead * tie / 2,
        curve_tie=n * tie * (1 - tie),
    )


def information(at: Derivatives, columns: FloatArray) -> FloatArray:
    """Fisher information (n, n_parameters + 1, n_parameters + 1), log nu last."""
    size = columns.shape[1]
    products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    matrix = np.empty((len(at.by_tie), size + 1, size + 1))
    matrix[:, :size, :size] = (at.curve_difference @ products).reshape(-1, size, size)
    matrix[:, :size, size] = matrix[:, size, :size] = at.curve_mixed @ columns
    matrix[:, size, size] = at.curve_tie.sum(axis=1)
    return matrix


def solve(
    counts: FloatArray, design: Design, start: FloatArray | None = None, ridge: float = RIDGE
) -> FloatArray:
    """Parameters that maximise the penalised likelihood of each table of counts.

    Args:
        counts: shape (n, n_pairs, 3): wins of the first of the pair, of the second, ties.
        start: shape (n_parameters + 1,), where to begin; zero if not given.
        ridge: penalty on the squares of all parameters and of log nu.

    Returns:
        Shape (n, n_parameters + 1); the last column is log nu, -inf without ties.
    """
    n, size = len(counts), design.columns.shape[1]
    found = np.tile(np.zeros(size + 1) if start is None else start, (n, 1))
    if not design.with_ties:
        found[:, size] = -np.inf
    active = np.arange(n)
    for _ in range(_MAX_ROUNDS):
        step = _newton_step(counts[active], found[active], design, ridge)
        largest = np.abs(step).max(axis=1, keepdims=True)
        found[active] += step * np.minimum(1.0, _LARGEST_STEP / np.maximum(largest, 1e-300))
        active = active[largest[:, 0] > _CONVERGED]
        if not len(active):
            break
    return found


def _newton_step(counts: FloatArray, found: FloatArray, design: Design, ridge: float) -> FloatArray:
    size = design.columns.shape[1]
    at = derivatives(counts, found[:, :size] @ design.columns.T + design.offset, found[:, size:])
    slope = np.concatenate(
        [at.by_difference @ design.columns, at.by_tie.sum(axis=1, keepdims=True)], axis=1
    )
    curve = information(at, design.columns)
    used = size + 1 if design.with_ties else size
    curve = curve[:, :used, :used] + ridge * np.eye(used)
    step = np.zeros_like(found)
    slope = slope[:, :used] - ridge * found[:, :used]
    step[:, :used] = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
    return step
