"""How a corrected mix differs from the reference mix as sound, not as gains.

Audio features of Diff-MST (RMS, crest factor, stereo width, stereo imbalance, Bark spectrum; Vanka
et al., ISMIR 2024) and the spectral, panning, dynamic and loudness features of FxNorm-Automix
(Martinez-Ramirez et al., ISMIR 2022), measured on mixes at one loudness.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from modeling.features import SAMPLE_RATE_HZ
from modeling.loudness import audio_loudness_lufs

FRAME = 2048
N_BARK = 24
TARGET_LUFS = -23.0
_ROLL_OFF = 0.85
_TINY = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MixFeatures:
    """Of one mix at -23 LUFS. Levels in dB; ratios without unit; `bark_db` has shape (24,)."""

    rms_db: float
    crest_db: float
    width: float
    imbalance: float
    bark_db: Floats
    centroid_hz: float
    bandwidth_hz: float
    roll_off_hz: float
    flatness_db: float
    panning: float
    dynamic_spread_db: float


def mix_features(audio: NDArray[np.floating]) -> MixFeatures:
    """Measure a mix (2, n) at 44.1 kHz, brought to -23 LUFS first.

    Raises:
        ValueError: another shape, or no loudness (silent or shorter than 0.4 s).
    """
    if audio.ndim != 2 or audio.shape[0] != 2:
        raise ValueError(f"audio has shape {audio.shape}; expected (2, samples)")
    loudness = audio_loudness_lufs(audio, SAMPLE_RATE_HZ)
    if loudness is None:
        raise ValueError("the mix has no loudness; it is silent or shorter than 0.4 s")
    mix = np.asarray(audio, dtype=np.float64) * 10.0 ** ((TARGET_LUFS - loudness) / 20.0)
    power = _powers(mix)
    levels = power.mean(axis=(1, 2))
    left_right = (mix**2).mean(axis=1)
    middle, side = ((mix[0] + sign * mix[1]) / 2.0 for sign in (1.0, -1.0))
    mean_power = (mix**2).mean()
    spectrum = power.mean(axis=(0, 1))
    return MixFeatures(
        rms_db=_db(mean_power),
        crest_db=_db(np.abs(mix).max() ** 2) - _db(mean_power),
        width=float((side**2).mean() / ((middle**2).mean() + _TINY)),
        imbalance=float((left_right[1] - left_right[0]) / (left_right.sum() + _TINY)),
        bark_db=_bark_db(spectrum),
        panning=_panning(power),
        dynamic_spread_db=float(np.abs(10.0 * np.log10(levels + _TINY) - _db(mean_power)).mean()),
        **_shape(spectrum),
    )


def feature_distances(
    mix: NDArray[np.floating], reference: NDArray[np.floating]
) -> dict[str, float]:
    """Absolute difference of every feature, the mean over bands for the Bark spectrum.

    Raises:
        ValueError: see `mix_features`.
    """
    ours, theirs = mix_features(mix), mix_features(reference)
    return {
        field.name: float(
            np.abs(np.asarray(getattr(ours, field.name)) - getattr(theirs, field.name)).mean()
        )
        for field in fields(MixFeatures)
    }


def _powers(mix: Floats) -> Floats:
    """Power spectra (frames, 2, bins) of neighbouring frames."""
    n_frames = max(1, mix.shape[1] // FRAME)
    padded = np.zeros((2, n_frames * FRAME))
    n = min(mix.shape[1], padded.shape[1])
    padded[:, :n] = mix[:, :n]
    frames = padded.reshape(2, n_frames, FRAME).transpose(1, 0, 2) * np.hanning(FRAME)
    return np.asarray(np.abs(rfft(frames, axis=2)) ** 2 / FRAME)


def _shape(spectrum: Floats) -> dict[str, float]:
    hz = np.arange(len(spectrum)) * (SAMPLE_RATE_HZ / FRAME)
    share = spectrum / (spectrum.sum() + _TINY)
    centroid_hz = float(share @ hz)
    return {
        "centroid_hz": centroid_hz,
        "bandwidth_hz": float(np.sqrt(share @ (hz - centroid_hz) ** 2)),
        "roll_off_hz": float(hz[np.searchsorted(np.cumsum(share), _ROLL_OFF)]),
        "flatness_db": float(10.0 * np.log10(spectrum + _TINY).mean() - _db(spectrum.mean())),
    }


def _panning(power: Floats) -> float:
    """RMS of the stereo panning spectrum (Tzanetakis et al., 2007), weighted by power."""
    left, right = np.sqrt(power[:, 0]), np.sqrt(power[:, 1])
    similarity = 2.0 * left * right / (left**2 + right**2 + _TINY)
    panning = (1.0 - similarity) * np.sign(right - left)
    weight = power.sum(axis=1)
    return float(np.sqrt((weight * panning**2).sum() / (weight.sum() + _TINY)))


def _bark_db(spectrum: Floats) -> Floats:
    """Level (24,) per Bark band; Bark number after Traunmueller (1990)."""
    hz = np.arange(len(spectrum)) * (SAMPLE_RATE_HZ / FRAME)
    number = np.clip(np.floor(26.81 * hz / (1960.0 + hz) - 0.53), 0, N_BARK - 1).astype(int)
    sums = np.bincount(number, spectrum, N_BARK)
    return np.asarray(10.0 * np.log10(sums + _TINY))


def _db(power: float | np.floating) -> float:
    return float(10.0 * np.log10(power + _TINY))
