"""The instruments of the stem `other`: each turns a note into mono sound, timbre drawn per song."""

from collections.abc import Callable

import numpy as np

from modeling.demo_songs.dsp import RATE_HZ, Audio, band_pass, high_pass, low_pass
from modeling.demo_songs.tones import (
    Note,
    envelope,
    filtered_saw,
    harmonic_count,
    harmonic_tone,
    pitch_hz,
    plucked,
)

Maker = Callable[[Note], Audio]

# name: brightness, ring (s), pluck position, darkening; ranges for each.
_STRINGS: dict[str, tuple[tuple[float, float], ...]] = {
    "piano": ((0.3, 0.65), (0.7, 1.8), (0.1, 0.14), (0.8, 1.6)),
    "acoustic": ((0.5, 0.85), (0.6, 1.4), (0.12, 0.3), (0.8, 1.6)),
    "clean": ((0.4, 0.75), (0.6, 1.5), (0.15, 0.4), (0.5, 1.2)),
    "jazzguitar": ((0.1, 0.3), (0.5, 1.0), (0.3, 0.5), (0.8, 1.4)),
    "banjo": ((0.7, 0.95), (0.12, 0.3), (0.08, 0.2), (0.3, 0.8)),
    "mandolin": ((0.7, 0.95), (0.2, 0.45), (0.1, 0.25), (0.4, 0.9)),
    "clav": ((0.8, 1.0), (0.3, 0.7), (0.05, 0.15), (0.4, 1.0)),
    "crunch": ((0.6, 0.85), (1.0, 2.2), (0.1, 0.3), (0.3, 0.8)),
    "metal": ((0.7, 0.9), (1.2, 2.5), (0.08, 0.2), (0.2, 0.6)),
    "pluck": ((0.3, 0.9), (0.12, 0.6), (0.2, 0.5), (0.6, 3.0)),
}
# Centre pitch (MIDI) of each instrument's register.
REGISTERS: dict[str, tuple[int, int]] = {
    "piano": (55, 68), "acoustic": (53, 62), "clean": (56, 66), "jazzguitar": (54, 62),
    "banjo": (60, 68), "mandolin": (66, 74), "clav": (55, 64), "crunch": (46, 55),
    "metal": (40, 47), "pluck": (58, 76), "keys": (54, 66), "pad": (52, 66),
    "strings": (56, 70), "organ": (54, 67), "epiano": (54, 66), "bell": (68, 82),
    "vibes": (60, 72), "stab": (54, 66), "supersaw": (55, 68), "brass": (57, 67),
    "lead": (64, 76), "fiddle": (66, 76), "noise": (60, 72),
}  # fmt: skip
ROLLED = ("piano", "epiano", "vibes", "bell", "keys")
DISTORTED = ("crunch", "metal", "lead")


def make_instrument(name: str, rng: np.random.Generator) -> Maker:
    """An instrument with its timbre fixed for the song; it draws its takes from `rng`."""
    if name in _STRINGS:
        return _string(name, rng)
    if name in ("epiano", "bell", "vibes", "keys"):
        return _struck_metal(name, rng)
    if name == "organ":
        return _organ(rng)
    if name == "noise":
        return _wind(rng)
    if name in ("brass", "lead", "fiddle"):
        return _blown(name, rng)
    return _synth(name, rng)


def _string(name: str, rng: np.random.Generator) -> Maker:
    brightness, ring_s, position, darkening = (rng.uniform(*r) for r in _STRINGS[name])
    keeps_ringing = name in ("piano", "acoustic", "clean", "jazzguitar")
    twins = 2 if name in ("piano", "mandolin") else 1
    detune, knock = rng.uniform(0.02, 0.08), rng.uniform(0.0, 0.06)

    def make(note: Note) -> Audio:
        seconds = max(0.12, note.duration_s + (0.35 if keeps_ringing else 0.0))
        ring = ring_s * 2.0 ** ((60.0 - note.pitch) / 24.0)
        hard = brightness + 0.35 * (note.velocity - 0.8)
        tones = [
            plucked(
                note.pitch + detune * twin, seconds, rng, brightness=hard, ring_s=ring,
                position=position, darkening=darkening,
            )
            for twin in range(twins)
        ]  # fmt: skip
        sound = sum(tones[1:], tones[0])
        n = min(sound.size, int(0.012 * RATE_HZ))
        thump = low_pass(rng.standard_normal(n, dtype=np.float32), 3000.0, 1)
        sound[:n] += knock * thump * np.linspace(1.0, 0.0, n, dtype=np.float32)
        return sound

    return make


def _struck_metal(name: str, rng: np.random.Generator) -> Maker:
    ratio = {"epiano": 1.0, "bell": 3.5, "vibes": 4.0, "keys": 2.0}[name]
    if name == "bell":
        ratio = float(rng.choice([1.4, 2.76, 3.5, 5.4]))
    depth, tine = rng.uniform(0.4, 2.2), rng.uniform(0.05, 0.3)
    ring_s, tremolo_hz = rng.uniform(0.5, 1.6), rng.uniform(3.0, 6.5)
    tremolo = rng.uniform(0.0, 0.5) if name in ("epiano", "vibes") else 0.0

    def make(note: Note) -> Audio:
        n = int(RATE_HZ * max(0.2, note.duration_s + (0.5 if name != "keys" else 0.1)))
        t = np.arange(n, dtype=np.float32) / RATE_HZ
        turn = np.float32(2.0 * np.pi * pitch_hz(note.pitch)) * t
        bite = depth * note.velocity * np.exp(-t / (0.35 * ring_s))
        body = np.sin(turn + bite * np.sin(ratio * turn))
        body += tine * np.sin(7.0 * ratio * turn) * np.exp(-t / 0.06)
        body *= 1.0 + tremolo * np.sin(2 * np.pi * tremolo_hz * t)
        shape = envelope(n, 0.003, ring_s, 0.0, 0.12)
        return np.asarray(0.8 * body * shape, dtype=np.float32)

    return make


def _organ(rng: np.random.Generator) -> Maker:
    drawbars = np.array([1, 2, 3, 4, 5, 6, 8])
    pulls = rng.random(drawbars.size) ** 1.5
    pulls[:2] = rng.uniform(0.5, 1.0, 2)
    rotor_hz, depth = float(rng.choice([0.8, 6.2])), rng.uniform(0.05, 0.3)
    click = rng.uniform(0.0, 0.1)

    def make(note: Note) -> Audio:
        hz = pitch_hz(note.pitch - 12.0)
        n = int(RATE_HZ * max(0.1, note.duration_s))
        amplitudes = np.zeros((1, 8))
        amplitudes[0, drawbars - 1] = pulls / np.sqrt(np.sum(pulls**2))
        amplitudes[0, harmonic_count(hz) :] = 0.0
        tone = harmonic_tone(hz, amplitudes, np.zeros(1), n, rng.uniform(0, 6.28, 8))
        t = np.arange(n, dtype=np.float32) / RATE_HZ
        tone *= 1.0 + np.float32(depth) * np.sin(np.float32(2 * np.pi * rotor_hz) * t)
        short = min(n, 300)
        tone[:short] += click * high_pass(rng.standard_normal(short, dtype=np.float32), 1500.0)
        return np.asarray(0.7 * tone * envelope(n, 0.005, 1.0, 1.0, 0.02), dtype=np.float32)

    return make


def _synth(name: str, rng: np.random.Generator) -> Maker:
    slow = name in ("pad", "strings")
    attack_s = rng.uniform(0.08, 0.7) if slow else 0.004
    release_s = rng.uniform(0.2, 0.8) if slow else 0.06
    cutoff = float(np.exp(rng.uniform(np.log(500.0), np.log(7000.0))))
    opening = rng.uniform(0.3, 1.0) if slow else rng.uniform(1.5, 6.0)
    voices = {"supersaw": 3, "pad": 2, "strings": 3}.get(name, 1)
    detune, square = rng.uniform(0.05, 0.2), rng.uniform(0.0, 0.8)
    sweep_s, resonance = rng.uniform(0.1, 0.6), rng.uniform(0.0, 0.8)
    sustain = {"stab": 0.2, "supersaw": 0.7}.get(name, 0.9)

    def make(note: Note) -> Audio:
        seconds = max(0.15, note.duration_s + 0.5 * release_s)
        cutoffs = (cutoff * opening, cutoff, 0.9 * cutoff)
        tones = [
            filtered_saw(
                pitch_hz(note.pitch + detune * (voice - (voices - 1) / 2.0)), seconds, rng,
                cutoff_hz=cutoffs, sweep_s=sweep_s * (3.0 if slow else 1.0),
                resonance=resonance, square=square,
            )
            for voice in range(voices)
        ]  # fmt: skip
        sound = sum(tones[1:], tones[0]) / np.float32(np.sqrt(voices))
        shape = envelope(sound.size, attack_s, 0.5, sustain, release_s)
        return np.asarray(0.7 * sound * shape, dtype=np.float32)

    return make


def _blown(name: str, rng: np.random.Generator) -> Maker:
    """Brass, bowed and lead tones: brightness follows loudness, vibrato comes late."""
    tilt = rng.uniform(0.9, 1.5)
    attack_s = 0.012 if name == "lead" else rng.uniform(0.03, 0.08)
    vibrato_hz, cents = rng.uniform(4.8, 6.2), rng.uniform(8.0, 30.0)
    body_hz = rng.uniform(900.0, 2200.0)

    def make(note: Note) -> Audio:
        n = int(RATE_HZ * max(0.12, note.duration_s))
        t = np.arange(n) / RATE_HZ
        depth = cents * np.clip((t - 0.15) / 0.2, 0.0, 1.0) * np.sin(2 * np.pi * vibrato_hz * t)
        scoop = -60.0 * np.exp(-t / 0.025) if name != "lead" else 0.0
        hz = pitch_hz(note.pitch) * 2.0 ** ((depth + scoop) / 1200.0)
        k = np.arange(1, harmonic_count(float(hz.max())) + 1, dtype=np.float64)
        body = 1.0 + 1.5 * np.exp(-np.square(np.log2(k * pitch_hz(note.pitch) / body_hz)))
        levels = np.array([0.25, 1.0, 0.7, 0.4])
        amplitudes = body * k ** (-tilt - 1.2 * (1.0 - note.velocity * levels[:, None]))
        times_s = np.array([0.0, 2.0 * attack_s, 0.4, 3.0])
        tone = harmonic_tone(hz, amplitudes, times_s, n, np.full(k.size, -np.pi / 2))
        noise = band_pass(rng.standard_normal(n, dtype=np.float32), 1500.0, 6000.0)
        shape = envelope(n, attack_s, 0.3, 0.75, 0.06)
        return np.asarray((0.6 * tone + 0.03 * noise) * shape, dtype=np.float32)

    return make


def _wind(rng: np.random.Generator) -> Maker:
    width, swell_hz = rng.uniform(1.1, 1.8), rng.uniform(0.1, 0.4)

    def make(note: Note) -> Audio:
        n = int(RATE_HZ * max(0.5, note.duration_s + 0.5))
        hz = 4.0 * pitch_hz(note.pitch)
        noise = band_pass(rng.standard_normal(n, dtype=np.float32), hz / width, hz * width)
        t = np.arange(n, dtype=np.float32) / RATE_HZ
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * swell_hz * t)
        return np.asarray(0.25 * noise * swell * envelope(n, 0.4, 1.0, 1.0, 0.5), dtype=np.float32)

    return make
