"""Audio features of any balance of one excerpt, at one loudness (-23 LUFS).

All but the peak are functions of powers, and powers of a mix are quadratic forms of the stems'
gains: the products of the stems' spectra are measured once per song (24 Bark bands, windows of half
a second, left, right and their cross product).

Dynamics, stereo and spectrum are those by which mixes are commonly compared: RMS, crest factor,
stereo width, stereo imbalance and Bark spectrum (Vanka et al., "Diff-MST", ISMIR 2024); centroid,
bandwidth, contrast, roll-off, flatness, panning, dynamic spread and loudness over running windows
of half a second (Martinez-Ramirez et al., "Automatic music mixing with deep learning and
out-of-domain data", ISMIR 2022). Ratios are taken in dB and frequencies in octaves, so that no
feature's unit decides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import stft

from modeling.audio import SAMPLE_RATE_HZ
from modeling.features import PAIRS
from modeling.loudness import matching_gain_db, momentary_lufs
from modeling.render import DEFAULT_TARGET_LUFS

# Zwicker, J. Acoust. Soc. Am. 33 (1961), p. 248.
BARK_EDGES_HZ = (
    *(20, 100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720),
    *(2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400, 7700, 9500, 12000, 15500),
)
N_BANDS = len(BARK_EDGES_HZ) - 1
WINDOW_S = 0.5
ROLL_OFF = 0.85
_FRAME, _HOP = 4096, 2048
_BANDS_PER_GROUP = 4
_BALANCES_AT_ONCE = 8
_SILENT = 1e-14
# One side of the spectrum under a Hann window, scaled by its sum, holds 3/4 of the mean power.
_SHARE_OF_POWER = 0.75

# Unit of the distance from the reference, by feature.
FEATURES = {
    "rms_db": "dB",
    "crest_db": "dB",
    "width_db": "dB",
    "imbalance_db": "dB",
    "bark_spectrum_db": "dB",
    "centroid_octaves": "octaves",
    "bandwidth_octaves": "octaves",
    "rolloff_octaves": "octaves",
    "contrast_db": "dB",
    "flatness_db": "dB",
    "panning_rms": "0 to 1",
    "dynamic_spread_db": "dB",
    "loudest_moment_lu": "LU",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MixMeter:
    """What one excerpt's mixes are measured from.

    Shapes: products (windows, 24 bands, 3 left/right/cross, 10 pairs), stems (4, 2 n) float32,
    gram (n_hops, 4, 4).
    """

    products: Floats
    stems: NDArray[np.float32]
    gram: Floats

    @classmethod
    def of(cls, stems: NDArray[np.float32], gram: Floats) -> "MixMeter":
        """Measure stems (4, 2, n) at 44.1 kHz; `gram` is theirs."""
        return cls(_products(stems), stems.reshape(len(stems), -1), gram)

    def distances(self, balances_db: Floats, reference_db: Floats) -> dict[str, Floats]:
        """How far each balance (m, 4) lies from the reference (4,), by feature (m,).

        NaN is off. A feature that a silent mix does not have is NaN.
        """
        found, wanted = self.measure(balances_db), self.measure(reference_db[np.newaxis])
        return {
            name: np.abs(found[name] - wanted[name]).reshape(len(balances_db), -1).mean(axis=1)
            for name in FEATURES
        }

    def measure(self, balances_db: Floats) -> dict[str, Floats]:
        """Features of balances (m, 4): (m,) each, the Bark spectrum (m, 24)."""
        common_db = matching_gain_db(self.gram, balances_db, DEFAULT_TARGET_LUFS)
        gains_db = balances_db + np.asarray(common_db)[:, np.newaxis]
        gains = np.nan_to_num(10.0 ** (gains_db / 20.0), nan=0.0)
        weights = np.stack(
            [gains[:, i] * gains[:, j] * (1.0 if i == j else 2.0) for i, j in PAIRS], axis=1
        )
        left, right, cross = np.moveaxis(self.products @ weights.T, 2, 0).transpose(0, 3, 1, 2)
        level_db = _db((left + right).sum(axis=2) / 2.0)
        rms_db = _db((left + right).sum(axis=2).mean(axis=1) / 2.0)
        moments_lufs = momentary_lufs(self.gram, gains_db)
        return {
            "rms_db": rms_db,
            "crest_db": self._peaks_db(gains) - rms_db,
            **_stereo(left, right, cross),
            **_spectrum(left + right),
            "dynamic_spread_db": np.abs(level_db - rms_db[:, np.newaxis]).mean(axis=1),
            "loudest_moment_lu": np.nanmax(moments_lufs, axis=-1) - DEFAULT_TARGET_LUFS,
        }

    def _peaks_db(self, gains: Floats) -> Floats:
        peaks = [
            np.abs(gains[first : first + _BALANCES_AT_ONCE].astype(np.float32) @ self.stems).max(1)
            for first in range(0, len(gains), _BALANCES_AT_ONCE)
        ]
        return 2.0 * _db(np.concatenate(peaks).astype(np.float64))


def _stereo(left: Floats, right: Floats, cross: Floats) -> dict[str, Floats]:
    both = left + right
    middle, side = (np.maximum(both + sign * 2.0 * cross, 0.0).sum(axis=(1, 2)) for sign in (1, -1))
    panning = (right - left) / np.maximum(both, _SILENT)
    return {
        "width_db": _db(side) - _db(middle),
        "imbalance_db": _db(right.sum(axis=(1, 2))) - _db(left.sum(axis=(1, 2))),
        "panning_rms": np.sqrt((panning**2).mean(axis=2)).mean(axis=1),
    }


def _spectrum(power: Floats) -> dict[str, Floats]:
    """From powers (m, windows, 24)."""
    edges = np.array(BARK_EDGES_HZ, dtype=np.float64)
    centres_hz = np.sqrt(edges[:-1] * edges[1:])
    share = power / np.maximum(power.sum(axis=2, keepdims=True), _SILENT)
    centroid_hz = np.maximum(share @ centres_hz, edges[0])
    spread = (share * (centres_hz - centroid_hz[..., np.newaxis]) ** 2).sum(axis=2)
    below = np.cumsum(share, axis=2)
    groups_db = _db(power).reshape(*power.shape[:2], -1, _BANDS_PER_GROUP)
    contrast_db = (groups_db.max(axis=3) - groups_db.min(axis=3)).mean(axis=2)
    return {
        "bark_spectrum_db": _db(power.mean(axis=1)),
        "centroid_octaves": np.log2(centroid_hz).mean(axis=1),
        "bandwidth_octaves": np.log2(np.sqrt(np.maximum(spread, 1.0))).mean(axis=1),
        "rolloff_octaves": _roll_off_octaves(below, np.log2(edges)).mean(axis=1),
        "contrast_db": contrast_db.mean(axis=1),
        "flatness_db": (_db(power).mean(axis=2) - _db(power.mean(axis=2))).mean(axis=1),
    }


def _roll_off_octaves(below: Floats, edges_octaves: Floats) -> Floats:
    """Where the summed share (..., 24) reaches the roll-off, linear within a band."""
    band = np.argmax(below >= ROLL_OFF * below[..., -1:], axis=-1)
    upper = np.take_along_axis(below, band[..., np.newaxis], axis=-1)[..., 0]
    before = np.take_along_axis(below, np.maximum(band - 1, 0)[..., np.newaxis], axis=-1)[..., 0]
    lower = np.where(band > 0, before, 0.0)
    part = (ROLL_OFF * below[..., -1] - lower) / np.maximum(upper - lower, _SILENT)
    width = edges_octaves[band + 1] - edges_octaves[band]
    return np.asarray(edges_octaves[band] + np.clip(part, 0.0, 1.0) * width)


def _products(stems: NDArray[np.float32]) -> Floats:
    """Products per window and band, (windows, 24, 3, 10)."""
    hz, _, spectra = stft(
        stems, SAMPLE_RATE_HZ, nperseg=_FRAME, noverlap=_FRAME - _HOP, boundary=None, padded=True
    )
    band = np.searchsorted(BARK_EDGES_HZ, hz, side="right") - 1
    inside = (band >= 0) & (band < N_BANDS)
    bands = np.zeros((len(hz), N_BANDS), dtype=np.float32)
    bands[np.flatnonzero(inside), band[inside]] = 1.0
    frames = np.moveaxis(spectra.astype(np.complex64), -1, 2)
    per_window = max(1, round(WINDOW_S * SAMPLE_RATE_HZ / _HOP))
    starts = np.arange(0, frames.shape[2], per_window)
    counts = np.diff([*starts, frames.shape[2]])
    columns = []
    for i, j in PAIRS:
        (left_i, right_i), (left_j, right_j) = frames[i], frames[j]
        cross = (_product(left_i, right_j) + _product(left_j, right_i)) / 2.0
        kinds = (_product(left_i, left_j), _product(right_i, right_j), cross)
        sums = [np.add.reduceat((kind @ bands).astype(np.float64), starts) for kind in kinds]
        means = np.stack(sums, axis=2) / counts[:, np.newaxis, np.newaxis]
        columns.append(means / _SHARE_OF_POWER)
    return np.stack(columns, axis=3)


def _product(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float32]:
    return np.asarray(first.real * second.real + first.imag * second.imag)


def _db(power: Floats) -> Floats:
    return np.asarray(10.0 * np.log10(np.maximum(power, _SILENT)))
