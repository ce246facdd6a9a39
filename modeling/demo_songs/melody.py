"""The tune: phrases with rests, motifs that return, notes that lean on the chords."""

from dataclasses import dataclass

import numpy as np

from modeling.demo_songs.plan import Plan, Section
from modeling.demo_songs.tones import Note


@dataclass(frozen=True)
class Syllable:
    """A sung note with its vowel (index), consonant (name or "") and whether it starts a phrase."""

    note: Note
    vowel: int
    consonant: str
    after_breath: bool


CONSONANTS = ("", "s", "t", "k", "m", "n", "l", "d", "f", "h")
_CONSONANT_ODDS = np.array([0.16, 0.12, 0.12, 0.08, 0.11, 0.11, 0.1, 0.1, 0.05, 0.05])
_LENGTHS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0])

_Rhythm = list[tuple[float, float]]  # (beat in the phrase, length in beats)


def write_melody(
    plan: Plan, lowest: int, span: int, spoken: bool, rng: np.random.Generator
) -> list[Syllable]:
    """Syllables of the whole song between the MIDI pitches `lowest` and `lowest + span`."""
    ladder = [p for p in range(lowest, lowest + span + 1) if p % 12 in _tune_scale(plan, rng)]
    rate = rng.uniform(*plan.genre.syllables_per_s)
    phrase_beats = plan.beats_per_bar * (2 if plan.tempo_bpm < 140 else 4)
    gap = rng.uniform(0.06, 0.3)
    tune: list[Syllable] = []
    for section in plan.sections:
        if not section.sung:
            continue
        motifs = [_rhythm(plan, phrase_beats, rate, gap, rng) for _ in range(2)]
        height = 0.62 if section.name == "chorus" else 0.38
        position = int(height * (len(ladder) - 1))
        for index, first in enumerate(range(section.start_beat, section.end_beat, phrase_beats)):
            rhythm = motifs[(0, 0, 1, 0)[index % 4]]
            beats = min(phrase_beats, section.end_beat - first)
            centre = int(height * (len(ladder) - 1)) + int(rng.integers(-1, 2))
            position = int(np.clip(position, centre - 3, centre + 3))
            tune += _phrase(plan, section, first, beats, rhythm, (ladder, position), spoken, rng)
    return tune


def _tune_scale(plan: Plan, rng: np.random.Generator) -> set[int]:
    scale = plan.scale
    # Leaving out two degrees gives the pentatonic that most popular tunes live in.
    if rng.random() < 0.5:
        omit = (3, 6) if plan.mode in ("major", "lydian", "mixolydian") else (1, 5)
        return {pc for degree, pc in enumerate(scale) if degree not in omit}
    return set(scale)


def _rhythm(
    plan: Plan, phrase_beats: int, syllables_per_s: float, gap: float, rng: np.random.Generator
) -> _Rhythm:
    mean_beats = plan.tempo_bpm / 60.0 / syllables_per_s
    odds = np.exp(-np.square(np.log2(_LENGTHS / mean_beats) / 0.8))
    odds /= odds.sum()
    end = phrase_beats * (1.0 - gap)
    beat = float(rng.choice([0.0, 0.0, 0.5, 1.0, -0.5]))
    rhythm: _Rhythm = []
    while beat < end - 0.2:
        length = float(rng.choice(_LENGTHS, p=odds))
        length = min(length, max(0.25, end - beat))
        rhythm.append((beat, length))
        beat += length
        if rng.random() < 0.05:
            beat += 0.5
    return rhythm


def _phrase(
    plan: Plan,
    section: Section,
    first: int,
    beats: int,
    rhythm: _Rhythm,
    where: tuple[list[int], int],
    spoken: bool,
    rng: np.random.Generator,
) -> list[Syllable]:
    ladder, position = where
    direction = int(rng.choice([-1, 1]))
    syllables: list[Syllable] = []
    inside = [(b, length) for b, length in rhythm if b < beats - 0.2 and first + b >= 0.0]
    for index, (offset, length) in enumerate(inside):
        beat = first + offset
        step = int(rng.choice([-2, -1, -1, 0, 1, 1, 2])) if not spoken else int(rng.integers(-1, 2))
        if rng.random() < 0.1:
            step += 2 * direction
        if index == len(inside) // 2:
            direction = -direction
        position = int(np.clip(position + step, 0, len(ladder) - 1))
        strong = offset % 1.0 == 0.0 or length >= 1.0 or index == len(inside) - 1
        if strong and not spoken:
            position = _nearest_chord_tone(plan, beat, ladder, position)
        start_s = plan.seconds(beat) + (0.012 * rng.standard_normal() if not spoken else 0.0)
        until_s = plan.seconds(min(beat + length, float(section.end_beat)))
        accent = 0.12 if offset % 1.0 == 0.0 else 0.0
        velocity = float(np.clip(0.45 + 0.4 * section.energy + accent, 0.3, 1.0))
        note = Note(max(0.0, start_s), max(0.09, until_s - start_s), ladder[position], velocity)
        melisma = index > 0 and rng.random() < 0.12
        vowel = syllables[-1].vowel if melisma else int(rng.integers(7))
        consonant = "" if melisma else str(rng.choice(CONSONANTS, p=_CONSONANT_ODDS))
        syllables.append(Syllable(note, vowel, consonant, index == 0))
    return syllables


def _nearest_chord_tone(plan: Plan, beat: float, ladder: list[int], position: int) -> int:
    tones = set(plan.chord_at(beat).tones[:4])
    for reach in (0, 1, -1, 2, -2):
        at = position + reach
        if 0 <= at < len(ladder) and ladder[at] % 12 in tones:
            return at
    return position
