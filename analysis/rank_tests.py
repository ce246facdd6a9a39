"""Rank tests of repeated ratings: blocks (a rater on an item) by systems, with and without gaps."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.clusters import caution, numbered
from analysis.results import CannotCompute
from analysis.vectors import FloatArray


@dataclass(frozen=True)
class Outcome:
    """One test: its statistic, degrees of freedom (NaN where none) and two-sided p."""

    name: str
    statistic: float
    freedom: float
    p: float
    n: int
    method: str
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes null."""
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def rank_test(table: FloatArray) -> Outcome:
    """The rank test that fits the table: Friedman where complete, Durbin where balanced
    incomplete, Skillings-Mack elsewhere.

    Args:
        table: shape (n_blocks, n_systems), NaN where a system was not rated in a block.

    Raises:
        CannotCompute: fewer than two blocks hold two systems, or nothing varies.
    """
    used = table[np.isfinite(table).sum(axis=1) >= 2]
    used = used[:, np.isfinite(used).any(axis=0)]
    if len(used) < 2 or used.shape[1] < 2:
        raise CannotCompute("a rank test needs two blocks with two systems each")
    if np.isfinite(used).all():
        return friedman(used)
    return durbin(used) if is_balanced(used) else skillings_mack(used)


def friedman(table: FloatArray) -> Outcome:
    """Friedman's test with correction for ties (Conover 1999, section 5.8).

    Args:
        table: shape (n_blocks, n_systems), complete.
    """
    n_blocks, n_systems = table.shape
    ranks = stats.rankdata(table, axis=1)
    squares = float((ranks**2).sum())
    level = n_blocks * n_systems * (n_systems + 1) ** 2 / 4
    if squares - level <= 0:
        raise CannotCompute("every block ranks all systems the same")
    between = float(((ranks.sum(axis=0) - n_blocks * (n_systems + 1) / 2) ** 2).sum())
    statistic = (n_systems - 1) * between / (squares - level)
    return _chi_squared("Friedman", statistic, n_systems - 1, n_blocks, "complete blocks")


def is_balanced(table: FloatArray) -> bool:
    """Whether gaps are those of a balanced incomplete block design: equal block sizes, equal
    replication, every pair together equally often."""
    present = np.isfinite(table).astype(np.int64)
    together = present.T @ present
    apart = together[~np.eye(len(together), dtype=bool)]
    sizes = present.sum(axis=1), np.diag(together), apart
    return all(len(np.unique(size)) == 1 for size in sizes) and bool(apart[0] > 0)


def durbin(table: FloatArray) -> Outcome:
    """Durbin's test for balanced incomplete blocks, ties corrected (Conover 1999, section 5.9).

    Args:
        table: shape (n_blocks, n_systems), NaN in the gaps.

    Raises:
        ValueError: the design is not balanced.
    """
    if not is_balanced(table):
        raise ValueError("table: no balanced incomplete block design")
    present = np.isfinite(table)
    n_blocks, n_systems = table.shape
    size, replicates = int(present[0].sum()), int(present[:, 0].sum())
    ranks = np.where(present, _ranks(table), 0.0)
    squares, level = float((ranks**2).sum()), n_blocks * size * (size + 1) ** 2 / 4
    if squares - level <= 0:
        raise CannotCompute("every block ranks all systems the same")
    between = float(((ranks.sum(axis=0) - replicates * (size + 1) / 2) ** 2).sum())
    statistic = (n_systems - 1) * between / (squares - level)
    return _chi_squared("Durbin", statistic, n_systems - 1, n_blocks, "balanced incomplete blocks")


def skillings_mack(table: FloatArray) -> Outcome:
    """Skillings and Mack's test for blocks with any gaps (Technometrics 1981).

    Args:
        table: shape (n_blocks, n_systems), NaN in the gaps.

    Raises:
        CannotCompute: systems that never meet directly or through others.
    """
    present = np.isfinite(table)
    sizes = present.sum(axis=1)
    used, sizes = table[sizes >= 2], sizes[sizes >= 2]
    present = np.isfinite(used)
    centred = np.where(present, _ranks(used) - (sizes[:, None] + 1) / 2, 0.0)
    sums = (np.sqrt(12 / (sizes + 1))[:, None] * centred).sum(axis=0)
    counts = present.astype(np.float64)
    together = counts.T @ counts
    covariance = -together
    np.fill_diagonal(covariance, 0.0)
    np.fill_diagonal(covariance, -covariance.sum(axis=1))
    rank = int(np.linalg.matrix_rank(covariance))
    if rank < used.shape[1] - 1:
        raise CannotCompute("some systems never met the others in a block")
    statistic = float(sums @ np.linalg.pinv(covariance, hermitian=True) @ sums)
    return _chi_squared("Skillings-Mack", statistic, rank, len(used), "incomplete blocks")


def clustered_signed_rank(differences: FloatArray, cluster: ArrayLike) -> Outcome:
    """Signed rank test of differences that go together in clusters (Rosner, Glynn & Lee 2003):
    the signed ranks of a cluster are summed, and the sums' spread is the error.

    Args:
        differences: shape (n,), zeros are left out as Wilcoxon does.
        cluster: shape (n,), any labels.

    Raises:
        CannotCompute: no difference that is not zero, or one cluster.
    """
    moved = differences != 0
    if not moved.any():
        raise CannotCompute("all differences are zero")
    number, n_clusters = numbered(np.asarray(cluster)[moved])
    if n_clusters < 2:
        raise CannotCompute("a signed rank test over clusters needs two of them")
    values = differences[moved]
    signed = np.sign(values) * stats.rankdata(np.abs(values))
    sums = np.bincount(number, signed)
    statistic = float(sums.sum() / np.sqrt((sums**2).sum()))
    p = float(2 * stats.norm.sf(abs(statistic)))
    method = "signed ranks summed by cluster, normal approximation (Rosner, Glynn & Lee 2003)"
    n = int(moved.sum())
    return Outcome("clustered signed rank", statistic, np.nan, p, n, method, caution(n_clusters))


def mann_whitney(first: FloatArray, second: FloatArray) -> Outcome:
    """Mann-Whitney's U of two samples, asymptotic with ties. Assumes independence.

    Raises:
        CannotCompute: a sample is empty, or nothing varies.
    """
    if not len(first) or not len(second):
        raise CannotCompute("a system has no ratings")
    if (np.concatenate([first, second]) == first[0]).all():
        raise CannotCompute("all ratings are the same")
    found = stats.mannwhitneyu(first, second, method="asymptotic")
    return Outcome(
        name="Mann-Whitney",
        statistic=float(found.statistic),
        freedom=np.nan,
        p=float(found.pvalue),
        n=len(first) + len(second),
        method="Mann-Whitney U, normal approximation, assumes independence",
    )


def _ranks(table: FloatArray) -> FloatArray:
    """Mid-ranks within rows, NaN in the gaps."""
    return np.asarray(stats.rankdata(table, axis=1, nan_policy="omit"), dtype=np.float64)


def _chi_squared(name: str, statistic: float, freedom: int, n: int, what: str) -> Outcome:
    p = float(stats.chi2.sf(statistic, freedom))
    return Outcome(
        name, float(statistic), float(freedom), p, n, f"{name} test, {what}, chi-squared"
    )
