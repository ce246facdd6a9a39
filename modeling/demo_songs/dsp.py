"""Signal tools of the generator: placing, filtering, saturating, compressing, rooms.

Audio is float32 at `RATE_HZ`; mono is (n,), stereo is (2, n). Everything is vectorised: a song must
take less time to make than to fetch.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal

RATE_HZ = 44_100

Audio = NDArray[np.float32]
Curve = NDArray[np.float64]


def db_to_gain(db: float) -> float:
    """Amplitude factor of a level in dB."""
    return float(10.0 ** (db / 20.0))


def pan_gains(pan: float) -> tuple[float, float]:
    """Constant-power left and right gains of a position from -1 (left) to 1 (right)."""
    angle = (float(np.clip(pan, -1.0, 1.0)) + 1.0) * math.pi / 4.0
    return math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)


def place(bus: Audio, start: int, sound: Audio, left: float, right: float) -> None:
    """Add a mono (n,) or stereo (2, n) sound to a stereo bus at a sample, cut to fit."""
    skip = max(0, -start)
    start += skip
    length = min(sound.shape[-1] - skip, bus.shape[1] - start)
    if length <= 0:
        return
    sides = (sound, sound) if sound.ndim == 1 else (sound[0], sound[1])
    for channel, (side, gain) in enumerate(zip(sides, (left, right), strict=True)):
        bus[channel, start : start + length] += np.float32(gain) * side[skip : skip + length]


def low_pass(audio: Audio, hz: float, order: int = 2) -> Audio:
    """Butterworth low pass along the last axis."""
    return _filter(audio, order, hz, "lowpass")


def high_pass(audio: Audio, hz: float, order: int = 2) -> Audio:
    """Butterworth high pass along the last axis."""
    return _filter(audio, order, hz, "highpass")


def band_pass(audio: Audio, low_hz: float, high_hz: float) -> Audio:
    """Second-order Butterworth band pass along the last axis."""
    return high_pass(low_pass(audio, high_hz), low_hz)


def _filter(audio: Audio, order: int, hz: float, kind: Literal["lowpass", "highpass"]) -> Audio:
    edge = float(np.clip(hz, 5.0, 0.48 * RATE_HZ))
    return _through(signal.butter(order, edge, kind, fs=RATE_HZ, output="sos"), audio)


def _through(sections: Curve, audio: Audio) -> Audio:
    """In double precision: what rings on in silence would soon be float32's slow tiny numbers."""
    heard = signal.sosfilt(sections, audio.astype(np.float64), axis=-1)
    return np.asarray(heard, dtype=np.float32)


def peak_eq(audio: Audio, hz: float, gain_db: float, octaves: float = 1.0) -> Audio:
    """A bell of `gain_db` at `hz`: the peaking filter of Bristow-Johnson's cookbook."""
    amplitude = db_to_gain(gain_db / 2.0)
    turn = 2.0 * math.pi * hz / RATE_HZ
    alpha = math.sin(turn) * math.sinh(math.log(2.0) / 2.0 * octaves * turn / math.sin(turn))
    middle = -2.0 * math.cos(turn)
    above = np.array([1.0 + alpha * amplitude, middle, 1.0 - alpha * amplitude])
    below = np.array([1.0 + alpha / amplitude, middle, 1.0 - alpha / amplitude])
    return _through(np.concatenate([above, below])[None, :] / below[0], audio)


def saturate(audio: Audio, drive_db: float) -> Audio:
    """tanh saturation that leaves quiet passages at unity gain; 0 dB puts the peak at the knee."""
    peak = float(np.max(np.abs(audio), initial=0.0))
    if peak <= 0.0:
        return audio
    scale = np.float32(db_to_gain(drive_db) / peak)
    return np.asarray(np.tanh(audio * scale) / scale, dtype=np.float32)


def compress(
    bus: Audio, below_peak_db: float, ratio: float, release_s: float, attack_s: float = 0.004
) -> Audio:
    """Feed-forward compressor of a stereo bus, its detector at 1.45 ms steps.

    The threshold stands `below_peak_db` under the loudest step, so the action does not depend on
    the level of the bus. Attack and release are one-pole smoothings of the gain, taken in turn.
    """
    step = 64
    n_steps = -(-bus.shape[1] // step)
    padded = np.zeros((2, n_steps * step), dtype=np.float32)
    padded[:, : bus.shape[1]] = bus
    power = np.mean(np.square(padded.reshape(2, n_steps, step)), axis=(0, 2), dtype=np.float64)
    level_db = 10.0 * np.log10(power + 1e-12)
    over_db = np.maximum(0.0, level_db - (float(level_db.max()) - below_peak_db))
    wanted_db = over_db * (1.0 - 1.0 / ratio)
    slow = _one_pole(wanted_db, release_s, step)
    cut_db = np.maximum(_one_pole(wanted_db, attack_s, step), slow)
    centres = np.arange(n_steps) * step + step / 2
    gain = np.interp(np.arange(bus.shape[1]), centres, 10.0 ** (-cut_db / 20.0))
    return np.asarray(bus * gain.astype(np.float32), dtype=np.float32)


def _one_pole(curve: Curve, time_s: float, step: int) -> Curve:
    keep = math.exp(-step / (RATE_HZ * time_s))
    return np.asarray(signal.lfilter([1.0 - keep], [1.0, -keep], curve), dtype=np.float64)


def room_tail(
    rng: np.random.Generator, decay_s: float, damping_hz: float, pre_delay_s: float = 0.01
) -> Audio:
    """Stereo impulse response (2, n): sparse early echoes, then decaying, damped noise."""
    n = int(RATE_HZ * min(decay_s * 1.1, 3.0))
    t = np.arange(n) / RATE_HZ
    noise = rng.standard_normal((2, n))
    bright = noise * np.exp(-6.9 * t / (0.5 * decay_s))
    dark = low_pass(noise.astype(np.float32), damping_hz, 1) * np.exp(-6.9 * t / decay_s)
    tail = 0.35 * bright + dark
    tail *= np.minimum(1.0, t / 0.02)
    for _ in range(10):
        at = int(RATE_HZ * (0.004 + 0.05 * rng.random()))
        if at < n:
            tail[int(rng.integers(2)), at] += rng.choice([-1.0, 1.0]) * (4.0 + 4.0 * rng.random())
    delay = np.zeros((2, int(RATE_HZ * pre_delay_s)), dtype=np.float32)
    whole = np.concatenate([delay, high_pass(tail.astype(np.float32), 180.0)], axis=1)
    return np.asarray(whole / np.sqrt(np.sum(np.square(whole)) / 2.0), dtype=np.float32)


def add_room(bus: Audio, tail: Audio, wet: float) -> Audio:
    """The bus plus `wet` times its reverberation; same length."""
    if wet <= 0.0:
        return bus
    heard = signal.oaconvolve(bus, tail, mode="full", axes=-1)[:, : bus.shape[1]]
    return np.asarray(bus + np.float32(wet) * heard, dtype=np.float32)


def echo(bus: Audio, delay_s: float, feedback: float, wet: float) -> Audio:
    """Ping-pong echoes, each darker than the one before."""
    out = bus.copy()
    delayed, gain = bus, wet
    shift = max(1, int(RATE_HZ * delay_s))
    while gain > 0.03 and shift < bus.shape[1]:
        delayed = low_pass(delayed[::-1], 3500.0, 1)
        moved = np.zeros_like(bus)
        moved[:, shift:] = delayed[:, :-shift]
        delayed = moved
        out += np.float32(gain) * delayed
        gain *= feedback
    return out


def chorus(bus: Audio, rng: np.random.Generator, depth_ms: float, wet: float) -> Audio:
    """Two slowly swept delays, one a side: width and shimmer."""
    n = bus.shape[1]
    t = np.arange(n, dtype=np.float64)
    out = bus.copy()
    for channel in range(2):
        rate_hz = rng.uniform(0.2, 0.9)
        turn = rng.uniform(0.0, 2.0 * math.pi)
        sweep = 1.0 + 0.5 * np.sin(2.0 * math.pi * rate_hz / RATE_HZ * t + turn)
        delay = (8.0 + depth_ms * sweep) * RATE_HZ / 1000.0
        swept = np.interp(t - delay, t, bus[channel], left=0.0)
        out[channel] += np.float32(wet) * swept.astype(np.float32)
    return out
