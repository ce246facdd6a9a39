"""What the players of the stem `other` play: chords voiced and broken into patterns."""

import numpy as np

from modeling.demo_songs.plan import Plan, Section
from modeling.demo_songs.tones import Note

# Patterns that repeat each bar: (beat in the bar, length in beats, strength).
_STROKES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "chords": ((0.0, 1.9, 0.9), (2.0, 1.9, 0.75)),
    "strum": (
        (0.0, 1.0, 1.0), (1.0, 0.5, 0.8), (1.5, 0.5, 0.55),
        (2.0, 0.5, 0.6), (2.5, 0.5, 0.7), (3.0, 0.5, 0.85), (3.5, 0.5, 0.55),
    ),
    "offbeat": tuple((i + 0.5, 0.3, 0.85) for i in range(4)),
    "skank": ((1.0, 0.22, 0.9), (1.5, 0.15, 0.35), (3.0, 0.22, 0.9)),
    "bubble": tuple((i + part, 0.2, 0.5 + 0.3 * (part == 0.5))
                    for i in range(4) for part in (0.25, 0.5, 0.75)),
    "push": ((0.0, 0.7, 0.95), (1.5, 0.5, 0.9), (2.5, 0.4, 0.6), (3.5, 0.45, 0.85)),
    "comp": ((0.0, 0.9, 0.75), (1.5, 0.4, 0.9)),
    "comp2": ((1.5, 0.4, 0.8), (3.0, 0.6, 0.7)),
    "scratch": (
        (0.0, 0.18, 0.9), (0.5, 0.1, 0.35), (0.75, 0.14, 0.7), (1.25, 0.1, 0.35),
        (1.5, 0.2, 0.85), (2.25, 0.14, 0.7), (2.5, 0.1, 0.35), (3.0, 0.2, 0.8),
        (3.25, 0.1, 0.35), (3.75, 0.14, 0.65),
    ),
    "gallop": tuple((i + part, 0.24, 0.95 if part == 0.0 else 0.7)
                    for i in range(4) for part in (0.0, 0.5, 0.75)),
}  # fmt: skip
SHORT_PATTERNS = ("offbeat", "skank", "bubble", "scratch", "gallop")


def voicing(tones: tuple[int, ...], centre: int, size: int) -> list[int]:
    """`size` MIDI pitches of the chord, close around `centre`, every tone at least once."""
    pitches = sorted(p for p in range(centre - 12, centre + 13) if p % 12 in tones)
    start = int(np.argmin([abs(float(np.mean(pitches[i : i + size])) - centre)
                           for i in range(max(1, len(pitches) - size + 1))]))  # fmt: skip
    return pitches[start : start + size]


def layer_notes(
    plan: Plan,
    pattern: str,
    centre: int,
    sections: list[Section],
    rng: np.random.Generator,
) -> list[Note]:
    """The notes of one layer in the sections where it plays."""
    size = int(rng.integers(3, 5)) if plan.genre.chord_size > 2 else 2
    strumming_s = rng.uniform(0.008, 0.022) if pattern in ("strum", "chords", "skank") else 0.0
    order = _arpeggio_order(rng)
    step = float(rng.choice([0.25, 0.5, 0.5])) if plan.tempo_bpm < 130 else 0.5
    notes: list[Note] = []
    for section in sections:
        if pattern == "sustain":
            notes += _sustained(plan, section, centre, size)
        elif pattern == "arpeggio":
            notes += _arpeggio(plan, section, centre, order, step, rng)
        elif pattern == "answer":
            notes += _answers(plan, section, centre, rng)
        else:
            notes += _strokes(plan, section, pattern, (centre, size, strumming_s), rng)
    return notes


def _note(plan: Plan, beat: float, beats: float, pitch: int, velocity: float) -> Note:
    start_s = plan.seconds(beat)
    return Note(start_s, plan.seconds(beat + beats) - start_s, pitch, velocity)


def _sustained(plan: Plan, section: Section, centre: int, size: int) -> list[Note]:
    return [
        _note(plan, chord.start_beat, chord.beats, pitch, 0.8)
        for chord in plan.chords
        if section.start_beat <= chord.start_beat < section.end_beat
        for pitch in voicing(chord.tones, centre, size)
    ]


def _arpeggio_order(rng: np.random.Generator) -> list[int]:
    shapes = ([0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 3, 2, 1], [0, 2, 1, 3], [0, 3, 1, 3, 2, 3])
    return list(shapes[int(rng.integers(len(shapes)))])


def _arpeggio(
    plan: Plan,
    section: Section,
    centre: int,
    order: list[int],
    step: float,
    rng: np.random.Generator,
) -> list[Note]:
    notes = []
    for index in range(int(section.beats / step)):
        beat = section.start_beat + index * step
        pitches = voicing(plan.chord_at(beat).tones, centre, 4)
        if rng.random() < 0.06:
            continue
        pitch = pitches[order[index % len(order)] % len(pitches)]
        accent = 0.15 if index % len(order) == 0 else 0.0
        velocity = 0.65 + accent + 0.08 * float(rng.standard_normal())
        notes.append(_note(plan, beat, 1.6 * step, pitch, float(np.clip(velocity, 0.3, 1.0))))
    return notes


def _strokes(
    plan: Plan,
    section: Section,
    pattern: str,
    hand: tuple[int, int, float],
    rng: np.random.Generator,
) -> list[Note]:
    centre, size, strumming_s = hand
    notes: list[Note] = []
    for first in range(section.start_beat, section.end_beat, plan.beats_per_bar):
        name = "comp2" if pattern == "comp" and rng.random() < 0.4 else pattern
        for offset, length, strength in _STROKES[name]:
            if offset >= plan.beats_per_bar or (strength < 0.6 and rng.random() < 0.2):
                continue
            length = min(length, plan.beats_per_bar - offset)
            pitches = voicing(plan.chord_at(first + offset).tones, centre, size)
            up = pattern == "strum" and offset % 1.0 == 0.5
            velocity = strength * rng.uniform(0.85, 1.0)
            for string, pitch in enumerate(reversed(pitches) if up else pitches):
                note = _note(plan, first + offset, length, pitch, velocity)
                late_s = string * strumming_s
                notes.append(
                    Note(note.start_s + late_s, note.duration_s, note.pitch, note.velocity)
                )
    return notes


def _answers(plan: Plan, section: Section, centre: int, rng: np.random.Generator) -> list[Note]:
    """A short line at the end of every second bar, where the voice breathes."""
    scale = [p for p in range(centre - 5, centre + 12) if p % 12 in plan.scale]
    motif = [int(step) for step in rng.integers(-2, 3, size=6)]
    notes: list[Note] = []
    for first in range(section.start_beat, section.end_beat, 2 * plan.beats_per_bar):
        beat = first + 2.0 * plan.beats_per_bar - float(rng.choice([2.0, 2.5, 3.0]))
        position = len(scale) // 2
        for step in motif[: int(rng.integers(3, 7))]:
            length = float(rng.choice([0.25, 0.5, 0.5, 1.0]))
            if beat >= section.end_beat:
                break
            position = int(np.clip(position + step, 0, len(scale) - 1))
            notes.append(_note(plan, beat, length * 0.95, scale[position], rng.uniform(0.7, 1.0)))
            beat += length
    return notes
