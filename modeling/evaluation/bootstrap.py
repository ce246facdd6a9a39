"""Intervals by resampling songs: the cases of one song stand or fall together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.results import Estimate

N_RESAMPLES = 1000
LEVEL = 0.95
METHOD = "percentile bootstrap over songs"

Floats = NDArray[np.float64]
# From weights (n,) of the cases to the figure; NaN where it is not defined.
Figure = Callable[[Floats], float]


@dataclass(frozen=True)
class SongBootstrap:
    """The same resampled songs for every figure, so that differences are paired.

    `songs` (n,) numbers the song of each case.
    """

    songs: NDArray[np.int64]
    seed: int
    n_resamples: int = N_RESAMPLES

    def weights(self) -> Floats:
        """How often each case counts in each resample, (n_resamples, n)."""
        present, place = np.unique(self.songs, return_inverse=True)
        rng = np.random.default_rng([self.seed, 6])
        drawn = rng.multinomial(
            len(present), np.full(len(present), 1 / len(present)), size=self.n_resamples
        )
        return np.asarray(drawn[:, place], dtype=np.float64)

    def mean(self, values: Floats) -> Estimate:
        """Mean of the defined values (n,) (NaN = not defined for this case)."""
        defined = np.isfinite(values)
        filled = np.where(defined, values, 0.0)
        if not defined.any():
            return Estimate.missing(0, METHOD, "no case defines it", LEVEL)
        weights = self.weights()
        counts = weights @ defined
        sums = weights @ filled
        means = np.where(counts > 0.0, sums / np.maximum(counts, 1e-12), np.nan)
        return self._interval(float(filled.sum() / defined.sum()), means, int(defined.sum()))

    def difference(self, first: Floats, second: Floats) -> Estimate:
        """Mean of first minus second, over the cases that define both."""
        return self.mean(first - second)

    def figure(self, figure: Figure, n: int) -> Estimate:
        """Any figure of weighted cases."""
        estimate = figure(np.ones(len(self.songs)))
        if not np.isfinite(estimate):
            return Estimate.missing(n, METHOD, "no case defines it", LEVEL)
        return self._interval(estimate, np.array([figure(row) for row in self.weights()]), n)

    def _interval(self, estimate: float, resampled: Floats, n: int) -> Estimate:
        tail = 50.0 * (1.0 - LEVEL)
        low, high = np.nanpercentile(resampled, [tail, 100.0 - tail])
        n_songs = len(np.unique(self.songs))
        note = "" if n_songs > 1 else "one song only: the interval says nothing"
        return Estimate(estimate, float(low), float(high), n, LEVEL, METHOD, note)


def weighted_auroc(scores: Floats, positive: NDArray[np.bool_], weights: Floats) -> float:
    """Chance that a positive case scores higher than a negative one, ties counted half."""
    values, place = np.unique(scores, return_inverse=True)
    up = np.bincount(place, weights * positive, len(values))
    down = np.bincount(place, weights * ~positive, len(values))
    total = up.sum() * down.sum()
    if total == 0.0:
        return float("nan")
    below = np.cumsum(down) - down
    return float((up * (below + 0.5 * down)).sum() / total)
