"""Intraclass correlations of complete tables (Shrout & Fleiss 1979; McGraw & Wong 1996)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.results import Estimate

# scipy is imported where it is used: web processes load this module and start without it.


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance without replication, of `n_rows` items by `n_columns` raters."""

    rows: float
    columns: float
    error: float
    n_rows: int
    n_columns: int

    @classmethod
    def of(cls, table: ArrayLike) -> "MeanSquares":
        """From a table of shape (n_items, n_raters) without gaps.

        Raises:
            ValueError: fewer than two items or raters, or a value is missing.
        """
        values = np.asarray(table, dtype=np.float64)
        if values.ndim != 2 or min(values.shape) < 2:
            raise ValueError(f"table: expected at least 2 items x 2 raters, got {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("table: has gaps; use variance components for incomplete tables")
        n_rows, n_columns = values.shape
        mean = values.mean()
        row_effects = values.mean(axis=1) - mean
        column_effects = values.mean(axis=0) - mean
        error = values - mean - row_effects[:, None] - column_effects
        return cls(
            rows=float(n_columns * (row_effects**2).sum() / (n_rows - 1)),
            columns=float(n_rows * (column_effects**2).sum() / (n_columns - 1)),
            error=float((error**2).sum() / ((n_rows - 1) * (n_columns - 1))),
            n_rows=n_rows,
            n_columns=n_columns,
        )


def icc_single(table: ArrayLike, level: float = 0.95) -> Estimate:
    """ICC(2,1), absolute agreement of one rater, with the F-based interval of McGraw & Wong.

    Args:
        table: shape (n_items, n_raters), complete.
    """
    squares = MeanSquares.of(table)
    method = "ICC(2,1), two-way random, F-based interval (McGraw & Wong 1996)"
    n, k = squares.n_rows, squares.n_columns
    denominator = squares.rows + (k - 1) * squares.error + k / n * (squares.columns - squares.error)
    if denominator <= 0 or squares.error <= 0:
        return Estimate.missing(n, method, "the raters' residual variance is zero", level)
    estimate = (squares.rows - squares.error) / denominator
    low, high = _single_interval(squares, estimate, level)
    return Estimate(estimate, low, high, n, level, method)


def icc_average(table: ArrayLike, level: float = 0.95) -> Estimate:
    """ICC(2,k), absolute agreement of the mean of all k raters.

    Args:
        table: shape (n_items, n_raters), complete.
    """
    single = icc_single(table, level)
    n_raters = np.asarray(table).shape[1]
    method = "ICC(2,k), two-way random, Spearman-Brown of the F-based interval of ICC(2,1)"
    low, estimate, high = (
        stepped_up(value, n_raters) for value in (single.low, single.estimate, single.high)
    )
    return Estimate(estimate, low, high, single.n, level, method, single.note)


def stepped_up(single: float, n_raters: float) -> float:
    """Spearman-Brown: reliability of the mean of `n_raters` raters from that of one.

    An estimate below -1 / (n_raters - 1) is outside the formula's range and gives -inf.
    """
    denominator = 1.0 + (n_raters - 1.0) * single
    return float("-inf") if denominator <= 0 else n_raters * single / denominator


def _single_interval(squares: MeanSquares, estimate: float, level: float) -> tuple[float, float]:
    """McGraw & Wong 1996, table 7, case 2A; Satterthwaite's degrees of freedom."""
    from scipy import stats

    n, k = squares.n_rows, squares.n_columns
    a = k * estimate / (n * (1 - estimate))
    b = 1 + k * estimate * (n - 1) / (n * (1 - estimate))
    column_part, error_part = a * squares.columns, b * squares.error
    freedom = (column_part + error_part) ** 2 / (
        column_part**2 / (k - 1) + error_part**2 / ((n - 1) * (k - 1))
    )
    quantile = 1 - (1 - level) / 2
    f_low = float(stats.f.ppf(quantile, n - 1, freedom))
    f_high = float(stats.f.ppf(quantile, freedom, n - 1))
    shared = k * squares.columns + (k * n - k - n) * squares.error
    low = n * (squares.rows - f_low * squares.error) / (f_low * shared + n * squares.rows)
    high = n * (f_high * squares.rows - squares.error) / (shared + n * f_high * squares.rows)
    return low, high
