"""Corrections for several tests at once; the raw p always stays beside the corrected one."""

from collections.abc import Sequence

import numpy as np

from analysis.vectors import FloatArray


def holm(p_values: Sequence[float]) -> FloatArray:
    """Holm's step-down p values (Holm 1979), shape (n,); NaN stays NaN and is no member.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    members = np.flatnonzero(np.isfinite(raw))
    order = members[np.argsort(raw[members], kind="stable")]
    steps = raw[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted


def bonferroni(p_values: Sequence[float]) -> FloatArray:
    """Each p times the number of tests, at most 1; NaN stays NaN and is no member.

    >>> bonferroni([0.01, 0.5]).tolist()
    [0.02, 1.0]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    return np.asarray(np.minimum(raw * np.isfinite(raw).sum(), 1.0), dtype=np.float64)


def stars(p_value: float) -> str:
    """The marks of star tables: * below .05, ** below .01, *** below .001."""
    return "*" * sum(p_value < bound for bound in (0.05, 0.01, 0.001))
