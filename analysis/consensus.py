"""The consensus of many people's balances of each excerpt, with intervals and outliers.

The location is that of the robust additive model (`analysis.additive`), re-centred over the stems
that have a consensus. Nothing is deleted: an annotation far from the others is bounded in its
influence and flagged.
"""

from dataclasses import dataclass

import numpy as np

from analysis.additive import AdditiveFit, fit_additive
from analysis.annotations import (
    Annotations,
    BoolArray,
    IntArray,
    excerpt_counts,
    excerpt_sums,
    row_means,
)
from analysis.intervals import BOOTSTRAP_FROM, bootstrap_errors, residual_variance, t_half_widths
from analysis.vectors import STEMS, Balance, FloatArray, centre

MIN_ANNOTATIONS = 3
OUTLIER_Z = 3.5
METHOD = (
    "excerpt + annotator + residual by Huber's loss, annotators shrunk by REML, centred over "
    f"active stems; t interval below {BOOTSTRAP_FROM} annotations, bootstrap from there"
)

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class Consensus:
    """Consensus of E excerpts from n annotations by J annotators; dB, NaN where there is none."""

    balance_db: FloatArray
    """(E, 4), centred over the stems that have a consensus."""
    low_db: FloatArray
    """(E, 4), lower end of the interval of confidence `level`."""
    high_db: FloatArray
    """(E, 4)"""
    spread_db: FloatArray
    """(E, 4), SD between the annotations around the consensus, annotators' offsets included."""
    n_values: IntArray
    """(E, 4), annotations with this stem up."""
    n_annotations: IntArray
    """(E,), first takes with at least two stems up."""
    share_off: FloatArray
    """(E, 4), share of first takes with the fader off; NaN for inactive stems or no annotation."""
    share_top: FloatArray
    """(E, 4), share of first takes with the fader at its upper end."""
    status: tuple[str, ...]
    """Per excerpt: "consensus", or "too few" with fewer than `MIN_ANNOTATIONS` annotations."""
    annotator: IntArray
    """(J,), as given, ascending."""
    annotator_offset_db: FloatArray
    """(J, 4), what each annotator adds to the typical one, shrunk."""
    annotator_sd_db: FloatArray
    """(4,), SD of the annotators' offsets."""
    residual_sd_db: FloatArray
    """(4,), robust SD of what excerpt and annotator do not explain."""
    distance_db: FloatArray
    """(n,), RMS over stems of an annotation's difference from the consensus."""
    outlier_z: FloatArray
    """(n,), robust z of the distance among all annotations."""
    outlier: BoolArray
    """(n,), True where the z exceeds `OUTLIER_Z`."""
    level: float = 0.95
    method: str = METHOD

    def balance(self, excerpt: int) -> Balance:
        """The consensus of one excerpt; all stems masked where there is none."""
        return Balance.from_sequence(self.balance_db[excerpt].tolist())


@dataclass(frozen=True)
class SongValues:
    """Means over each song's excerpts; S songs."""

    song: IntArray
    """(S,), as given, ascending."""
    balance_db: FloatArray
    """(S, 4), centred; NaN where no excerpt has a consensus."""
    spread_db: FloatArray
    """(S, 4), SD over the song's excerpts; NaN below two."""
    n_excerpts: IntArray
    """(S, 4)"""


def fit_consensus(
    annotations: Annotations,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Consensus:
    """Consensus of every excerpt.

    Only first takes with two or more stems up are used (`Annotations.comparable`). Rows are put
    into an order of their own first, so their order changes nothing, the bootstrap included.

    Args:
        annotations: all annotations; repeats may be among them.
        rng: draws the bootstrap.
    """
    usable = (annotations.repeat == 0) & (np.isfinite(annotations.balance_db).sum(axis=1) >= 2)
    rows = np.flatnonzero(usable)
    keys = (*annotations.balance_db[rows].T, annotations.annotator[rows], annotations.excerpt[rows])
    rows = rows[np.lexsort(keys)]
    used = annotations.select(rows)
    people, person = np.unique(used.annotator, return_inverse=True)
    if not len(used):
        return _empty(annotations, level)
    fit = fit_additive(used, person)
    n_values = excerpt_counts(used.balance_db, used.excerpt, used.n_excerpts).astype(np.int64)
    n_annotations = np.bincount(used.excerpt, minlength=used.n_excerpts)
    known = (n_values >= MIN_ANNOTATIONS) & (n_annotations >= MIN_ANNOTATIONS)[:, None]
    raw_db = np.where(known, fit.excerpt_db, np.nan)
    balance_db = centre(raw_db)
    low_db, high_db = _intervals(fit, used, balance_db, rng, n_resamples, level)
    spread_db, distance_db = _spread(fit, used, known)
    outlier_z = np.full(len(annotations), np.nan)
    outlier_z[rows] = _robust_z(distance_db)
    distances_db = np.full(len(annotations), np.nan)
    distances_db[rows] = distance_db
    share_off, share_top = _shares(annotations)
    variance = residual_variance(fit)
    return Consensus(
        balance_db=balance_db,
        low_db=low_db,
        high_db=high_db,
        spread_db=spread_db,
        n_values=n_values,
        n_annotations=n_annotations,
        share_off=share_off,
        share_top=share_top,
        status=_statuses(n_annotations),
        annotator=people,
        annotator_offset_db=fit.annotator_db,
        annotator_sd_db=np.sqrt(variance * fit.ratio),
        residual_sd_db=np.sqrt(variance),
        distance_db=distances_db,
        outlier_z=outlier_z,
        outlier=outlier_z > OUTLIER_Z,
        level=level,
    )


def song_values(consensus: Consensus, song: IntArray) -> SongValues:
    """Mean consensus of each song's excerpts, with their spread.

    Args:
        song: shape (E,), any integers; excerpts with equal ones belong to one song.
    """
    songs, member = np.unique(song, return_inverse=True)
    counts = excerpt_counts(consensus.balance_db, member, len(songs))
    sums = excerpt_sums(consensus.balance_db, member, len(songs))
    mean_db = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    squares = excerpt_sums((consensus.balance_db - mean_db[member]) ** 2, member, len(songs))
    spread_db = np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
    return SongValues(songs, centre(mean_db), spread_db, counts.astype(np.int64))


def _intervals(
    fit: AdditiveFit,
    used: Annotations,
    balance_db: FloatArray,
    rng: np.random.Generator,
    n_resamples: int,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    half_db = t_half_widths(fit, level)
    low_db, high_db = balance_db - half_db, balance_db + half_db
    chosen, low_error_db, high_error_db = bootstrap_errors(
        fit, used.excerpt, rng, n_resamples, level
    )
    low_db[chosen] = balance_db[chosen] + low_error_db
    high_db[chosen] = balance_db[chosen] + high_error_db
    return low_db, high_db


def _spread(fit: AdditiveFit, used: Annotations, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """SD around the consensus per excerpt (E, 4), and each annotation's RMS distance (n,)."""
    away_db = fit.aligned_db - fit.excerpt_db[used.excerpt]
    away_db = np.where(known[used.excerpt], away_db, np.nan)
    # An annotator's offsets are part of the distance, their common part is not.
    away_db = away_db - row_means(away_db)[:, None]
    counts = excerpt_counts(away_db, used.excerpt, used.n_excerpts)
    squares = excerpt_sums(away_db**2, used.excerpt, used.n_excerpts)
    spread_db = np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
    present = np.isfinite(away_db).any(axis=1)
    return spread_db, np.where(present, np.sqrt(row_means(away_db**2)), np.nan)


def _robust_z(distance_db: FloatArray) -> FloatArray:
    known = distance_db[np.isfinite(distance_db)]
    if len(known) < MIN_ANNOTATIONS:
        return np.full(len(distance_db), np.nan)
    middle_db = np.median(known)
    scale_db = _MAD_TO_SD * np.median(np.abs(known - middle_db))
    return np.asarray((distance_db - middle_db) / max(scale_db, 1e-6), dtype=np.float64)


def _shares(annotations: Annotations) -> tuple[FloatArray, FloatArray]:
    """Shares (E, 4) of first takes with the fader off and at the top, of the active stems."""
    first = annotations.select(annotations.repeat == 0)
    counts = np.bincount(first.excerpt, minlength=first.n_excerpts)[:, None]
    off = excerpt_sums(1.0 - np.isfinite(first.balance_db), first.excerpt, first.n_excerpts)
    top = excerpt_sums(first.at_top.astype(np.float64), first.excerpt, first.n_excerpts)
    defined = annotations.active_stems & (counts > 0)
    off_share, top_share = (
        np.where(defined, number / np.maximum(counts, 1), np.nan) for number in (off, top)
    )
    return off_share, top_share


def _statuses(n_annotations: IntArray) -> tuple[str, ...]:
    return tuple("consensus" if n >= MIN_ANNOTATIONS else "too few" for n in n_annotations)


def _empty(annotations: Annotations, level: float) -> Consensus:
    """What is known when there is no usable annotation at all."""
    n_excerpts, n_rows = annotations.n_excerpts, len(annotations)
    nothing = np.full((n_excerpts, len(STEMS)), np.nan)
    no_rows = np.full(n_rows, np.nan)
    share_off, share_top = _shares(annotations)
    return Consensus(
        balance_db=nothing,
        low_db=nothing,
        high_db=nothing,
        spread_db=nothing,
        n_values=np.zeros(nothing.shape, dtype=np.int64),
        n_annotations=np.zeros(n_excerpts, dtype=np.int64),
        share_off=share_off,
        share_top=share_top,
        status=("too few",) * n_excerpts,
        annotator=np.empty(0, dtype=np.int64),
        annotator_offset_db=np.empty((0, len(STEMS))),
        annotator_sd_db=np.full(len(STEMS), np.nan),
        residual_sd_db=np.full(len(STEMS), np.nan),
        distance_db=no_rows,
        outlier_z=no_rows,
        outlier=np.zeros(n_rows, dtype=np.bool_),
        level=level,
    )
