"""Annotations with a known truth, for the tests of consensus and agreement."""

from dataclasses import dataclass

import numpy as np

from analysis.annotations import Annotations
from analysis.vectors import FloatArray, centre


@dataclass(frozen=True)
class Plan:
    """What to simulate; SDs in dB."""

    n_excerpts: int = 20
    n_annotators: int = 8
    per_excerpt: int = 8
    annotator_sd_db: float = 1.0
    residual_sd_db: float = 1.5


def simulate(plan: Plan, rng: np.random.Generator) -> tuple[FloatArray, Annotations]:
    """True centred balances (n_excerpts, 4) and annotations of them, each with a random offset."""
    truth_db = centre(rng.normal(0, 3, (plan.n_excerpts, 4)))
    biases_db = rng.normal(0, plan.annotator_sd_db, (plan.n_annotators, 4))
    excerpt = np.repeat(np.arange(plan.n_excerpts), plan.per_excerpt)
    annotator = np.concatenate(
        [rng.permutation(plan.n_annotators)[: plan.per_excerpt] for _ in range(plan.n_excerpts)]
    )
    n_rows = len(excerpt)
    balance_db = (
        truth_db[excerpt]
        + biases_db[annotator]
        + rng.normal(0, plan.residual_sd_db, (n_rows, 4))
        + rng.normal(0, 5, (n_rows, 1))
    )
    loudness_lufs = -20 + rng.normal(0, 3, truth_db.shape)
    return truth_db, Annotations(excerpt, annotator, balance_db, loudness_lufs)
