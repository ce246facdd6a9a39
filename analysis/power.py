"""How many votes, people or items a study needs, by formula."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from analysis.annotations import IntArray
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.

MOST_NEEDED = 100_000
"""Sizes beyond this are refused: no study of people is that large."""


@dataclass(frozen=True)
class SampleSize:
    """How many are needed to find an effect.

    Attributes:
        n: votes, people or items, see `unit`.
        power: what is reached with n.
        effect: as asked for.
    """

    n: int
    unit: str
    power: float
    effect: float
    alpha: float
    method: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def preference_power(n: int, probability: float, alpha: float = 0.05) -> float:
    """Power of the exact two-sided binomial test of n independent votes against one half.

    >>> round(preference_power(210, 0.6), 3)
    0.808
    """
    _check("probability", probability, 0.0, 1.0)
    _check("alpha", alpha, 0.0, 1.0)
    return float(_binomial_power(np.array([n], dtype=np.int64), probability, alpha)[0])


def votes_needed(probability: float, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """Independent votes to find that one of two systems is preferred with this probability.

    The exact power goes up and down with n, as the test's level does; this is the smallest n from
    which it stays at `power` or above.

    Raises:
        ValueError: an argument is out of range, or more than `MOST_NEEDED` votes are needed.
    """
    from scipy import stats

    _check("probability", probability, 0.0, 1.0)
    _check("power", power, 0.0, 1.0)
    _check("alpha", alpha, 0.0, 1.0)
    distance = abs(probability - 0.5)
    if distance < 1e-9:
        raise ValueError("probability: one half is no preference, so no number of votes finds it")
    # Twice the normal approximation is beyond the last dip below the power.
    quantiles = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(max(power, 0.5))
    limit = 2 * ceil((quantiles / (2 * distance)) ** 2) + 60
    _check_size(limit // 2, "votes")
    reached = _binomial_power(np.arange(1, limit + 1), probability, alpha)
    short = np.flatnonzero(reached < power)
    n = int(short[-1]) + 2 if len(short) else 1
    return SampleSize(
        n,
        "independent votes",
        float(reached[n - 1]),
        probability,
        alpha,
        "exact two-sided binomial test, smallest n from which the power stays",
    )


def paired_power(n: int, effect: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test of n people at Cohen's d of their differences."""
    from scipy import stats

    if n < 2:
        return 0.0
    quantile = stats.t.ppf(1 - alpha / 2, n - 1)
    shift = abs(effect) * np.sqrt(n)
    upper = stats.nct.sf(quantile, n - 1, shift)
    return float(upper + np.nan_to_num(stats.nct.cdf(-quantile, n - 1, shift)))


def people_needed(effect: float, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """People to find a difference of paired ratings of this Cohen's d (mean over SD).

    Raises:
        ValueError: an argument is out of range, or more than `MOST_NEEDED` are needed.
    """
    _check("power", power, 0.0, 1.0)
    _check("alpha", alpha, 0.0, 1.0)
    if not np.isfinite(effect) or abs(effect) < 1e-6:
        raise ValueError(f"effect: expected Cohen's d other than 0, got {effect:g}")
    n = _smallest(lambda size: paired_power(size, effect, alpha), power, 3, "people")
    reached = paired_power(n, effect, alpha)
    method = "two-sided paired t test, noncentral t"
    return SampleSize(n, "people", reached, effect, alpha, method)


def correlation_power(n: int, correlation: float, alpha: float = 0.05) -> float:
    """Power of the two-sided test of a correlation over n items, by Fisher's z."""
    from scipy import stats

    if n < 4:
        return 0.0
    shift = abs(np.arctanh(correlation)) * np.sqrt(n - 3)
    quantile = stats.norm.ppf(1 - alpha / 2)
    return float(stats.norm.sf(quantile - shift) + stats.norm.cdf(-quantile - shift))


def items_needed(correlation: float, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """Items over which a correlation of this size is found.

    Raises:
        ValueError: an argument is out of range, or more than `MOST_NEEDED` are needed.
    """
    _check("power", power, 0.0, 1.0)
    _check("alpha", alpha, 0.0, 1.0)
    if not 1e-6 < abs(correlation) < 1:
        raise ValueError(f"correlation: expected between -1 and 1 but not 0, got {correlation:g}")
    n = _smallest(lambda size: correlation_power(size, correlation, alpha), power, 4, "items")
    method = "two-sided test of a correlation, Fisher's z"
    return SampleSize(
        n, "items", correlation_power(n, correlation, alpha), correlation, alpha, method
    )


def design_effect(per_rater: float, icc: float) -> float:
    """By how much to multiply independent votes when each rater gives several (Kish 1965).

    >>> round(design_effect(10, 0.05), 2)
    1.45
    """
    if per_rater < 1:
        raise ValueError(f"per_rater: expected 1 or more, got {per_rater:g}")
    if not 0 <= icc <= 1:
        raise ValueError(f"icc: expected 0 to 1, got {icc:g}")
    return 1 + (per_rater - 1) * icc


def raters_needed(independent: int, per_rater: int, icc: float, ties: float = 0.0) -> int:
    """Raters who give `per_rater` votes each, so that as many as `independent` votes count.

    Args:
        independent: votes that would do if each came from another person.
        icc: intraclass correlation of a rater's votes.
        ties: share of the votes that are ties, which say nothing on who is ahead.

    >>> raters_needed(97, 10, 0.05)
    15
    """
    if not 0 <= ties < 1:
        raise ValueError(f"ties: expected a share from 0 to below 1, got {ties:g}")
    decided = per_rater * (1 - ties)
    return ceil(independent * design_effect(max(decided, 1.0), icc) / decided - 1e-9)


def _binomial_power(n: IntArray, probability: float, alpha: float) -> FloatArray:
    """At every size n, shape (m,): the equal tails of the fair coin at most alpha / 2 each."""
    from scipy import stats

    last = stats.binom.ppf(alpha / 2, n, 0.5)
    last = np.where(stats.binom.cdf(last, n, 0.5) > alpha / 2, last - 1, last)
    tails = stats.binom.cdf(last, n, probability) + stats.binom.sf(n - last - 1, n, probability)
    return np.asarray(np.where(last >= 0, tails, 0.0), dtype=np.float64)


def _smallest(power_of: Callable[[int], float], power: float, least: int, unit: str) -> int:
    """Smallest size with this power, which grows with size."""
    high = least
    while power_of(high) < power:
        high *= 2
        _check_size(high, unit)
    low = max(least, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle + 1, high)
    return high


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        raise ValueError(f"{name}: expected a number between {low:g} and {high:g}, got {value:g}")


def _check_size(n: int, unit: str) -> None:
    if n > MOST_NEEDED:
        raise ValueError(f"effect: so small that over {MOST_NEEDED:,} {unit} are needed")
