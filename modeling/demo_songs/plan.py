"""The plan of a song: tempo, key, form and chords, before anyone plays."""

import math
from dataclasses import dataclass

import numpy as np

from modeling.demo_songs.dsp import RATE_HZ
from modeling.demo_songs.genres import Genre
from modeling.demo_songs.tones import Note

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# Names and shares of the song's length; short songs start in the middle of things.
_SHORT_FORMS = (
    (("intro", 0.15), ("verse", 0.45), ("chorus", 0.4)),
    (("verse", 0.55), ("chorus", 0.45)),
    (("verse", 0.4), ("chorus", 0.6)),
    (("chorus", 0.5), ("break", 0.2), ("chorus", 0.3)),
    (("intro", 0.12), ("chorus", 0.48), ("verse", 0.4)),
)
_LONG_FORM = (
    ("intro", 0.07),
    ("verse", 0.17),
    ("chorus", 0.17),
    ("verse", 0.17),
    ("chorus", 0.15),
    ("break", 0.09),
    ("chorus", 0.12),
    ("outro", 0.06),
)
_ENERGY = {"intro": 0.45, "verse": 0.65, "chorus": 1.0, "break": 0.4, "outro": 0.5}


@dataclass(frozen=True)
class Section:
    """A part of the form; `energy` 0 to 1 thins or fills the arrangement."""

    name: str
    start_beat: int
    beats: int
    energy: float

    @property
    def end_beat(self) -> int:
        return self.start_beat + self.beats

    @property
    def sung(self) -> bool:
        return self.name in ("verse", "chorus", "break")


@dataclass(frozen=True)
class Chord:
    """A chord: when (beats), and its pitch classes from the root up."""

    start_beat: float
    beats: float
    tones: tuple[int, ...]

    @property
    def root(self) -> int:
        return self.tones[0]


@dataclass(frozen=True)
class Plan:
    """What every player reads."""

    genre: Genre
    duration_s: float
    tempo_bpm: float
    beats_per_bar: int
    swing: float
    tonic: int
    mode: str
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...]
    stops: tuple[tuple[float, float], ...]
    """Beats (from, to) in which the band stops and only the voice goes on."""

    @property
    def n_samples(self) -> int:
        return round(self.duration_s * RATE_HZ)

    @property
    def key(self) -> str:
        return f"{TONICS[self.tonic]} {self.mode}"

    @property
    def beats(self) -> int:
        return self.sections[-1].end_beat

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the key, from the tonic."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    def seconds(self, beat: float) -> float:
        """Time of a beat; the second half of every swung pair comes late."""
        pair = self.genre.swing_beats
        whole = math.floor(beat / pair + 1e-9)
        part = beat / pair - whole
        if part < 0.5:
            swung = part * 2.0 * self.swing
        else:
            swung = self.swing + (part - 0.5) * 2.0 * (1.0 - self.swing)
        return (whole + swung) * pair * 60.0 / self.tempo_bpm

    def stopped(self, beat: float) -> bool:
        """Whether the band is silent at this beat."""
        return any(start - 1e-6 <= beat < end - 1e-6 for start, end in self.stops)

    def with_stops(self, notes: list[Note]) -> list[Note]:
        """The notes without those inside a stop, those before it cut short."""
        for start, end in self.stops:
            start_s, end_s = self.seconds(start), self.seconds(end)
            notes = [
                Note(n.start_s, min(n.duration_s, start_s - n.start_s), n.pitch, n.velocity)
                if n.start_s < start_s
                else n
                for n in notes
                if n.start_s < start_s - 0.02 or n.start_s >= end_s - 0.02
            ]
        return notes

    def section_at(self, beat: float) -> Section:
        """The section of a beat; the last one holds beyond the end."""
        for section in self.sections:
            if beat < section.end_beat:
                return section
        return self.sections[-1]

    def chord_at(self, beat: float) -> Chord:
        """The chord of a beat; the last one holds beyond the end."""
        for chord in self.chords:
            if beat < chord.start_beat + chord.beats - 1e-9:
                return chord
        return self.chords[-1]


def make_plan(genre: Genre, duration_s: float, rng: np.random.Generator) -> Plan:
    """Draw tempo, key, form and chords. The tempo is bent so that whole bars fill the duration."""
    beats_per_bar = 3 if rng.random() < genre.waltz else 4
    wanted_bpm = rng.uniform(*genre.tempo_bpm)
    ring_s = 0.6
    n_bars = max(3, round((duration_s - ring_s) * wanted_bpm / 60.0 / beats_per_bar))
    tempo_bpm = n_bars * beats_per_bar * 60.0 / (duration_s - ring_s)
    mode = str(rng.choice(genre.modes))
    tonic = int(rng.integers(12))
    sections = _form(n_bars, beats_per_bar, rng)
    return Plan(
        genre=genre,
        duration_s=duration_s,
        tempo_bpm=tempo_bpm,
        beats_per_bar=beats_per_bar,
        swing=rng.uniform(*genre.swing),
        tonic=tonic,
        mode=mode,
        sections=sections,
        chords=_chords(genre, sections, beats_per_bar, tonic, mode, rng),
        stops=_stops(sections, beats_per_bar, rng),
    )


def _stops(
    sections: tuple[Section, ...], beats_per_bar: int, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    stops = []
    for section in sections:
        length = float(rng.choice([0.5, 1.0, 2.0, beats_per_bar]))
        if section.beats >= 3 * beats_per_bar and rng.random() < 0.4:
            stops.append((section.end_beat - length, float(section.end_beat)))
    return tuple(stops)


def _form(n_bars: int, beats_per_bar: int, rng: np.random.Generator) -> tuple[Section, ...]:
    shape: tuple[tuple[str, float], ...]
    if n_bars <= 28:
        shape = _SHORT_FORMS[int(rng.integers(len(_SHORT_FORMS)))]
        unit = 1 if n_bars < 12 else 2
    else:
        shape, unit = _LONG_FORM, 4 if n_bars >= 64 else 2
    edges = np.cumsum([0.0] + [share for _, share in shape]) * n_bars
    bars = [unit * round(edge / unit) for edge in edges]
    bars[-1] = n_bars
    sections = []
    for (name, _), first, after in zip(shape, bars[:-1], bars[1:], strict=True):
        if after > first:
            energy = _ENERGY[name] + rng.uniform(-0.12, 0.12)
            sections.append(
                Section(name, first * beats_per_bar, (after - first) * beats_per_bar, energy)
            )
    return tuple(sections)


def _chords(
    genre: Genre,
    sections: tuple[Section, ...],
    beats_per_bar: int,
    tonic: int,
    mode: str,
    rng: np.random.Generator,
) -> tuple[Chord, ...]:
    order = rng.permutation(len(genre.progressions))
    bars = float(rng.choice(genre.bars_per_chord))
    chords = []
    for section in sections:
        # Verse and chorus differ where the genre has more than one progression.
        pick = order[0 if section.name in ("chorus", "outro") else -1]
        progression = genre.progressions[int(pick)]
        beats = max(1.0, bars * beats_per_bar)
        if beats_per_bar == 3:
            beats = max(3.0, beats // 3 * 3)
        position, beat = 0, float(section.start_beat)
        while beat < section.end_beat:
            length = min(beats, section.end_beat - beat)
            degree = progression[position % len(progression)]
            chords.append(Chord(beat, length, _stack(degree, genre.chord_size, tonic, mode)))
            position, beat = position + 1, beat + length
    return tuple(chords)


def _stack(degree: int, size: int, tonic: int, mode: str) -> tuple[int, ...]:
    scale = MODES[mode]
    # Two tones are a power chord: root and fifth, never a diminished one.
    if size == 2:
        root = (tonic + scale[degree % 7]) % 12
        return root, (root + 7) % 12
    return tuple((tonic + scale[(degree + 2 * third) % 7]) % 12 for third in range(size))
