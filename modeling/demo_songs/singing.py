"""The vocal stem: lead, doubles and harmonies in the chorus, and the vocal chain."""

import numpy as np

from modeling.demo_songs.dsp import (
    RATE_HZ,
    Audio,
    add_room,
    band_pass,
    compress,
    echo,
    high_pass,
    pan_gains,
    peak_eq,
    place,
    room_tail,
    saturate,
)
from modeling.demo_songs.melody import Syllable, write_melody
from modeling.demo_songs.plan import Plan
from modeling.demo_songs.voice import Singer, draw_singer, sing


def play_voice(plan: Plan, artist_rng: np.random.Generator, rng: np.random.Generator) -> Audio:
    """The vocal stem (2, n). The artist's generator draws the singer, the song's all the rest."""
    style = str(artist_rng.choice(plan.genre.singing))
    high_voice = bool(artist_rng.random() < 0.5) and style != "growl"
    singer = draw_singer(style, high_voice, artist_rng)
    spoken = style == "rap"
    lowest = 45 + (9 if high_voice else 0) + int(artist_rng.integers(-2, 4))
    span = int(artist_rng.integers(14, 19))
    if spoken:
        lowest, span = lowest - 3, 9
    if style == "growl":
        lowest, span = 36 + int(artist_rng.integers(0, 6)), 7
    tune = write_melody(plan, lowest, span, spoken, rng)
    lead = high_pass(sing(tune, singer, plan.n_samples, rng, spoken=spoken), 85.0)
    bus = np.zeros((2, plan.n_samples), dtype=np.float32)
    place(bus, 0, lead, 1.0, 1.0)
    bus = compress(bus, rng.uniform(3.0, 12.0), rng.uniform(1.5, 4.0), rng.uniform(0.08, 0.25))
    _add_takes(bus, plan, singer, tune, spoken, rng)
    if style == "growl":
        bus = saturate(bus, rng.uniform(2.0, 10.0))
    return _chain(bus, plan, rng)


def _add_takes(
    bus: Audio,
    plan: Plan,
    singer: Singer,
    tune: list[Syllable],
    spoken: bool,
    rng: np.random.Generator,
) -> None:
    """Doubles to the sides and a harmony, over the chorus; rap doubles the ends of its lines."""
    loud = [s for s in tune if plan.section_at(_beat(plan, s)).name == "chorus"]
    if spoken:
        loud = [s for i, s in enumerate(tune) if i % 7 >= 5]
    if not loud or rng.random() < 0.15:
        return
    double_gain, harmony_gain = rng.uniform(0.15, 0.6), rng.uniform(0.15, 0.5)
    intervals = [0.0] if spoken or rng.random() < 0.4 else [0.0, float(rng.choice([12, 7, -5]))]
    width = rng.uniform(0.3, 0.95)
    first = int(RATE_HZ * max(0.0, loud[0].note.start_s - 0.5))
    last = int(RATE_HZ * (loud[-1].note.start_s + loud[-1].note.duration_s + 0.2))
    length = min(last, plan.n_samples) - first
    shifted = [_earlier(s, first / RATE_HZ) for s in loud]
    for interval in intervals:
        for side in (-1.0, 1.0) if interval == 0.0 else (0.4,):
            sung = sing(shifted, singer, length, rng, transpose=interval, spoken=spoken)
            gain = double_gain if interval == 0.0 else harmony_gain
            left, right = pan_gains(side * width)
            place(bus, first, high_pass(sung, 110.0), gain * left, gain * right)


def _beat(plan: Plan, syllable: Syllable) -> float:
    return (syllable.note.start_s + 0.05) * plan.tempo_bpm / 60.0


def _earlier(syllable: Syllable, seconds: float) -> Syllable:
    note = syllable.note
    moved = type(note)(note.start_s - seconds, note.duration_s, note.pitch, note.velocity)
    return Syllable(moved, syllable.vowel, syllable.consonant, syllable.after_breath)


def _chain(bus: Audio, plan: Plan, rng: np.random.Generator) -> Audio:
    air = np.float32(rng.uniform(0.0, 0.6))
    bus = np.asarray(bus + air * high_pass(bus, rng.uniform(3000, 7000), 1), dtype=np.float32)
    bus = peak_eq(bus, rng.uniform(900.0, 4500.0), rng.uniform(-3.0, 6.0))
    if rng.random() < 0.08:
        bus = band_pass(bus, 350.0, 3200.0)
    bus = saturate(bus, rng.uniform(-16.0, -5.0))
    tail = room_tail(rng, rng.uniform(*plan.genre.room_s), rng.uniform(2500, 7000), 0.025)
    bus = add_room(bus, tail, rng.uniform(0.06, 0.32))
    if rng.random() < 0.45:
        beats = float(rng.choice([0.5, 0.75, 1.0]))
        delay_s = beats * 60.0 / plan.tempo_bpm
        bus = echo(bus, delay_s, rng.uniform(0.1, 0.4), rng.uniform(0.08, 0.22))
    return bus
