"""Peaks: how far any balance of stems stays from clipping, and what a rendered mix really reaches.

A mix's sample peak in a hop is at most the sum of its stems' peaks there, each times its gain. That
bound needs no audio, holds for every balance, and is the same sum in the browser
(static/js/loudness.js).
"""

import numpy as np
from numpy.typing import NDArray

from modeling.loudness import (
    N_STEMS,
    Floats,
    Gains,
    gains_linear,
    hop_samples,
    matching_gain_db,
    pack_float32,
    stem_loudness_lufs,
)

# scipy is imported where it is used: web processes load this module and start without it.

CEILING_DBFS = -1.0
FADER_RANGE_DB = (-40.0, 12.0)
START_TARGET_LUFS = -23.0
OVERSAMPLING = 4
_REFINEMENTS = 7


class PeakMeter:
    """Sample peak of each stem per 100 ms hop, for stems that arrive in blocks of any size.

    The hops are those of `GramMeter`; a last incomplete hop counts here, because it can clip too.
    """

    def __init__(self, sample_rate_hz: int, n_stems: int = N_STEMS) -> None:
        self.hop = hop_samples(sample_rate_hz)
        self._n_stems = n_stems
        self._peaks: list[Floats] = []
        self._open: Floats = np.zeros(n_stems)
        self._open_samples = 0

    def push(self, block: NDArray[np.floating]) -> None:
        """Take the next (k, channels, n) samples. Raises ValueError for another shape."""
        if block.ndim != 3 or block.shape[0] != self._n_stems:
            raise ValueError(
                f"stems have shape {block.shape}; expected ({self._n_stems}, channels, n)"
            )
        levels = np.abs(block).max(axis=1, initial=0.0).astype(np.float64)
        missing = min(self.hop - self._open_samples, levels.shape[1])
        if missing:
            self._fill(levels[:, :missing])
        rest = levels[:, missing:]
        n_hops = rest.shape[1] // self.hop
        whole = rest[:, : n_hops * self.hop].reshape(self._n_stems, n_hops, self.hop)
        if n_hops:
            self._peaks.append(whole.max(axis=2).T)
        if rest.shape[1] > n_hops * self.hop:
            self._fill(rest[:, n_hops * self.hop :])

    def finish(self) -> Floats:
        """Peaks so far, (n_hops, k), linear."""
        last = [self._open[np.newaxis]] if self._open_samples else []
        return np.concatenate([np.empty((0, self._n_stems)), *self._peaks, *last])

    def _fill(self, levels: Floats) -> None:
        self._open = np.maximum(self._open, levels.max(axis=1))
        self._open_samples += levels.shape[1]
        if self._open_samples == self.hop:
            self._peaks.append(self._open[np.newaxis])
            self._open = np.zeros(self._n_stems)
            self._open_samples = 0


def peaks_of_stems(stems: NDArray[np.floating], sample_rate_hz: int) -> Floats:
    """Peaks (n_hops, k) of stems (k, channels, n) that are all in memory."""
    meter = PeakMeter(sample_rate_hz, n_stems=stems.shape[0])
    meter.push(stems)
    return meter.finish()


def pack_peaks(peaks: Floats) -> str:
    """The peaks for the browser: base64 of little-endian float32 (n_hops, k)."""
    return pack_float32(peaks)


def peak_bound_db(peaks: Floats, gains_db: Gains) -> Floats:
    """Highest sample peak in dBFS that each balance (..., k) can have, shape (...).

    NaN where silent.
    """
    bound = (gains_linear(gains_db) @ peaks.T).max(axis=-1, initial=0.0)
    return np.asarray(20.0 * np.log10(np.where(bound > 0.0, bound, np.nan)))


def compensation_db(
    gram: Floats,
    peaks: Floats,
    faders_db: Gains,
    *,
    target_lufs: float,
    ceiling_dbfs: float = CEILING_DBFS,
) -> float:
    """Gain in dB that brings the mix of one balance (k,) to the target, never over the ceiling.

    0 dB with every fader off. A mix too quiet to have a loudness is left as it is, ceiling apart.
    """
    bound = float(peak_bound_db(peaks, faders_db))
    if np.isnan(bound):
        return 0.0
    wanted = float(np.nan_to_num(matching_gain_db(gram, faders_db, target_lufs), nan=0.0))
    return min(wanted, ceiling_dbfs - bound)


def safe_target_lufs(
    gram: Floats,
    peaks: Floats,
    *,
    rng: np.random.Generator,
    ceiling_dbfs: float = CEILING_DBFS,
    range_db: tuple[float, float] = FADER_RANGE_DB,
    n_samples: int = 1_000,
) -> float | None:
    """Highest loudness target at which no balance of the faders can pass the ceiling. None for
    silence.

    Tried are all corners of the range (off, lowest, highest), `n_samples` random balances, and the
    surroundings of the worst ones found. Where it must never be limited, choose 0.5 LU less.
    """
    balances = np.concatenate(
        [_corners(gram.shape[1], range_db), rng.uniform(*range_db, (n_samples, gram.shape[1]))]
    )
    target_lufs = START_TARGET_LUFS
    width_db = (range_db[1] - range_db[0]) / 4.0
    for _ in range(_REFINEMENTS):
        at_target = peak_bound_db(peaks, balances) + matching_gain_db(gram, balances, target_lufs)
        if np.isnan(at_target).all():
            return None
        target_lufs += ceiling_dbfs - float(np.nanmax(at_target))
        worst = balances[np.argsort(-np.nan_to_num(at_target, nan=-np.inf))[:20]]
        near = worst[:, np.newaxis] + rng.normal(0.0, width_db, (20, 50, gram.shape[1]))
        near = np.clip(near.reshape(-1, gram.shape[1]), *range_db)
        balances = np.concatenate([worst, near])
        width_db /= 2.0
    return target_lufs


def safe_stem_level_lufs(
    gram: Floats,
    peaks: Floats,
    *,
    max_trim_db: float,
    ceiling_dbfs: float = CEILING_DBFS,
) -> float | None:
    """Highest loudness to which all stems can be levelled and still be trimmed without clipping.

    `max_trim_db` is the largest trim upwards. None where no stem is active.
    """
    alone = np.where(np.eye(gram.shape[1], dtype=bool), 0.0, np.nan)
    crest_db = peak_bound_db(peaks, alone) - stem_loudness_lufs(gram)
    if np.isnan(crest_db).all():
        return None
    return ceiling_dbfs - max_trim_db - float(np.nanmax(crest_db))


def true_peak_dbtp(audio: NDArray[np.floating]) -> float | None:
    """True peak of audio (channels, n) by 4x oversampling (BS.1770-4, annex 2);

    None for silence.
    """
    from scipy.signal import resample_poly

    if audio.shape[-1] == 0:
        return None
    between = resample_poly(np.asarray(audio, dtype=np.float64), OVERSAMPLING, 1, axis=-1)
    peak = max(float(np.abs(between).max()), float(np.abs(audio).max()))
    return 20.0 * float(np.log10(peak)) if peak > 0.0 else None


def _corners(n_stems: int, range_db: tuple[float, float]) -> Floats:
    grids = np.meshgrid(*[[np.nan, *range_db]] * n_stems, indexing="ij")
    return np.stack([grid.ravel() for grid in grids], axis=-1)
