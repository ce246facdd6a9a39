"""Whether a judge ranks the systems as people do: few systems, so little can be said."""

from itertools import permutations
from math import factorial

import numpy as np

from analysis.correlation import Association
from analysis.preference import PreferenceFit
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

_FEW_SYSTEMS = 7
_MOST_EXACT = 8
_N_PERMUTATIONS = 20_000


def ranking_agreement(
    people: PreferenceFit, judge: PreferenceFit, rng: np.random.Generator, level: float = 0.95
) -> Association:
    """Kendall's tau of the strengths that two sets of votes give the same systems.

    The interval is that of the fits' resamples taken side by side; p is exact over all orders of
    the systems (drawn ones beyond eight systems).

    Raises:
        CannotCompute: fewer than three systems.
        ValueError: the systems differ.
    """
    if people.systems != judge.systems:
        raise ValueError("judge: its systems are not those of the people")
    n = len(people.systems)
    if n < 3:
        raise CannotCompute(f"a ranking needs three systems to be compared, there are {n}")
    ours, theirs = (
        np.array([estimate.estimate for estimate in fit.strengths]) for fit in (people, judge)
    )
    size = min(len(people.draws), len(judge.draws))
    draws = _taus(people.draws[:size], judge.draws[rng.permutation(len(judge.draws))[:size]])
    estimate = float(_taus(ours[None], theirs[None])[0])
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    # The resamples scatter around a tau that noise has already lowered; the estimate is inside.
    low, high = min(float(low), estimate), max(float(high), estimate)
    note = f"{n} systems say little about agreement" if n < _FEW_SYSTEMS else ""
    method = "Kendall's tau of strengths, resamples of both fits"
    if n <= _MOST_EXACT:
        orders = np.array(list(permutations(range(n))))
        p_method = f"exact over all {factorial(n)} orders, two-sided"
    else:
        orders = rng.permuted(np.tile(np.arange(n), (_N_PERMUTATIONS, 1)), axis=1)
        p_method = f"{_N_PERMUTATIONS} orders drawn, two-sided"
    by_chance = np.abs(_taus(np.tile(ours, (len(orders), 1)), theirs[orders]))
    p = float((by_chance >= abs(estimate) - 1e-12).mean())
    return Association(Estimate(estimate, low, high, n, level, method, note), p, p_method)


def _taus(first: FloatArray, second: FloatArray) -> FloatArray:
    """Kendall's tau of each row (m, n_systems); strengths do not tie but by chance."""
    rows, columns = np.triu_indices(first.shape[1], 1)
    signs = (np.sign(v[:, rows] - v[:, columns]) for v in (first, second))
    return np.asarray(np.prod(list(signs), axis=0).mean(axis=1), dtype=np.float64)
