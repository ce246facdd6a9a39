"""The tone engine: a periodic sound whose harmonics change with time.

A tone is a stack of wave tables, one per moment, made from the amplitudes of its harmonics; the
sound reads two neighbouring tables and blends. So a plucked string (upper harmonics die first), a
filter sweep and a swelling pad are the same code with other amplitudes, exactly in tune and at two
look-ups a sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.demo_songs.dsp import RATE_HZ, Audio, Curve

_TABLE = 4096
_TOP_HZ = 16_000.0


@dataclass(frozen=True)
class Note:
    """One note of a score: when, how long, which pitch (MIDI number), how hard (0 to 1)."""

    start_s: float
    duration_s: float
    pitch: float
    velocity: float


def pitch_hz(pitch: float) -> float:
    """Frequency of a MIDI pitch, A4 = 69 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def harmonic_count(frequency_hz: float, most: int = 120) -> int:
    """How many harmonics fit below 16 kHz."""
    return int(np.clip(_TOP_HZ / frequency_hz, 1, most))


def harmonic_tone(
    frequency_hz: float | Curve,
    amplitudes: NDArray[np.float64],
    times_s: NDArray[np.float64],
    n_samples: int,
    phases: NDArray[np.float64],
) -> Audio:
    """A tone (n_samples,) from harmonic amplitudes (m, k) at m ascending times.

    `frequency_hz` is one number or a curve (n_samples,); `phases` (k,) are in radians. Before the
    first and after the last time the nearest table holds.
    """
    spectra = np.zeros((amplitudes.shape[0], _TABLE // 2 + 1), dtype=np.complex128)
    spectra[:, 1 : amplitudes.shape[1] + 1] = amplitudes * np.exp(1j * phases)
    tables = np.fft.irfft(spectra, axis=1).astype(np.float32).ravel() * np.float32(_TABLE / 2)
    if isinstance(frequency_hz, float):
        turns = np.arange(n_samples) * (frequency_hz * _TABLE / RATE_HZ)
    else:
        turns = np.cumsum(frequency_hz) * (_TABLE / RATE_HZ)
    at = turns.astype(np.int64) & (_TABLE - 1)
    if amplitudes.shape[0] == 1:
        return np.asarray(tables[at], dtype=np.float32)
    last = amplitudes.shape[0] - 1
    moment = np.interp(np.arange(n_samples) / RATE_HZ, times_s, np.arange(last + 1))
    row = np.minimum(moment.astype(np.int64), last - 1)
    blend = (moment - row).astype(np.float32)
    at += row * _TABLE
    here = tables[at]
    return np.asarray(here + blend * (tables[at + _TABLE] - here), dtype=np.float32)


def envelope(
    n_samples: int, attack_s: float, decay_s: float, sustain: float, release_s: float
) -> Audio:
    """Attack, exponential decay to a sustained level, and a release inside the same length."""
    t = np.arange(n_samples, dtype=np.float32) / RATE_HZ
    shape = sustain + (1.0 - sustain) * np.exp(-np.maximum(0.0, t - attack_s) / max(decay_s, 1e-3))
    shape *= np.minimum(1.0, t / max(attack_s, 1e-3))
    left = (n_samples / RATE_HZ - t) / max(release_s, 1e-3)
    return np.asarray(shape * np.clip(left, 0.0, 1.0), dtype=np.float32)


def plucked(
    pitch: float,
    seconds: float,
    rng: np.random.Generator,
    *,
    brightness: float,
    ring_s: float,
    position: float,
    darkening: float = 1.0,
) -> Audio:
    """A plucked or struck string; the harmonics of a Karplus-Strong loop, each with its own decay.

    `brightness` 0 to 1 is the slope of the first spectrum, `ring_s` the decay of the fundamental
    (time constant), `position` 0 to 0.5 where along the string it is excited, `darkening` how much
    faster the upper harmonics die.
    """
    hz = pitch_hz(pitch)
    k = np.arange(1, harmonic_count(hz) + 1, dtype=np.float64)
    first = k ** (-2.0 + 1.4 * brightness) * np.abs(np.sin(np.pi * position * k))
    first *= np.exp(0.25 * rng.standard_normal(k.size))
    first /= np.sqrt(np.sum(first**2)) + 1e-9
    rate = (1.0 + darkening * 0.06 * (k - 1.0) + 0.002 * darkening * (k - 1.0) ** 2) / ring_s
    n = int(RATE_HZ * seconds)
    times_s = seconds * np.linspace(0.0, 1.0, 14) ** 2.0
    amplitudes = first * np.exp(-np.outer(times_s, rate))
    phases = rng.uniform(0.0, 2.0 * np.pi, k.size)
    tone = harmonic_tone(hz, amplitudes, times_s, n, phases)
    edge = min(n, int(0.03 * RATE_HZ))
    tone[: edge // 20] *= np.linspace(0.0, 1.0, edge // 20, dtype=np.float32)
    tone[n - edge :] *= np.linspace(1.0, 0.0, edge, dtype=np.float32)
    return tone


def filtered_saw(
    frequency_hz: float | Curve,
    seconds: float,
    rng: np.random.Generator,
    *,
    cutoff_hz: tuple[float, float, float],
    sweep_s: float,
    resonance: float = 0.0,
    square: float = 0.0,
) -> Audio:
    """A synthesiser tone: saw (or square by `square` 0 to 1) through a swept low pass.

    `cutoff_hz` is (start, after `sweep_s`, end); resonance lifts the harmonics at the cutoff.
    """
    top_hz = frequency_hz if isinstance(frequency_hz, float) else float(np.max(frequency_hz))
    k = np.arange(1, harmonic_count(top_hz) + 1, dtype=np.float64)
    saw = 1.0 / k
    saw = np.where(k % 2 == 0, saw * (1.0 - square), saw)
    times_s = np.array([0.0, sweep_s * 0.25, sweep_s, max(seconds, sweep_s * 1.01)])
    start, middle, end = cutoff_hz
    cutoffs = np.array([start, np.sqrt(start * middle), middle, end])[:, None]
    ratio = k * top_hz / cutoffs
    low = 1.0 / np.sqrt(1.0 + ratio**4)
    amplitudes = saw * (low + resonance * np.exp(-np.square(np.log2(ratio) / 0.35)))
    n = int(RATE_HZ * seconds)
    phases = np.full(k.size, -np.pi / 2) + 0.3 * rng.standard_normal(k.size)
    return harmonic_tone(frequency_hz, amplitudes, times_s, n, phases)
