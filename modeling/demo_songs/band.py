"""The stem `other`: which layers play where, their places left and right, their effects."""

import numpy as np

from modeling.demo_songs.accompaniment import SHORT_PATTERNS, layer_notes
from modeling.demo_songs.dsp import (
    RATE_HZ,
    Audio,
    add_room,
    chorus,
    compress,
    echo,
    high_pass,
    low_pass,
    pan_gains,
    peak_eq,
    place,
    room_tail,
    saturate,
)
from modeling.demo_songs.instruments import DISTORTED, REGISTERS, ROLLED, Maker, make_instrument
from modeling.demo_songs.plan import Plan, Section
from modeling.demo_songs.tones import Note


def play_other(plan: Plan, rng: np.random.Generator) -> Audio:
    """The stem of everything else (2, n): one to four layers, fewer in quiet sections."""
    low, high = plan.genre.layer_count
    count = min(int(rng.integers(low, high + 1)), len(plan.genre.layers))
    odds = np.linspace(1.6, 0.7, len(plan.genre.layers))
    drawn = rng.choice(len(odds), size=count, replace=False, p=odds / odds.sum())
    # A line that only answers leaves the stem empty, so something else leads.
    picks = sorted(drawn.tolist(), key=lambda pick: plan.genre.layers[pick][1] == "answer")
    if plan.genre.layers[picks[0]][1] == "answer":
        picks.insert(0, 0)
    bus = np.zeros((2, plan.n_samples), dtype=np.float32)
    pump = rng.uniform(0.3, 0.85) if rng.random() < plan.genre.pumping else 0.0
    for order, pick in enumerate(picks):
        instrument, pattern = plan.genre.layers[pick]
        sections = [s for s in plan.sections if _plays(order, s, rng)]
        level = float(np.exp(0.3 * rng.standard_normal())) * 0.85**order
        layer = _play_layer(plan, instrument, pattern, sections, order, rng)
        rms = float(np.sqrt(np.mean(np.square(layer)) + 1e-12))
        bus += np.float32(0.06 * level / rms) * layer
    bus = _pumped(bus, plan, pump)
    tail = room_tail(rng, rng.uniform(*plan.genre.room_s), rng.uniform(2500.0, 8000.0))
    bus = add_room(bus, tail, rng.uniform(0.05, 0.35))
    bus = compress(bus, rng.uniform(1.0, 6.0), rng.uniform(1.2, 2.0), rng.uniform(0.1, 0.3))
    return saturate(bus, rng.uniform(-18.0, -7.0))


def _plays(order: int, section: Section, rng: np.random.Generator) -> bool:
    if order == 0 or section.name == "chorus":
        return True
    return bool(rng.random() < section.energy - 0.15 * (order - 1))


def _play_layer(
    plan: Plan,
    instrument: str,
    pattern: str,
    sections: list[Section],
    order: int,
    rng: np.random.Generator,
) -> Audio:
    centre = int(rng.integers(REGISTERS[instrument][0], REGISTERS[instrument][1] + 1))
    maker = make_instrument(instrument, rng)
    notes = plan.with_stops(layer_notes(plan, pattern, centre, sections, rng))
    notes = _phrased(plan, notes, pattern, rng)
    # Distorted rhythm guitars are played twice, left and right; others once, somewhere.
    doubled = instrument in ("crunch", "metal")
    spots = (-0.9, 0.9) if doubled else (float(rng.uniform(-0.7, 0.7)) * min(1, order),)
    drive_db = rng.uniform(6.0, 14.0) if instrument == "crunch" else rng.uniform(14.0, 26.0)
    layer = np.zeros((2, plan.n_samples), dtype=np.float32)
    for spot in spots:
        take = _take(plan, notes, maker, instrument in ROLLED, rng)
        if pattern == "gallop" and instrument == "metal":
            take = low_pass(take, rng.uniform(1500.0, 3500.0), 1)
        if instrument in DISTORTED:
            take = _amplifier(take, drive_db, rng)
        left, right = pan_gains(spot)
        place(layer, 0, take, left, right)
    return _effects(layer, plan, instrument, pattern, rng)


def _phrased(plan: Plan, notes: list[Note], pattern: str, rng: np.random.Generator) -> list[Note]:
    """Softer in quiet sections; shorter notes in some songs; now and then a bar of rest."""
    held = 1.0 if pattern in ("sustain", *SHORT_PATTERNS) else rng.uniform(0.4, 1.0)
    n_bars = plan.beats // plan.beats_per_bar + 2
    rests = rng.random(n_bars) < (0.0 if pattern == "sustain" else rng.uniform(0.0, 0.15))
    phrased = []
    for note in notes:
        beat = (note.start_s + 0.01) * plan.tempo_bpm / 60.0
        if not rests[int(beat) // plan.beats_per_bar]:
            softer = 0.55 + 0.45 * plan.section_at(beat).energy
            phrased.append(
                Note(note.start_s, note.duration_s * held, note.pitch, note.velocity * softer)
            )
    return phrased


def _pumped(bus: Audio, plan: Plan, depth: float) -> Audio:
    """Duck on every beat, as a compressor keyed by the kick does."""
    if depth <= 0.0:
        return bus
    beat_s = 60.0 / plan.tempo_bpm
    since_s = np.mod(np.arange(bus.shape[1], dtype=np.float64) / RATE_HZ, beat_s)
    dip = 1.0 - depth * np.exp(-np.square(since_s / (0.45 * beat_s)))
    # A short ramp into each dip, or the beat would click.
    dip += depth * np.clip(1.0 - since_s / 0.004, 0.0, 1.0)
    return np.asarray(bus * np.minimum(dip, 1.0).astype(np.float32), dtype=np.float32)


def _take(
    plan: Plan, notes: list[Note], maker: Maker, rolled: bool, rng: np.random.Generator
) -> Audio:
    """All notes of a layer: mono (n,), or stereo by pitch for keyboards and mallets."""
    bus = np.zeros((2, plan.n_samples), dtype=np.float32)
    cache: dict[tuple[float, int, int], Audio] = {}
    for note in notes:
        key = (note.pitch, round(note.duration_s * 16.0), round(note.velocity * 4.0))
        if key not in cache:
            cache[key] = maker(note)
        late_s = 0.005 * float(np.clip(rng.standard_normal(), -2.0, 2.0)) + 0.01
        left, right = pan_gains((note.pitch - 62.0) / 24.0 if rolled else 0.0)
        gain = 0.3 * note.velocity**1.2
        start = round(RATE_HZ * (note.start_s + late_s))
        place(bus, start, cache[key], gain * left, gain * right)
    return bus if rolled else bus[0]


def _amplifier(take: Audio, drive_db: float, rng: np.random.Generator) -> Audio:
    """Guitar amplifier: tightened, driven hard, and a speaker that ends at 5 kHz."""
    driven = saturate(high_pass(take, rng.uniform(80.0, 200.0)), drive_db)
    speaker = low_pass(driven, rng.uniform(3800.0, 6000.0), 3)
    return peak_eq(speaker, rng.uniform(1800.0, 3200.0), rng.uniform(0.0, 6.0))


def _effects(
    layer: Audio, plan: Plan, instrument: str, pattern: str, rng: np.random.Generator
) -> Audio:
    layer = high_pass(layer, rng.uniform(35.0, 140.0), 1)
    if instrument in ("pad", "strings", "supersaw", "epiano", "clean", "organ", "noise"):
        layer = chorus(layer, rng, rng.uniform(1.0, 5.0), rng.uniform(0.4, 0.9))
    if pattern in ("arpeggio", "answer", *SHORT_PATTERNS) and rng.random() < 0.5:
        beats = float(rng.choice([0.5, 0.75]))
        delay_s = beats * 60.0 / plan.tempo_bpm
        layer = echo(layer, delay_s, rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.4))
    return peak_eq(layer, rng.uniform(300.0, 5000.0), rng.uniform(-4.0, 4.0), 1.5)
