"""The drummer: reads the plan, plays the kit, and the drum bus."""

import numpy as np
from numpy.typing import NDArray

from modeling.demo_songs.beats import BEATS, STRENGTH
from modeling.demo_songs.drum_kit import Kit, make_kit
from modeling.demo_songs.dsp import (
    RATE_HZ,
    Audio,
    add_room,
    compress,
    low_pass,
    pan_gains,
    peak_eq,
    place,
    room_tail,
    saturate,
)
from modeling.demo_songs.plan import Plan, Section

Hit = tuple[str, float, float]  # drum, beat, strength

_WIDTH = {
    "hat": 0.35, "openhat": 0.35, "ride": -0.45, "crash": -0.3, "shaker": 0.55,
    "rim": -0.1, "tom1": -0.4, "tom2": 0.05, "tom3": 0.45,
}  # fmt: skip

# Percussion that some songs carry on top of the kit.
_EXTRAS: tuple[dict[str, str], ...] = (
    {"shaker": "xoxoxoxoxoxoxoxo"},
    {"shaker": "..x...x...x...x."},
    {"rim": "x..x..x...x.x..."},
    {"tom1": "..o..o.o..o..oo.", "tom2": "x.......o......."},
    {"clap": "....x.......x..."},
)


def drum_hits(plan: Plan, rng: np.random.Generator) -> list[Hit]:
    """Every stroke of the song: a pattern for each section, fills before a new one, crashes."""
    names = [str(name) for name in rng.choice(plan.genre.beats, size=2)]
    if plan.beats_per_bar == 3:
        names = ["waltz", "waltz"]
    halves = rng.random(64) < 0.5
    extra = _EXTRAS[int(rng.integers(len(_EXTRAS)))] if rng.random() < 0.3 else {}
    ride_in_chorus = rng.random() < 0.4
    crashes = plan.genre.name not in ("ambient", "jazz", "folk", "ballad") or rng.random() < 0.3
    hits: list[Hit] = []
    for section in plan.sections:
        pattern = dict(BEATS[names[0 if section.name == "chorus" else 1]])
        pattern = _thinned(pattern, rng) if section.energy < 0.55 else extra | pattern
        if ride_in_chorus and section.name == "chorus" and "hat" in pattern:
            pattern["ride"] = pattern.pop("hat")
        hits += _section_hits(plan, section, pattern, halves, rng)
        if crashes and section.start_beat > 0 and section.energy > 0.55:
            hits.append(("crash", float(section.start_beat), 0.9))
    return hits


def _thinned(pattern: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    keep = [name for name in pattern if name not in ("kick", "snare") or rng.random() < 0.5]
    return {name: pattern[name] for name in keep} or pattern


def _section_hits(
    plan: Plan,
    section: Section,
    pattern: dict[str, str],
    halves: NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[Hit]:
    hits: list[Hit] = []
    bars = section.beats // plan.beats_per_bar
    for bar in range(bars):
        first = section.start_beat + bar * plan.beats_per_bar
        is_last = bar == bars - 1 and section.end_beat < plan.beats
        fill_from = plan.beats_per_bar - 1.0 if is_last or (bar % 4 == 3 and bars > 5) else 99.0
        if is_last and rng.random() < 0.4:
            fill_from -= 1.0
        for drum, steps in pattern.items():
            for step, mark in enumerate(steps[: 4 * plan.beats_per_bar]):
                if mark == "." or (drum != "kick" and step / 4.0 >= fill_from):
                    continue
                # The doubtful strokes repeat every second bar, so a groove stays a groove.
                if mark == "?" and not halves[(step + 16 * (bar % 2) + 7 * len(drum)) % 64]:
                    continue
                hits.append((drum, first + step / 4.0, STRENGTH[mark]))
        if fill_from < 90.0:
            hits += _fill(first + fill_from, first + plan.beats_per_bar, rng)
    return hits


def _fill(start: float, end: float, rng: np.random.Generator) -> list[Hit]:
    drums = ["snare", "tom1", "tom2", "tom3"] if rng.random() < 0.65 else ["snare"]
    step = 0.25 if rng.random() < 0.7 else 0.5
    count = int((end - start) / step)
    return [
        (drums[i * len(drums) // count], start + i * step, 0.55 + 0.4 * (i + 1) / count)
        for i in range(count)
        if rng.random() < 0.85
    ]


def play_drums(plan: Plan, rng: np.random.Generator) -> Audio:
    """The drum stem (2, n)."""
    kit = make_kit(str(rng.choice(plan.genre.kits)), rng)
    mix = {name: float(np.exp(0.25 * rng.standard_normal())) for name in sorted(kit.sounds)}
    mix["kick"] *= 1.35
    width = rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])
    bus = np.zeros((2, plan.n_samples), dtype=np.float32)
    for drum, beat, strength in drum_hits(plan, rng):
        # A fill leads out of a stop; the rest of the kit keeps it.
        if not plan.stopped(beat) or (strength > 0.7 and drum.startswith("tom")):
            hard = strength * (0.65 + 0.35 * plan.section_at(beat).energy)
            _strike(bus, plan, kit, (drum, beat, hard), mix[drum], width, rng)
    tail = room_tail(rng, rng.uniform(0.15, 0.25) + 0.35 * rng.uniform(*plan.genre.room_s), 3000.0)
    bus = add_room(bus, tail, rng.uniform(0.08, 0.4))
    bus = peak_eq(bus, rng.uniform(350.0, 1400.0), rng.uniform(-3.0, 7.0), 1.5)
    bus = compress(bus, rng.uniform(2.0, 10.0), rng.uniform(1.3, 3.0), rng.uniform(0.06, 0.2))
    return saturate(bus, rng.uniform(-12.0, 0.0))


def _strike(
    bus: Audio,
    plan: Plan,
    kit: Kit,
    hit: Hit,
    level: float,
    width: float,
    rng: np.random.Generator,
) -> None:
    drum, beat, strength = hit
    takes = kit.sounds[drum]
    sound = takes[int(rng.integers(len(takes)))]
    if strength < 0.4:
        sound = low_pass(sound, 5000.0, 1)
    late_s = kit.loose_ms / 1000.0 * float(np.clip(rng.standard_normal(), -2.0, 2.0))
    hard = level * strength**1.3 * float(np.exp(0.01 * kit.loose_ms * rng.standard_normal()))
    left, right = pan_gains(width * _WIDTH.get(drum, 0.0))
    start = round(RATE_HZ * (plan.seconds(beat) + 0.005 + late_s))
    place(bus, start, sound, 0.5 * hard * left, 0.5 * hard * right)
