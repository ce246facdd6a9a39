"""Random answers and reasons for the tests of advice."""

import numpy as np

from analysis.vectors import STEMS
from modeling.advice.facts import NEEDS, Fact
from modeling.advice.structure import Answer, Provenance, SpokenMove

EVERYTHING = ("loudness_table", "mix", "stems")


def random_answer(rng: np.random.Generator) -> Answer:
    """None, one or two moves in half-dB steps, with every kind of interval."""
    n_moves = int(rng.integers(3))
    if n_moves == 0:
        within_db = None if rng.random() < 0.3 else float(rng.integers(1, 20)) / 2
        return Answer((), within_db)
    stems = rng.permutation(len(STEMS))[:n_moves]
    return Answer(tuple(_random_move(STEMS[k], rng) for k in stems))


def random_fact(rng: np.random.Generator, kind: str | None = None) -> Fact:
    """A fact of any kind with any values."""
    kinds = sorted(NEEDS)
    first, second = rng.permutation(len(STEMS))[:2]
    return Fact(
        kind or kinds[int(rng.integers(len(kinds)))],
        float(rng.normal(0.0, 8.0)),
        stem=STEMS[first],
        other=STEMS[second],
        low=float(rng.integers(1, 500)),
        high=float(rng.integers(500, 16_000)),
    )


def provenance(*hears: str, system: str = "tested", seed: int = 0) -> Provenance:
    return Provenance(system, "1", hears or EVERYTHING, "abc", seed)


def _random_move(stem: str, rng: np.random.Generator) -> SpokenMove:
    move_db = float(rng.integers(3, 49)) / 2 * float(rng.choice([-1, 1]))
    kind = rng.random()
    if kind < 0.2:
        return SpokenMove(stem, move_db)
    below_db, above_db = (float(value) / 2 for value in rng.integers(1, 30, size=2))
    if kind < 0.6:
        above_db = below_db
    return SpokenMove(stem, move_db, move_db - below_db, move_db + above_db)
