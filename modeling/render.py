"""Audio of a balance: stems at a level, mixes, and mixes matched in loudness for comparison.

Mixes are matched, never the stems that advice is about: that would undo the advice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.headroom import true_peak_dbtp
from modeling.loudness import (
    Floats,
    Gains,
    balance_loudness_lufs,
    gains_linear,
    gram_of_stems,
    loudness_lufs,
    matching_gain_db,
)

DEFAULT_TARGET_LUFS = -23.0
CEILING_DBTP = -1.0
MATCHING_TOLERANCE_LU = 0.1


@dataclass(frozen=True)
class MatchedMix:
    """One version of a trial, with what was measured and done to it.

    `audio` (channels, n); `loudness_before_lufs` and `loudness_lufs` before and after `gain_db`;
    `target_lufs` is common to all versions and lies under the one asked for where the ceiling
    demanded it.
    """

    audio: Floats
    loudness_before_lufs: float
    target_lufs: float
    gain_db: float
    loudness_lufs: float
    true_peak_dbtp: float


def mix_stems(stems: NDArray[np.floating], gains_db: Gains) -> Floats:
    """Mix (channels, n) of stems (k, channels, n) at gains (k,) in dB; NaN or None is off."""
    gains = gains_linear(gains_db)
    if gains.shape != stems.shape[:1]:
        raise ValueError(f"gains have shape {gains.shape}; expected ({stems.shape[0]},)")
    return np.asarray(np.tensordot(gains, stems.astype(np.float64), axes=1))


def level_stem(stem: NDArray[np.floating], gain_db: float | None) -> Floats:
    """A stem (channels, n) turned by a gain in dB, such as its levelling plus a trim;

    None is off.
    """
    return mix_stems(stem[np.newaxis], [gain_db])


def match_mixes(
    mixes: Sequence[NDArray[np.floating]],
    sample_rate_hz: int,
    *,
    target_lufs: float = DEFAULT_TARGET_LUFS,
    ceiling_dbtp: float = CEILING_DBTP,
) -> list[MatchedMix]:
    """Versions of one trial, each (channels, n), brought to one loudness by a static gain.

    Where a version would pass the ceiling at the target, all of them go lower together: they stay
    equally loud. Raises ValueError, naming the version, for one that has no loudness or cannot be
    brought to the common one.
    """
    grams = [gram_of_stems(mix[np.newaxis], sample_rate_hz) for mix in mixes]
    peaks = [
        _peak_of_audible(number, mix, gram)
        for number, (mix, gram) in enumerate(zip(mixes, grams, strict=True), start=1)
    ]
    common_lufs, gains_db = _common_target(grams, peaks, target_lufs, ceiling_dbtp)
    return [
        MatchedMix(
            audio=level_stem(mix, gain_db),
            loudness_before_lufs=float(loudness_lufs(gram, [0.0])),
            target_lufs=common_lufs,
            gain_db=gain_db,
            loudness_lufs=_reached_lufs(number, gram, gain_db, common_lufs),
            true_peak_dbtp=peak + gain_db,
        )
        for number, (mix, gram, peak, gain_db) in enumerate(
            zip(mixes, grams, peaks, gains_db, strict=True), start=1
        )
    ]


def _peak_of_audible(number: int, mix: NDArray[np.floating], gram: Floats) -> float:
    peak = true_peak_dbtp(mix)
    if peak is None or balance_loudness_lufs(gram, [0.0]) is None:
        raise ValueError(f"version {number} is silent or under 0.4 s; leave it out")
    return peak


def _common_target(
    grams: Sequence[Floats],
    peaks_dbtp: Sequence[float],
    target_lufs: float,
    ceiling_dbtp: float,
) -> tuple[float, list[float]]:
    """The highest target up to `target_lufs` with every version under the ceiling; the gains."""
    while True:
        gains_db = [float(matching_gain_db(gram, [0.0], target_lufs)) for gram in grams]
        reached_dbtp = [peak + gain for peak, gain in zip(peaks_dbtp, gains_db, strict=True)]
        over_db = max(reached_dbtp, default=ceiling_dbtp) - ceiling_dbtp
        if over_db <= 0.0:
            return target_lufs, gains_db
        # A hair more than is over, so that rounding cannot keep this going.
        target_lufs -= over_db + 1e-6


def _reached_lufs(number: int, gram: Floats, gain_db: float, target_lufs: float) -> float:
    reached = float(loudness_lufs(gram, [gain_db]))
    if not abs(reached - target_lufs) <= MATCHING_TOLERANCE_LU:
        raise ValueError(
            f"version {number} reaches {reached:.2f} LUFS, not {target_lufs:.2f}; leave it out"
        )
    return reached
