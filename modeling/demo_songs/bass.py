"""The bass player: lines over the chords, and the tones that play them."""

from collections.abc import Callable

import numpy as np

from modeling.demo_songs.dsp import (
    RATE_HZ,
    Audio,
    add_room,
    chorus,
    compress,
    high_pass,
    low_pass,
    peak_eq,
    place,
    room_tail,
    saturate,
)
from modeling.demo_songs.plan import Chord, Plan, Section
from modeling.demo_songs.tones import Note, envelope, filtered_saw, harmonic_tone, pitch_hz, plucked

# A line: (beat in the bar, length in beats, interval) with r root, 5 fifth, 8 octave, m muted.
_Step = tuple[float, float, str]
_LINES: dict[str, tuple[_Step, ...]] = {
    "roots": ((0.0, 3.8, "r"),),
    "drone": ((0.0, 4.0, "r"),),
    "rootfifth": ((0.0, 1.8, "r"), (2.0, 1.8, "5")),
    "eighths": tuple((i / 2, 0.45, "r") for i in range(8)),
    "push": ((0.0, 1.3, "r"), (1.5, 0.9, "r"), (2.5, 1.3, "5")),
    "sparse": ((0.0, 2.2, "r"), (2.5, 0.6, "r"), (3.5, 0.4, "8")),
    "offbeats": tuple((i + 0.5, 0.42, "r") for i in range(4)),
    "octaves": tuple((i / 2, 0.4, "r" if i % 2 == 0 else "8") for i in range(8)),
    "sixteenths": (
        (0.0, 0.4, "r"), (0.5, 0.2, "m"), (0.75, 0.4, "8"), (1.25, 0.2, "m"), (1.5, 0.45, "5"),
        (2.25, 0.2, "r"), (2.5, 0.4, "8"), (3.0, 0.2, "m"), (3.25, 0.3, "5"), (3.75, 0.2, "r"),
    ),
    "gallop": tuple(
        (beat + part, 0.22, "r") for beat in range(4) for part in (0.0, 0.5, 0.75)
    ),
    "dub": ((0.0, 0.9, "r"), (1.0, 0.4, "r"), (1.5, 0.9, "5"), (3.0, 0.4, "8"), (3.5, 0.4, "5")),
}  # fmt: skip


def bass_notes(plan: Plan, rng: np.random.Generator) -> list[Note]:
    """The line, bar by bar: a pattern for the song, other notes at the ends of phrases."""
    line = str(rng.choice(plan.genre.bass_lines))
    lowest = int(rng.integers(27, 34))
    notes: list[Note] = []
    for section in plan.sections:
        style = line
        if section.energy < 0.55 and line not in ("walking", "drone"):
            style = "roots"
        for first in range(section.start_beat, section.end_beat, plan.beats_per_bar):
            if style == "walking":
                notes += _walk(plan, first, lowest, rng)
            else:
                notes += _bar(plan, section, first, _LINES[style], lowest, rng)
    return notes


def _above(pitch_class: int, lowest: int) -> int:
    return lowest + (pitch_class - lowest) % 12


def _bar(
    plan: Plan,
    section: Section,
    first: int,
    steps: tuple[_Step, ...],
    lowest: int,
    rng: np.random.Generator,
) -> list[Note]:
    notes = []
    varied = (first - section.start_beat) // plan.beats_per_bar % 4 == 3
    for offset, length, interval in steps:
        if offset >= plan.beats_per_bar:
            continue
        beat = first + offset
        chord = plan.chord_at(beat)
        length = min(length, max(0.3, plan.beats_per_bar - offset))
        if varied and offset >= 2.0 and rng.random() < 0.35:
            interval = str(rng.choice(["5", "8", "r"]))
        velocity = 0.45 if interval == "m" else rng.uniform(0.75, 1.0)
        shorter = 0.3 if interval == "m" else 1.0
        notes.append(_note(plan, beat, length * shorter, _pitch(chord, interval, lowest), velocity))
    # A chord that changes inside the bar is met by its root.
    for chord in plan.chords:
        if first < chord.start_beat < first + plan.beats_per_bar and len(steps) < 3:
            notes = [n for n in notes if n.start_s < plan.seconds(chord.start_beat) - 1e-6]
            end_s = plan.seconds(chord.start_beat)
            notes = [
                Note(n.start_s, min(n.duration_s, end_s - n.start_s), n.pitch, n.velocity)
                for n in notes
            ]
            root = _pitch(chord, "r", lowest)
            notes.append(_note(plan, chord.start_beat, chord.beats * 0.95, root, 0.9))
    return notes


def _pitch(chord: Chord, interval: str, lowest: int) -> float:
    root = _above(chord.root, lowest)
    if interval == "5":
        return float(root + (chord.tones[min(2, len(chord.tones) - 1)] - chord.root) % 12)
    return float(root + 12 if interval == "8" else root)


def _note(plan: Plan, beat: float, beats: float, pitch: float, velocity: float) -> Note:
    start_s = plan.seconds(beat)
    return Note(start_s, plan.seconds(beat + beats) - start_s, pitch, velocity)


def _walk(plan: Plan, first: int, lowest: int, rng: np.random.Generator) -> list[Note]:
    """Quarter notes: a chord tone on each beat, a semitone approach before a new chord."""
    notes = []
    for beat in range(first, first + plan.beats_per_bar):
        chord, following = plan.chord_at(beat), plan.chord_at(beat + 1)
        if beat == chord.start_beat or rng.random() < 0.2:
            pitch = _above(chord.root, lowest)
        elif following.start_beat == beat + 1:
            pitch = _above(following.root, lowest) + int(rng.choice([-1, 1]))
        else:
            pitch = _above(int(rng.choice(chord.tones[:4])), lowest)
        notes.append(_note(plan, beat, 0.92, float(pitch), rng.uniform(0.75, 1.0)))
        if rng.random() < 0.12:
            notes.append(_note(plan, beat + 0.5, 0.3, float(pitch), 0.5))
    return notes


def play_bass(plan: Plan, rng: np.random.Generator) -> Audio:
    """The bass stem (2, n), in the middle."""
    tone = str(rng.choice(plan.genre.basses))
    notes = plan.with_stops(bass_notes(plan, rng))
    maker = _tone_maker(tone, rng)
    bus = np.zeros((2, plan.n_samples), dtype=np.float32)
    cache: dict[tuple[float, int, bool], Audio] = {}
    loose_s = 0.0 if tone in ("synth", "sub", "808", "reese") else 0.005
    for note in notes:
        key = (note.pitch, round(note.duration_s * 20.0), note.velocity > 0.6)
        if key not in cache:
            cache[key] = maker(note)
        late_s = loose_s * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        start = round(RATE_HZ * (note.start_s + 0.005 + late_s))
        place(bus, start, cache[key], 0.4 * note.velocity, 0.4 * note.velocity)
    bus = peak_eq(bus, rng.uniform(60, 1200), rng.uniform(-3.0, 4.0), 1.5)
    bus = compress(bus, rng.uniform(1.0, 7.0), rng.uniform(1.5, 4.0), rng.uniform(0.08, 0.2))
    bus = saturate(bus, rng.uniform(*plan.genre.drive_db) - 3.0)
    # Most basses are in the middle; some carry a chorus or the air of the room above their lows.
    if rng.random() < 0.3:
        bus += high_pass(chorus(bus, rng, 2.0, rng.uniform(0.2, 0.6)) - bus, 200.0)
    return add_room(bus, room_tail(rng, 0.3, 2500.0), rng.uniform(0.0, 0.08))


def _tone_maker(tone: str, rng: np.random.Generator) -> Callable[[Note], Audio]:
    if tone in ("finger", "pick", "upright", "slap", "distorted"):
        return _string_bass(tone, rng)
    return _synth_bass(tone, rng)


def _string_bass(tone: str, rng: np.random.Generator) -> Callable[[Note], Audio]:
    bright = {"finger": 0.35, "pick": 0.75, "upright": 0.2, "slap": 0.85, "distorted": 0.8}[tone]
    brightness = bright + rng.uniform(-0.12, 0.12)
    ring_s = rng.uniform(0.25, 0.5) if tone == "upright" else rng.uniform(0.5, 1.4)
    position, snap = rng.uniform(0.1, 0.35), {"slap": 0.5, "pick": 0.2}.get(tone, 0.06)
    drive_db = rng.uniform(8.0, 18.0) if tone == "distorted" else rng.uniform(-10.0, 0.0)

    def make(note: Note) -> Audio:
        seconds = max(0.08, note.duration_s)
        hard = brightness if note.velocity > 0.6 else brightness - 0.2
        sound = plucked(note.pitch, seconds, rng, brightness=hard, ring_s=ring_s, position=position)
        n = min(sound.size, int(0.02 * RATE_HZ))
        noise = high_pass(rng.standard_normal(n, dtype=np.float32), 700.0)
        sound[:n] += snap * noise * np.linspace(1.0, 0.0, n, dtype=np.float32) ** 2
        if tone == "upright":
            sound = low_pass(sound, 2200.0, 1)
        return saturate(sound, drive_db)

    return make


def _synth_bass(tone: str, rng: np.random.Generator) -> Callable[[Note], Audio]:
    cutoff, sweep_s = rng.uniform(180, 1400), rng.uniform(0.06, 0.5)
    depth, resonance, square = rng.uniform(1.0, 6.0), rng.uniform(0.0, 1.2), rng.uniform(0.0, 1.0)
    glide, fade_s = rng.uniform(0.0, 7.0), rng.uniform(0.5, 1.6)
    drive_db, harmonic = rng.uniform(-6.0, 8.0), rng.uniform(0.02, 0.3)
    detune = rng.uniform(0.003, 0.011)

    def make(note: Note) -> Audio:
        seconds = max(0.1, note.duration_s)
        n = int(RATE_HZ * seconds)
        hz = pitch_hz(note.pitch)
        if tone in ("sub", "808"):
            t = np.arange(n) / RATE_HZ
            fall = glide if tone == "808" else 0.3
            curve = hz * 2.0 ** (fall * np.exp(-t / 0.03) / 12.0)
            amplitudes = np.array([[1.0, harmonic, 0.5 * harmonic, 0.15 * harmonic]])
            sound = harmonic_tone(curve, amplitudes, np.zeros(1), n, np.zeros(4))
            shape = envelope(n, 0.004, fade_s, 0.0 if tone == "808" else 0.7, 0.04)
            return saturate(sound * shape, drive_db)
        cutoffs = (cutoff * depth, cutoff, cutoff * 0.8)
        parts = [
            filtered_saw(
                hz * bend, seconds, rng, cutoff_hz=cutoffs, sweep_s=sweep_s,
                resonance=resonance, square=square,
            )
            for bend in ((1.0 - detune, 1.0 + detune) if tone == "reese" else (1.0,))
        ]  # fmt: skip
        return saturate(sum(parts[1:], parts[0]) * envelope(n, 0.004, 0.8, 0.6, 0.03), drive_db)

    return make
