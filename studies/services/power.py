"""Power by simulation, as a job."""

from dataclasses import replace
from typing import Any

import numpy as np

from analysis.power_simulation import PreferenceDesign, simulate_preference
from annotate.background import Report

STUDIES, LEVEL_STUDIES = 1000, 1000
CHUNK = 100


def simulate_power(report: Report, *, seed: int, **design: Any) -> dict[str, Any]:
    """Power and level of a design, with the intervals of so many simulated studies."""
    asked = PreferenceDesign(**design)
    rng = np.random.default_rng(seed)
    found = simulate_preference(asked, rng, n_studies=STUDIES, cluster="rater and item")
    report(0.5, "power is known; now the level")
    level = simulate_preference(
        replace(asked, probability=0.5), rng, n_studies=LEVEL_STUDIES, cluster="rater and item"
    )
    report(1.0, "done")
    return {
        "power": _numbers(found),
        "level": _numbers(level),
        "design": design,
        "seed": seed,
        "studies": STUDIES,
    }


def _numbers(estimate: Any) -> dict[str, float]:
    return {"estimate": estimate.estimate, "low": estimate.low, "high": estimate.high}
