"""From evidence to a posterior over errors: one step for every system that states uncertainty.

A system gives, per stem, how far the set lies from balanced: an offset in dB with its sigma. The
overall level is unobservable, so a common offset c with a flat prior is integrated out:

    log p(offset | error) = -1/2 sum_k w_k (r_k - r')^2 + 1/2 (sum_k log w_k - log sum_k w_k)
    r_k = offset_k - error_k,  w_k = 1 / sigma_k^2,  r' = sum w_k r_k / sum w_k

over the active stems. Bayes' rule with the published error distribution does the rest: this is the
shrinkage of the correction, and the same prior serves all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import centre
from modeling.errors import ErrorDistribution, Hypotheses, hypotheses

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What was measured: offset_db and sigma_db (..., 4), both NaN for a masked stem."""

    offset_db: Floats
    sigma_db: Floats

    @property
    def mask(self) -> NDArray[np.bool_]:
        return np.isfinite(self.offset_db) & np.isfinite(self.sigma_db)

    def __getitem__(self, rows: NDArray[np.int64] | slice | int) -> "Evidence":
        """The evidence of some sets, or of one."""
        return Evidence(np.asarray(self.offset_db[rows]), np.asarray(self.sigma_db[rows]))


@dataclass(frozen=True)
class Posterior:
    """Probabilities (n,) of the hypotheses of one set, and what follows from them."""

    hypotheses: Hypotheses
    mask: NDArray[np.bool_]
    probabilities: Floats

    @property
    def p_error(self) -> float:
        """Probability that there is an error worth advising on."""
        return float(1.0 - self.probabilities[self.hypotheses.patterns == 0].sum())

    def pattern_probabilities(self) -> Floats:
        """Probability (p,) of each pattern of `hypotheses.pattern_signs`."""
        sums = np.zeros(self.hypotheses.n_patterns)
        np.add.at(sums, self.hypotheses.patterns, self.probabilities)
        return sums

    def centred_errors_db(self) -> Floats:
        """Every hypothesis as a centred error (n, 4), NaN where masked."""
        return centre(np.where(self.mask, self.hypotheses.moves_db, np.nan))

    def mean_error_db(self) -> Floats:
        """Expected centred error (4,), NaN where masked."""
        return np.asarray(self.probabilities @ self.centred_errors_db())

    def sigma_db(self) -> Floats:
        """Standard deviation (4,) of the centred error."""
        spread = self.centred_errors_db() - self.mean_error_db()
        return np.asarray(np.sqrt(self.probabilities @ spread**2))

    def interval_db(self, level: float = 0.8) -> tuple[Floats, Floats]:
        """Central interval (4,), (4,) of the centred error; NaN where masked."""
        errors_db = self.centred_errors_db()
        edges = np.full((2, errors_db.shape[1]), np.nan)
        for stem in np.flatnonzero(self.mask):
            edges[:, stem] = weighted_quantiles(
                errors_db[:, stem], self.probabilities, [(1 - level) / 2, (1 + level) / 2]
            )
        return edges[0], edges[1]

    def given(self, pattern: int) -> tuple[Floats, Floats]:
        """Mean and SD (4,), (4,) of the error as moved (not centred), given a pattern."""
        inside = self.hypotheses.patterns == pattern
        weights = self.probabilities[inside] / self.probabilities[inside].sum()
        moves_db = self.hypotheses.moves_db[inside]
        mean_db = weights @ moves_db
        return mean_db, np.sqrt(weights @ (moves_db - mean_db) ** 2)

    def p_moved(self, stem: int, sign: int) -> float:
        """Probability that this stem was moved in this direction."""
        moved = np.sign(self.hypotheses.moves_db[:, stem]) == sign
        return float(self.probabilities[moved].sum())


def posterior(
    evidence: Evidence, distribution: ErrorDistribution, anchor: str | None = None
) -> Posterior:
    """Weigh the hypotheses by the evidence (4,) of one set."""
    one = Evidence(evidence.offset_db[np.newaxis], evidence.sigma_db[np.newaxis])
    return posteriors(one, distribution, [anchor])[0]


def posteriors(
    evidence: Evidence, distribution: ErrorDistribution, anchors: Sequence[str | None] | None = None
) -> list[Posterior]:
    """Weigh the hypotheses for many sets, evidence (m, 4); sets of one mask and anchor at once."""
    masks = evidence.mask
    named = list(anchors) if anchors is not None else [None] * len(masks)
    groups: dict[tuple[tuple[bool, ...], str | None], list[int]] = defaultdict(list)
    for row, (mask, anchor) in enumerate(zip(masks, named, strict=True)):
        groups[(tuple(bool(value) for value in mask), anchor)].append(row)
    results: dict[int, Posterior] = {}
    for (mask, anchor), rows in groups.items():
        weighed = hypotheses(distribution, mask, anchor)
        active = np.array(mask)
        log_likelihood = (
            log_likelihoods(
                evidence.offset_db[rows][:, active],
                evidence.sigma_db[rows][:, active],
                weighed.moves_db[:, active],
            )
            if active.any()
            else np.zeros((len(rows), len(weighed.weights)))
        )
        log_posterior = log_likelihood + np.log(weighed.weights)
        log_posterior -= log_posterior.max(axis=1, keepdims=True)
        probabilities = np.exp(log_posterior)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        for row, values in zip(rows, probabilities, strict=True):
            results[row] = Posterior(weighed, active, values)
    return [results[row] for row in range(len(masks))]


def log_likelihoods(offset_db: Floats, sigma_db: Floats, errors_db: Floats) -> Floats:
    """log p(offset | error), (m, n), of sets (m, k) under errors (n, k), common offset free."""
    weight = 1.0 / sigma_db**2
    total = weight.sum(axis=1, keepdims=True)
    left = weight * offset_db
    # The weighted sum of squares, expanded, so that no (m, n, k) array is needed.
    squares = (left * offset_db).sum(axis=1, keepdims=True)
    squares = squares - 2.0 * left @ errors_db.T + weight @ (errors_db**2).T
    mean = left.sum(axis=1, keepdims=True) - weight @ errors_db.T
    constant = 0.5 * (np.log(weight).sum(axis=1, keepdims=True) - np.log(total))
    return np.asarray(constant - 0.5 * (squares - mean**2 / total))


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles of a weighted sample: the smallest value whose summed weight reaches the level."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    places = np.searchsorted(cumulated, np.asarray(levels) * cumulated[-1] * (1.0 - 1e-12))
    return np.asarray(values[order][np.minimum(places, len(values) - 1)])
