"""Cases with known errors, and what a system answered to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, centre
from modeling.corpus import Excerpt
from modeling.errors import (
    PUBLISHED,
    PUBLISHED_CATEGORIES_DB,
    USUAL,
    ErrorDistribution,
    draw_published,
)
from modeling.models.decision import Decision, decide, decide_without_uncertainty
from modeling.models.posterior import Evidence, Posterior, posteriors

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """Problems made from songs.

    `songs` (n,) numbers the excerpt of each case, `errors_db` (n, 4) is the error (NaN where
    masked), `relative_db` (n, 4) the present loudness of each stem, mean removed, `anchors` the
    stem that is named as unaltered, or None.
    """

    distribution: ErrorDistribution
    songs: NDArray[np.int64]
    errors_db: Floats
    relative_db: Floats
    anchors: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.songs)

    @property
    def active(self) -> NDArray[np.bool_]:
        return np.isfinite(self.errors_db)

    @property
    def n_moved(self) -> NDArray[np.int64]:
        """How many stems were moved, (n,)."""
        return np.asarray((np.nan_to_num(self.errors_db) != 0.0).sum(axis=1), dtype=np.int64)

    def without_anchors(self) -> "Cases":
        """The same problems, no stem named as unaltered."""
        return replace(self, anchors=(None,) * len(self))


def usual_cases(excerpts: Sequence[Excerpt], per_song: int, seed: int) -> Cases:
    """`per_song` problems of the usual distribution for each excerpt, balanced ones included."""
    rng = np.random.default_rng([seed, 4])
    drawn = [
        (song, USUAL.draw(rng, tuple(excerpt.active)), None)
        for song, excerpt in enumerate(excerpts)
        for _ in range(per_song)
    ]
    return _cases(USUAL, excerpts, drawn)


def published_cases(excerpts: Sequence[Excerpt], seed: int) -> Cases:
    """The published protocol: each excerpt once in each of its five categories, anchor named."""
    rng = np.random.default_rng([seed, 5])
    drawn = [
        (song, *draw_published(rng, category, tuple(excerpt.active)))
        for song, excerpt in enumerate(excerpts)
        for category in range(len(PUBLISHED_CATEGORIES_DB))
    ]
    return _cases(PUBLISHED, excerpts, drawn)


def balanced_cases(
    excerpts: Sequence[Excerpt],
    distribution: ErrorDistribution,
    anchors: Sequence[str | None] = (None,),
) -> Cases:
    """Every excerpt at its reference balance, once for each anchor that is active in it."""
    drawn = [
        (song, np.where(excerpt.active, 0.0, np.nan), anchor)
        for song, excerpt in enumerate(excerpts)
        for anchor in anchors
        if anchor is None or excerpt.active[STEMS.index(anchor)]
    ]
    return _cases(distribution, excerpts, drawn)


@dataclass(frozen=True)
class Answers:
    """What one system said to every case.

    `correction_db` (n, 4) is its whole estimate, centred. `loud` holds what it would say if it had
    to speak, `scores` (n,) how sure it is of an error; it speaks where the score reaches
    `thresholds` (n,). `low_db`, `high_db` (n, 4) bound the stated 80 % interval of the centred
    error, NaN where a system states none.
    """

    name: str
    correction_db: Floats
    loud: tuple[Decision, ...]
    scores: Floats
    thresholds: Floats
    low_db: Floats
    high_db: Floats

    @property
    def speaks(self) -> NDArray[np.bool_]:
        has_words = np.array([bool(decision.moves) for decision in self.loud], dtype=bool)
        return np.asarray((self.scores >= self.thresholds) & has_words)


def answers_from_evidence(
    name: str, evidence: Evidence, cases: Cases, thresholds: float | Floats
) -> Answers:
    """What a system says that states uncertainty: posterior, then the one decision rule.

    `thresholds` is one for all cases, or (n,).
    """
    found = posteriors(evidence, cases.distribution, cases.anchors)
    intervals = [posterior.interval_db() for posterior in found]
    return Answers(
        name,
        -np.stack([posterior.mean_error_db() for posterior in found]),
        tuple(decide(posterior, 0.0) for posterior in found),
        p_errors(found),
        np.broadcast_to(thresholds, len(cases)),
        np.stack([low for low, _ in intervals]),
        np.stack([high for _, high in intervals]),
    )


def answers_from_corrections(name: str, correction_db: Floats, cases: Cases) -> Answers:
    """What a system says that states none: its largest moves, from 1.5 dB on.

    The protocol tells every system how many stems can be altered at most, and which one is not.
    """
    most_moves = 2 if cases.distribution.two or cases.distribution.every else 1
    centred = centre(np.where(cases.active, correction_db, np.nan))
    loud = [
        decide_without_uncertainty(row, most_moves, anchor)
        for row, anchor in zip(centred, cases.anchors, strict=True)
    ]
    unknown = np.full_like(centred, np.nan)
    sizes_db = np.nanmax(np.abs(np.nan_to_num(centred)), axis=1)
    return Answers(name, centred, tuple(loud), sizes_db, np.zeros(len(cases)), unknown, unknown)


def p_errors(found: Sequence[Posterior]) -> Floats:
    """Probability of an error worth advising on, (n,)."""
    return np.array([posterior.p_error for posterior in found])


def _cases(
    distribution: ErrorDistribution,
    excerpts: Sequence[Excerpt],
    drawn: Sequence[tuple[int, Floats, str | None]],
) -> Cases:
    songs = np.array([song for song, _, _ in drawn], dtype=np.int64)
    errors_db = np.stack([error_db for _, error_db, _ in drawn])
    loudness = np.stack([excerpt.loudness_lufs for excerpt in excerpts])[songs]
    present = centre(np.where(np.isfinite(errors_db), loudness + errors_db, np.nan))
    return Cases(distribution, songs, errors_db, present, tuple(anchor for _, _, anchor in drawn))
