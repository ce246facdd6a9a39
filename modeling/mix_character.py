"""A few plain features of a mix as it is heard, for setting beside what people say of it.

Dynamics, stereo and spectrum as they are commonly compared among mixes (crest factor, stereo width
and imbalance after Vanka et al., "Diff-MST", ISMIR 2024; spectral centroid, roll-off and dynamic
spread after Martinez-Ramirez et al., ISMIR 2022). Ratios are in dB, frequencies in octaves.
"""

import numpy as np
from numpy.typing import NDArray

_FRAME, _HOP = 4096, 2048
_BLOCK_S = 0.4
_ROLL_OFF = 0.85
_REFERENCE_HZ = 1000.0
_SILENT = 1e-12

CHARACTER = {
    "crest_db": "peak over RMS, dB",
    "width_db": "side over mid, dB",
    "imbalance_db": "left over right, dB",
    "centroid_octaves": "spectral centroid, octaves over 1 kHz",
    "rolloff_octaves": "frequency under which 85 % of the power lies, octaves over 1 kHz",
    "dynamic_spread_db": "SD of the level over 0.4 s, dB",
}


def character_of(audio: NDArray[np.floating], sample_rate_hz: int) -> dict[str, float]:
    """The features of `CHARACTER` of a stereo mix (2, n), n of at least 4096 samples.

    Raises:
        ValueError: not stereo, too short, or silent.
    """
    mix = np.asarray(audio, dtype=np.float64)
    if mix.ndim != 2 or mix.shape[0] != 2 or mix.shape[1] < _FRAME:
        raise ValueError(f"a mix has shape {mix.shape}; expected (2, {_FRAME} or more)")
    left, right = (float(np.mean(channel**2)) for channel in mix)
    power = (left + right) / 2
    if power < _SILENT:
        raise ValueError("the mix is silent: it has no character")
    mid, side = mix.mean(axis=0), (mix[0] - mix[1]) / 2
    centroid_hz, rolloff_hz = _spectrum(mid, sample_rate_hz)
    return {
        "crest_db": _db(float(np.abs(mix).max()) ** 2, power),
        "width_db": _db(float(np.mean(side**2)), float(np.mean(mid**2))),
        "imbalance_db": _db(left, right),
        "centroid_octaves": float(np.log2(centroid_hz / _REFERENCE_HZ)),
        "rolloff_octaves": float(np.log2(rolloff_hz / _REFERENCE_HZ)),
        "dynamic_spread_db": _spread_db(mix, sample_rate_hz),
    }


def _db(power: float, reference: float) -> float:
    return float(10.0 * np.log10((power + _SILENT) / (reference + _SILENT)))


def _spectrum(mid: NDArray[np.float64], sample_rate_hz: int) -> tuple[float, float]:
    """Centroid and roll-off in Hz of the mean power spectrum."""
    frames = np.lib.stride_tricks.sliding_window_view(mid, _FRAME)[::_HOP]
    powers = np.mean(np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2, axis=0)
    powers[0] = 0.0
    frequencies_hz = np.fft.rfftfreq(_FRAME, 1.0 / sample_rate_hz)
    total = max(float(powers.sum()), _SILENT)
    centroid_hz = float(frequencies_hz @ powers) / total
    share = np.cumsum(powers) / total
    place = min(int(np.searchsorted(share, _ROLL_OFF)), len(frequencies_hz) - 1)
    lowest_hz = float(frequencies_hz[1])
    return max(centroid_hz, lowest_hz), max(float(frequencies_hz[place]), lowest_hz)


def _spread_db(mix: NDArray[np.float64], sample_rate_hz: int) -> float:
    length = min(round(_BLOCK_S * sample_rate_hz), mix.shape[1])
    n_blocks = mix.shape[1] // length
    blocks = mix[:, : n_blocks * length].reshape(2, n_blocks, length)
    levels_db = 10.0 * np.log10(np.mean(blocks**2, axis=(0, 2)) + _SILENT)
    return float(np.std(levels_db[levels_db > levels_db.max() - 40.0]))
