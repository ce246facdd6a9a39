"""Audio for the loudness tests: generated stems, real stems, and two meters written by others."""

from pathlib import Path

import numpy as np
import pyebur128
import pyloudnorm
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS

REAL_SONGS = ("cc0/Lithium", "cc0/Sodium", "cc0/Caesium", "mono-band", "falcon69-flac")

Audio = NDArray[np.float64]


def generated_stems(seed: int, rate: int, duration_s: float = 4.0) -> Audio:
    """Four stereo stems (4, 2, n) of tones and noise that share parts and come and go."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * rate)) / rate
    shared = rng.normal(size=(2, len(t)))
    stems = []
    for _ in STEMS:
        tone = np.sin(2 * np.pi * rng.uniform(60, 3000) * t + rng.uniform(0, 6))
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.2, 1.0) * t + rng.uniform(0, 6))
        noise = rng.normal(size=(2, len(t))) + rng.uniform(-0.5, 0.5) * shared
        stems.append(swell**4 * (rng.uniform(0.02, 0.3) * tone + rng.uniform(0.01, 0.1) * noise))
    return np.stack(stems)


def real_stems(folder: Path) -> tuple[Audio, int]:
    """Stems (4, 2, n) of one real song, cut to whole 100 ms hops, and their rate."""
    stems = []
    for stem in STEMS:
        audio, rate = soundfile.read(folder / f"{stem}.flac", always_2d=True)
        stems.append(audio.T)
    hop = rate // 10
    length = min(stem.shape[1] for stem in stems) // hop * hop
    return np.stack([stem[:, :length] for stem in stems]), rate


def libebur128_lufs(audio: Audio, rate: int) -> float:
    """Integrated loudness of (channels, n) by libebur128."""
    state = pyebur128.R128State(audio.shape[0], rate, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(audio.T).ravel(), audio.shape[1])
    return float(pyebur128.get_loudness_global(state))


def libebur128_true_peak_dbtp(audio: Audio, rate: int) -> float:
    state = pyebur128.R128State(audio.shape[0], rate, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(np.ascontiguousarray(audio.T).ravel(), audio.shape[1])
    peaks = [pyebur128.get_true_peak(state, channel) for channel in range(audio.shape[0])]
    return float(20 * np.log10(max(peaks)))


def pyloudnorm_lufs(audio: Audio, rate: int) -> float:
    """Integrated loudness of (channels, n) by pyloudnorm with the exact filter."""
    return float(pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(audio.T))


def mixed(stems: Audio, gains_db: NDArray[np.float64]) -> Audio:
    """The mix (channels, n) of stems at gains in dB, NaN for off."""
    gains = np.where(np.isnan(gains_db), 0.0, 10 ** (np.nan_to_num(gains_db) / 20))
    return np.einsum("k,kcn->cn", gains, stems)
