"""A robust additive model of balances: excerpt + annotator + offset of the annotation + residual.

Every annotation has a free common offset, because overall level is unobservable. That is also what
makes masked stems harmless: with a stem off, the others are compared among themselves instead of
being centred over fewer stems, which would move them all.

Annotators' offsets per stem are random effects: each is shrunk by as much as its own few
annotations leave it uncertain (ratio of variances by REML, per stem), so they are identified even
where overlap is low, and sum to zero within every connected part of the table. Residuals enter by
Huber's loss: those beyond `HUBER_K` standard deviations are pulled in to that bound and the linear
model is solved again (Huber's modified residuals), started from the excerpts' medians.
"""

from dataclasses import dataclass

import numpy as np

from analysis.annotations import (
    Annotations,
    BoolArray,
    IntArray,
    aligned_balances,
    excerpt_counts,
    row_means,
)
from analysis.vectors import STEMS, FloatArray, centre

# scipy is imported where it is used: web processes load this module and start without it.

HUBER_K = 1.345
"""95 % efficient where residuals are normal."""

_NORMAL_SECOND_MOMENT = 0.7101645
"""E[psi(z)^2] of a standard normal z at HUBER_K, so that scales are standard deviations."""

_MAD_TO_SD = 1.4826
_MAX_ROUNDS = 200
_RATIO_ROUNDS = 12
_CONVERGED_DB = 1e-5
_SMALLEST_SD_DB = 1e-6
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-4, 1e3, 211)])


@dataclass(frozen=True)
class AdditiveFit:
    """Effects in dB, centred over stems; n rows, E excerpts, J annotators."""

    excerpt_db: FloatArray
    """(E, 4), NaN where nobody set the stem."""
    annotator_db: FloatArray
    """(J, 4)"""
    aligned_db: FloatArray
    """(n, 4), balances less each annotation's offset."""
    residual_db: FloatArray
    """(n, 4)"""
    scale_db: FloatArray
    """(4,), robust SD of the residuals."""
    ratio: FloatArray
    """(4,), annotators' variance relative to the residual one."""
    designs: tuple["StemDesign", ...]
    part: IntArray
    """(E + J,), which connected part of the table an excerpt or annotator belongs to."""


class StemDesign:
    """Who set one stem in which excerpt, and what solving for the effects needs of that."""

    def __init__(self, excerpt: IntArray, annotator: IntArray, present: BoolArray, n: IntArray):
        self.excerpt, self.annotator = excerpt[present], annotator[present]
        self.present = present
        n_excerpts, n_annotators = n
        self.shared = np.zeros((n_excerpts, n_annotators))
        np.add.at(self.shared, (self.excerpt, self.annotator), 1.0)
        self.per_excerpt = self.shared.sum(axis=1)
        per_annotator = self.shared.sum(axis=0)
        self.share = self.shared / np.maximum(self.per_excerpt, 1)[:, None]
        within = np.diag(per_annotator) - self.shared.T @ self.share
        self.eigenvalues, self.eigenvectors = np.linalg.eigh(within)
        self.eigenvalues = np.where(self.eigenvalues > 1e-8, self.eigenvalues, 0.0)
        self.freedom = len(self.excerpt) - int((self.per_excerpt > 0).sum())
        self.n_annotators = int((per_annotator > 0).sum())
        self.per_annotator = len(self.excerpt) / max(self.n_annotators, 1)

    @property
    def separable(self) -> bool:
        """Whether residuals can be told from annotators' offsets at all."""
        rank = int((self.eigenvalues > 0).sum())
        return 0 < rank < self.freedom

    def shrinkage(self, ratio: float) -> FloatArray:
        """(J,) in the eigenbasis: covariance of the annotators' offsets per residual variance."""
        return np.asarray(ratio / (1 + ratio * self.eigenvalues), dtype=np.float64)

    def absorbed(self, ratio: float) -> float:
        """Degrees of freedom that the annotators' offsets take."""
        return float((self.eigenvalues * self.shrinkage(ratio)).sum())

    def rotated(self, values: FloatArray) -> tuple[FloatArray, float]:
        """Annotators' sums of what excerpts leave, in the eigenbasis, and its sum of squares."""
        n_excerpts, n_annotators = self.shared.shape
        means = np.bincount(self.excerpt, values, n_excerpts) / np.maximum(self.per_excerpt, 1)
        left = values - means[self.excerpt]
        sums = np.bincount(self.annotator, left, n_annotators)
        return self.eigenvectors.T @ sums, float(left @ left)

    def best_ratio(self, values: FloatArray) -> float:
        """REML ratio of the annotators' variance to the residual one, on a fine grid."""
        if not self.separable:
            return 0.0
        rotated, squares = self.rotated(values)
        inflation = 1 + _RATIOS[:, None] * self.eigenvalues
        left = squares - (rotated**2 * _RATIOS[:, None] / inflation).sum(axis=1)
        criterion = np.log(inflation).sum(axis=1) + self.freedom * np.log(np.maximum(left, 1e-300))
        return float(_RATIOS[np.argmin(criterion)])

    def solve(self, values: FloatArray, ratio: float) -> tuple[FloatArray, FloatArray]:
        """Excerpt effects (E,), NaN without values, and shrunk annotator offsets (J,)."""
        rotated, _ = self.rotated(values)
        offsets = self.eigenvectors @ (self.shrinkage(ratio) * rotated)
        sums = np.bincount(self.excerpt, values, len(self.per_excerpt)) - self.shared @ offsets
        means = sums / np.maximum(self.per_excerpt, 1)
        return np.where(self.per_excerpt > 0, means, np.nan), offsets

    def unit_variances(self, ratio: float) -> tuple[FloatArray, FloatArray]:
        """Variance of the excerpt effects per residual variance, (E,) each: own part, annotators'.

        The diagonal of (X'V^-1 X)^-1 of the mixed model, in its two parts.
        """
        leverage = ((self.share @ self.eigenvectors) ** 2) @ self.shrinkage(ratio)
        return 1 / np.maximum(self.per_excerpt, 1), leverage


def fit_additive(annotations: Annotations, annotator: IntArray) -> AdditiveFit:
    """Fit the model.

    Args:
        annotations: rows with at least two stems up, see `Annotations.comparable`.
        annotator: shape (n,), the annotators numbered from 0 without gaps.
    """
    excerpt, balance_db = annotations.excerpt, annotations.balance_db
    size = np.array([annotations.n_excerpts, annotator.max(initial=-1) + 1])
    present = np.isfinite(balance_db)
    designs = tuple(
        StemDesign(excerpt, annotator, present[:, stem], size) for stem in range(len(STEMS))
    )
    excerpt_db = centre(_excerpt_medians(aligned_balances(annotations), annotations))
    annotator_db = np.zeros((size[1], len(STEMS)))
    offset_db = _row_medians(balance_db - excerpt_db[excerpt])
    ratio = np.zeros(len(STEMS))
    residual_db = balance_db - excerpt_db[excerpt] - offset_db[:, None]
    scale_db = _start_scale(residual_db, designs)
    for round_number in range(_MAX_ROUNDS):
        bounded_db = np.clip(residual_db, -HUBER_K * scale_db, HUBER_K * scale_db)
        scale_db = _scale(bounded_db, designs, ratio)
        shift_db = row_means(bounded_db)[:, None]
        target_db = excerpt_db[excerpt] + annotator_db[annotator] + bounded_db - shift_db
        before_db = excerpt_db
        columns = [target_db[design.present, s] for s, design in enumerate(designs)]
        if round_number < _RATIO_ROUNDS:
            ratio = np.array([d.best_ratio(c) for d, c in zip(designs, columns, strict=True)])
        solved = [d.solve(c, r) for d, c, r in zip(designs, columns, ratio, strict=True)]
        excerpt_db = centre(np.stack([effects for effects, _ in solved], axis=1))
        annotator_db = centre(np.stack([offsets for _, offsets in solved], axis=1))
        offset_db = offset_db + shift_db[:, 0]
        fitted_db = excerpt_db[excerpt] + annotator_db[annotator] + offset_db[:, None]
        residual_db = balance_db - fitted_db
        step_db = np.nan_to_num(np.abs(excerpt_db - before_db)).max(initial=0.0)
        if round_number >= _RATIO_ROUNDS and max(step_db, np.abs(shift_db).max()) < _CONVERGED_DB:
            break
    part = _connected_parts(excerpt, annotator, size)
    return AdditiveFit(
        *_recentred(excerpt_db, annotator_db, part),
        aligned_db=balance_db - offset_db[:, None],
        residual_db=residual_db,
        scale_db=scale_db,
        ratio=ratio,
        designs=designs,
        part=part,
    )


def huber_location(values: FloatArray) -> FloatArray:
    """Robust mean of each column, (m, 4) to (4,); the mean itself for fewer than three rows."""
    if len(values) < 3:
        return np.asarray(values.mean(axis=0), dtype=np.float64)
    location = np.median(values, axis=0)
    spread = _MAD_TO_SD * np.median(np.abs(values - location), axis=0)
    bound = HUBER_K * np.maximum(spread, _SMALLEST_SD_DB)
    for _ in range(50):
        location = location + np.clip(values - location, -bound, bound).mean(axis=0)
    return np.asarray(location, dtype=np.float64)


def _recentred(
    excerpt_db: FloatArray, annotator_db: FloatArray, part: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Put zero where the typical annotator is, so that one biased annotator does not move it.

    Within a connected part of the table the residuals do not change when all annotators' offsets
    go up and all excerpts go down by the same vector.
    """
    n_excerpts = len(excerpt_db)
    shift_db = np.zeros((int(part.max(initial=-1)) + 1, annotator_db.shape[1]))
    for number in np.unique(part[n_excerpts:]):
        members = annotator_db[part[n_excerpts:] == number]
        shift_db[number] = centre(huber_location(members))
    moved_db = centre(excerpt_db + shift_db[part[:n_excerpts]])
    return moved_db, annotator_db - shift_db[part[n_excerpts:]]


def _scale(
    bounded_db: FloatArray, designs: tuple[StemDesign, ...], ratio: FloatArray
) -> FloatArray:
    """Robust SD per stem (Huber's proposal 2) with the degrees of freedom the effects take."""
    squares = np.nansum(bounded_db**2, axis=0)
    freedom = np.array(
        [max(d.freedom - d.absorbed(r), 1.0) for d, r in zip(designs, ratio, strict=True)]
    )
    scale_db = np.sqrt(squares / (freedom * _NORMAL_SECOND_MOMENT))
    return np.asarray(np.maximum(scale_db, _SMALLEST_SD_DB), dtype=np.float64)


def _start_scale(residual_db: FloatArray, designs: tuple[StemDesign, ...]) -> FloatArray:
    scales = []
    for stem, design in enumerate(designs):
        sizes_db = np.abs(residual_db[design.present, stem])
        if not len(sizes_db):
            scales.append(0.0)
            continue
        inflation = np.sqrt(len(sizes_db) / max(design.freedom, 1))
        # Where most agree to the tenth of a dB the median is zero and would never let go.
        typical_db = max(_MAD_TO_SD * float(np.median(sizes_db)), 0.5 * float(sizes_db.mean()))
        scales.append(inflation * typical_db)
    return np.asarray(np.maximum(scales, _SMALLEST_SD_DB), dtype=np.float64)


def _excerpt_medians(values_db: FloatArray, annotations: Annotations) -> FloatArray:
    """Median over the rows of each excerpt, shape (E, 4); NaN where there is no value."""
    excerpt, n_excerpts = annotations.excerpt, annotations.n_excerpts
    order = np.argsort(excerpt, kind="stable")
    starts = np.searchsorted(excerpt[order], np.arange(n_excerpts))
    place = np.arange(len(excerpt)) - starts[excerpt[order]]
    padded = np.full((n_excerpts, int(place.max(initial=0)) + 1, len(STEMS)), np.nan)
    padded[excerpt[order], place] = values_db[order]
    counts = excerpt_counts(values_db, excerpt, n_excerpts).astype(np.int64)
    return _sorted_medians(np.sort(padded, axis=1), counts)


def _row_medians(values_db: FloatArray) -> FloatArray:
    """Median over the stems that are present, shape (n,)."""
    counts = np.isfinite(values_db).sum(axis=1)
    ranked = np.sort(values_db, axis=1)
    return _sorted_medians(ranked[:, :, None], counts[:, None])[:, 0]


def _sorted_medians(ranked: FloatArray, counts: IntArray) -> FloatArray:
    """Middle of the first `counts` values along axis 1, where sorting has put NaN last."""
    low = np.maximum(counts - 1, 0) // 2
    high = counts // 2
    ends = [np.take_along_axis(ranked, index[:, None, :], axis=1)[:, 0] for index in (low, high)]
    return np.where(counts > 0, (ends[0] + ends[1]) / 2, np.nan)


def _connected_parts(excerpt: IntArray, annotator: IntArray, size: IntArray) -> IntArray:
    from scipy import sparse
    from scipy.sparse import csgraph

    n_excerpts, n_annotators = int(size[0]), int(size[1])
    n_nodes = n_excerpts + n_annotators
    links = sparse.coo_array(
        (np.ones(len(excerpt)), (excerpt, n_excerpts + annotator)), shape=(n_nodes, n_nodes)
    )
    return np.asarray(csgraph.connected_components(links, directed=False)[1], dtype=np.int64)
