"""Small made-up songs for the tests of features, models and training: four seconds of shaped noise.

The brightness of `other` says where its balance lies, so there is something to learn.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from modeling.corpus import Excerpt, Origin, measured

RATE_HZ = 44_100
DURATION_S = 4.0
_RANGES_HZ = ((250, 4000), (80, 9000), (40, 300), (200, 6000))


def noise_stems(seed: int, duration_s: float = DURATION_S) -> NDArray[np.float32]:
    """Stems (4, 2, n), each in its own range of the spectrum, swelling at its own pace."""
    rng = np.random.default_rng(seed)
    n = round(duration_s * RATE_HZ)
    time_s = np.arange(n) / RATE_HZ
    stems = []
    for low_hz, high_hz in _RANGES_HZ:
        top_hz = high_hz * 2.0 ** rng.uniform(-0.7, 0.7)
        sos = butter(2, (low_hz, top_hz), "bandpass", fs=RATE_HZ, output="sos")
        noise = sosfilt(sos, rng.standard_normal((2, n)), axis=1)
        swell = 1.2 + np.sin(2.0 * np.pi * rng.uniform(0.5, 4.0) * time_s + rng.uniform(0.0, 6.0))
        stem = noise * swell
        stems.append(0.05 * stem / np.sqrt(np.mean(stem**2)))
    return np.asarray(stems, dtype=np.float32)


def noise_excerpt(seed: int) -> Excerpt:
    """An excerpt whose balance follows from the seed; two songs by each artist."""
    gains_db = np.array([4.0, -2.0, -5.0, 3.0])
    gains_db = gains_db + np.random.default_rng([seed, 1]).normal(0.0, 1.5, 4)
    stems = noise_stems(seed) * (10.0 ** (gains_db / 20.0))[:, None, None]
    origin = Origin(
        fingerprint=f"{seed:064x}",
        artist=f"artist {seed // 2}",
        title=f"noise {seed}",
        licence="CC0-1.0",
        source="made up for a test",
        generated=True,
        start_s=0.0,
        duration_s=DURATION_S,
    )
    return measured(stems.astype(np.float32), origin)


def with_gains(stems: NDArray[np.float32], gains_db: list[float]) -> NDArray[np.float32]:
    """The stems with a gain each."""
    gains = 10.0 ** (np.array(gains_db) / 20.0)
    return np.asarray(stems * gains[:, None, None], dtype=np.float32)
