"""Generated songs that sound foreign: the same music, recorded and produced in another way.

They stand for records that a model was not trained on. Each stem is changed by filters, bells,
saturation, rooms, narrowing, pauses and leakage from the others, mildly in some songs and wildly in
others; the rule for the balance holds for what is heard afterwards. They serve to find out how far
an advisor can be trusted away from its training songs, and nothing else.
"""

import zlib
from functools import partial

import numpy as np

from modeling.demo_songs.dsp import (
    RATE_HZ,
    Audio,
    add_room,
    compress,
    high_pass,
    low_pass,
    peak_eq,
    room_tail,
    saturate,
)
from modeling.demo_songs.song import DemoSong, compose

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 12_000.0


def compose_foreign(seed: int, index: int, duration_s: float = 25.0) -> DemoSong:
    """Song `index` of the collection `seed`, produced in another way. As `compose` otherwise."""
    rng = np.random.default_rng([seed, index, zlib.crc32(b"foreign")])
    return compose(seed, index, duration_s, partial(_changed, rng=rng))


def _changed(stems: Audio, rng: np.random.Generator) -> Audio:
    strength = float(rng.uniform(0.1, 1.0))
    changed = np.stack([_stem_changed(stem, strength, rng) for stem in stems])
    power = np.sqrt(np.square(changed).mean(axis=(1, 2), keepdims=True)) + 1e-9
    leaked = changed / power
    for _ in range(int(rng.integers(0, 3))):  # a microphone that hears its neighbour
        one, other = rng.permutation(len(stems))[:2]
        leaked[one] += np.float32(strength * rng.uniform(0.05, 0.4)) * leaked[other]
    return np.asarray(leaked * 0.05, dtype=np.float32)


def _stem_changed(stem: Audio, strength: float, rng: np.random.Generator) -> Audio:
    for _ in range(3):
        hz = _LOWEST_HZ * (_HIGHEST_HZ / _LOWEST_HZ) ** rng.random()
        gain_db = strength * rng.normal(0.0, 8.0)
        stem = peak_eq(stem, hz, gain_db, octaves=float(rng.uniform(0.7, 3.0)))
    if rng.random() < strength / 2.0:
        stem = low_pass(stem, 14_000.0 * 0.15 ** (strength * rng.random()))
    if rng.random() < strength / 2.0:
        stem = high_pass(stem, 30.0 * 15.0 ** (strength * rng.random()))
    if rng.random() < strength:
        stem = saturate(stem, 24.0 * strength * float(rng.random()))
    if rng.random() < strength / 2.0:
        stem = compress(stem, 24.0 * strength, 1.0 + 9.0 * strength * float(rng.random()), 0.15)
    if rng.random() < strength:
        tail = room_tail(rng, float(rng.uniform(0.3, 2.0)), float(rng.uniform(2000.0, 9000.0)))
        stem = add_room(stem, tail, strength * float(rng.uniform(0.1, 1.0)))
    if rng.random() < strength / 2.0:
        stem = _narrowed(stem, float(rng.uniform(0.0, 1.0)))
    if rng.random() < strength / 2.0:
        stem = _paused(stem, strength, rng)
    return stem


def _narrowed(stem: Audio, width: float) -> Audio:
    """Sides of the stereo image scaled by `width`; 0 is mono."""
    middle, side = stem.mean(axis=0), 0.5 * (stem[0] - stem[1]) * np.float32(width)
    return np.stack([middle + side, middle - side])


def _paused(stem: Audio, strength: float, rng: np.random.Generator) -> Audio:
    """Silent for a while, with ramps of 20 ms."""
    n = stem.shape[1]
    length = int(n * strength * rng.uniform(0.2, 0.7))
    first = int(rng.integers(0, n - length + 1))
    ramp = round(0.02 * RATE_HZ)
    gain = np.ones(n, dtype=np.float32)
    gain[first : first + length] = 0.0
    kernel = np.full(ramp, 1.0 / ramp, dtype=np.float32)
    return np.asarray(stem * np.convolve(gain, kernel, mode="same"), dtype=np.float32)
