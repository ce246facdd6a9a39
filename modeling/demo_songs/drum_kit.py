"""Drum sounds: short samples made once per song, a few takes of each."""

from dataclasses import dataclass

import numpy as np

from modeling.demo_songs.dsp import RATE_HZ, Audio, band_pass, high_pass, low_pass, saturate

_METAL_RATIOS = np.array([1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523, 2.74, 3.33])


@dataclass(frozen=True)
class KitStyle:
    """Ranges of a kit: pitch of the drums, how long they ring, how bright, how hard driven."""

    kick_hz: tuple[float, float]
    kick_s: tuple[float, float]
    click: tuple[float, float]
    snare_hz: tuple[float, float]
    snare_s: tuple[float, float]
    snare_noise: tuple[float, float]
    metal_hz: tuple[float, float]
    brightness_hz: tuple[float, float]
    loose_ms: float


KITS: dict[str, KitStyle] = {
    "studio": KitStyle(
        (48, 62), (0.12, 0.3), (0.2, 0.6), (170, 230), (0.1, 0.2), (0.6, 1.2), (300, 480),
        (9e3, 15e3), 5.0,
    ),
    "rock": KitStyle(
        (52, 70), (0.12, 0.25), (0.4, 1.0), (160, 220), (0.14, 0.26), (0.8, 1.6), (280, 450),
        (9e3, 14e3), 6.0,
    ),
    "metal": KitStyle(
        (55, 75), (0.07, 0.13), (1.0, 2.2), (180, 250), (0.1, 0.18), (0.9, 1.6), (320, 500),
        (1.1e4, 16e3), 2.5,
    ),
    "machine": KitStyle(
        (44, 60), (0.15, 0.4), (0.1, 0.5), (170, 260), (0.08, 0.2), (0.6, 1.4), (350, 620),
        (8e3, 15e3), 0.0,
    ),
    "clap": KitStyle(
        (46, 60), (0.12, 0.3), (0.2, 0.7), (180, 240), (0.07, 0.14), (0.8, 1.5), (350, 600),
        (9e3, 16e3), 0.5,
    ),
    "909": KitStyle(
        (46, 58), (0.18, 0.32), (0.4, 1.0), (180, 220), (0.1, 0.18), (0.9, 1.6), (380, 560),
        (1e4, 16e3), 0.0,
    ),
    "808": KitStyle(
        (40, 52), (0.3, 0.7), (0.05, 0.3), (170, 210), (0.08, 0.16), (0.5, 1.2), (400, 650),
        (9e3, 15e3), 0.5,
    ),
    "lofi": KitStyle(
        (50, 68), (0.1, 0.22), (0.1, 0.4), (160, 220), (0.1, 0.2), (0.5, 1.1), (280, 420),
        (3.5e3, 7e3), 8.0,
    ),
    "brush": KitStyle(
        (55, 75), (0.1, 0.2), (0.05, 0.2), (190, 250), (0.12, 0.25), (1.0, 2.0), (260, 400),
        (6e3, 11e3), 8.0,
    ),
    "jazz": KitStyle(
        (60, 85), (0.12, 0.24), (0.1, 0.3), (200, 270), (0.12, 0.22), (0.6, 1.3), (260, 420),
        (7e3, 13e3), 9.0,
    ),
    "percussion": KitStyle(
        (58, 95), (0.12, 0.3), (0.05, 0.25), (220, 330), (0.05, 0.12), (0.3, 0.8), (500, 900),
        (6e3, 12e3), 8.0,
    ),
    "dnb": KitStyle(
        (52, 66), (0.09, 0.18), (0.4, 1.0), (190, 260), (0.09, 0.16), (0.9, 1.6), (320, 520),
        (9e3, 15e3), 3.0,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Kit:
    """Takes of every drum, and how loosely it is played (SD in ms)."""

    sounds: dict[str, tuple[Audio, ...]]
    loose_ms: float


def make_kit(style_name: str, rng: np.random.Generator) -> Kit:
    """Tune a kit of the style: the same drums for the whole song, three takes of each."""
    style = KITS[style_name]
    kick_hz, kick_s = rng.uniform(*style.kick_hz), rng.uniform(*style.kick_s)
    click, snare_hz = rng.uniform(*style.click), rng.uniform(*style.snare_hz)
    snare_s, rattle = rng.uniform(*style.snare_s), rng.uniform(*style.snare_noise)
    metal_hz, bright_hz = rng.uniform(*style.metal_hz), rng.uniform(*style.brightness_hz)
    closed_s, open_s = rng.uniform(0.025, 0.07), rng.uniform(0.18, 0.4)
    drive_db = rng.uniform(-4.0, 6.0)

    sounds: dict[str, list[Audio]] = {}
    for _ in range(3):
        take = {
            "kick": saturate(_kick(rng, kick_hz, kick_s, click), drive_db),
            "snare": saturate(_snare(rng, snare_hz, snare_s, rattle), drive_db),
            "clap": 0.8 * _clap(rng, snare_s),
            "rim": 0.6 * _rim(rng, snare_hz * 4.0),
            "hat": 0.2 * _metal(rng, metal_hz, closed_s, 7000.0),
            "openhat": 0.22 * _metal(rng, metal_hz, open_s, 6000.0),
            "ride": 0.2 * _metal(rng, metal_hz * 1.25, 0.9, 4000.0, 0.4),
            "crash": 0.3 * _metal(rng, metal_hz * 0.8, 1.3, 3000.0),
            "shaker": 0.2 * _shaker(rng),
            "tom1": saturate(_kick(rng, kick_hz * 3.0, 0.22, 0.4 * click, 1.5), drive_db),
            "tom2": saturate(_kick(rng, kick_hz * 2.1, 0.28, 0.4 * click, 1.5), drive_db),
            "tom3": saturate(_kick(rng, kick_hz * 1.55, 0.34, 0.4 * click, 1.5), drive_db),
        }
        for name, sound in take.items():
            sounds.setdefault(name, []).append(low_pass(sound, bright_hz, 1))
    return Kit({name: tuple(takes) for name, takes in sounds.items()}, style.loose_ms)


def _decay(n: int, time_s: float) -> Audio:
    t = np.arange(n, dtype=np.float32) / RATE_HZ
    fade = np.clip((n - np.arange(n, dtype=np.float32)) / 200.0, 0.0, 1.0)
    return np.asarray(np.exp(-t / time_s) * fade, dtype=np.float32)


def _noise(rng: np.random.Generator, n: int) -> Audio:
    return rng.standard_normal(n, dtype=np.float32)


def _kick(
    rng: np.random.Generator, hz: float, ring_s: float, click: float, sweep: float = 4.0
) -> Audio:
    n = int(RATE_HZ * min(1.2, 5.0 * ring_s))
    t = np.arange(n) / RATE_HZ
    glide = hz * (1.0 + sweep * np.exp(-t / 0.012) + 0.5 * np.exp(-t / 0.05))
    body = np.sin(2.0 * np.pi * np.cumsum(glide * rng.uniform(0.99, 1.01)) / RATE_HZ)
    head = _noise(rng, n) * _decay(n, 0.003) + np.sin(2 * np.pi * 3100 * t) * _decay(n, 0.004)
    start = np.minimum(1.0, t / 0.001)
    knock = high_pass(head.astype(np.float32), 900.0)
    mixed = body * _decay(n, ring_s) * start + 0.35 * click * knock
    return np.asarray(mixed, dtype=np.float32)


def _snare(rng: np.random.Generator, hz: float, ring_s: float, rattle: float) -> Audio:
    n = int(RATE_HZ * 5.0 * ring_s)
    t = np.arange(n) / RATE_HZ
    bend = 1.0 + 0.25 * np.exp(-t / 0.015)
    turns = 2.0 * np.pi * np.cumsum(hz * bend * rng.uniform(0.985, 1.015)) / RATE_HZ
    shell = (np.sin(turns) + 0.6 * np.sin(1.59 * turns)) * _decay(n, 0.6 * ring_s)
    wires = high_pass(band_pass(_noise(rng, n), 500.0, 8000.0), 400.0) * _decay(n, ring_s)
    attack = high_pass(_noise(rng, n) * _decay(n, 0.004), 2500.0)
    return np.asarray(0.6 * shell + 0.9 * rattle * wires + 0.5 * attack, dtype=np.float32)


def _clap(rng: np.random.Generator, ring_s: float) -> Audio:
    n = int(RATE_HZ * (0.05 + 4.0 * ring_s))
    shape = np.zeros(n, dtype=np.float32)
    for at_s in (0.0, 0.011, 0.022):
        at = int(RATE_HZ * (at_s + 0.002 * rng.random()))
        shape[at:] += 0.7 * _decay(n - at, 0.004)
    at = int(RATE_HZ * 0.03)
    shape[at:] += _decay(n - at, ring_s)
    return np.asarray(2.0 * band_pass(_noise(rng, n), 800.0, 4500.0) * shape, dtype=np.float32)


def _rim(rng: np.random.Generator, hz: float) -> Audio:
    n = int(RATE_HZ * 0.12)
    t = np.arange(n) / RATE_HZ
    wood = np.sin(2 * np.pi * hz * t) + 0.7 * np.sin(2 * np.pi * 2.12 * hz * t)
    knock = band_pass(_noise(rng, n), 1000.0, 7000.0) * _decay(n, 0.004)
    return np.asarray(wood * _decay(n, 0.016) + 0.8 * knock, dtype=np.float32)


def _metal(
    rng: np.random.Generator, hz: float, ring_s: float, edge_hz: float, ping: float = 0.15
) -> Audio:
    n = int(RATE_HZ * min(3.5, 5.0 * ring_s))
    t = np.arange(n, dtype=np.float32) / RATE_HZ
    partials = hz * _METAL_RATIOS * rng.uniform(0.99, 1.01, _METAL_RATIOS.size)
    ring = np.zeros(n, dtype=np.float32)
    for partial in partials:
        ring += np.sign(np.sin(2.0 * np.pi * np.float32(partial) * t))
    hiss = _noise(rng, n)
    body = high_pass(0.3 * ring + 0.9 * hiss, edge_hz, 2) * _decay(n, ring_s)
    stick = np.sin(2 * np.pi * hz * 7.1 * t) * _decay(n, 0.25 * ring_s)
    rise = np.minimum(1.0, t / 0.0015)
    return np.asarray((body + ping * stick) * rise, dtype=np.float32)


def _shaker(rng: np.random.Generator) -> Audio:
    n = int(RATE_HZ * 0.12)
    t = np.arange(n) / RATE_HZ
    shape = np.sin(np.pi * np.clip(t / 0.09, 0.0, 1.0)) ** 2
    return np.asarray(band_pass(_noise(rng, n), 4500.0, 11000.0) * shape, dtype=np.float32)
