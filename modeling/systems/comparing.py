"""Two sets as the differential advisor hears them: which is better balanced."""

from pathlib import Path

import numpy as np

from modeling.models.comparison import Comparison, compare
from modeling.models.posterior import Evidence
from modeling.systems.hearing import Heard, Scene, hear
from modeling.systems.interface import BUNDLED_CHECKPOINTS
from modeling.systems.learned import advisor, as_excerpt

HEARS = frozenset({"stems", "loudness_table"})


def compare_sets(
    before: Scene, after: Scene, checkpoints: Path = BUNDLED_CHECKPOINTS
) -> Comparison:
    """Compare two balances of a song, or two takes of it.

    Raises:
        SystemFailedError: the differential advisor is missing or damaged.
        ValueError: different stems sound in the two sets, or fewer than two.
    """
    first, second = (_evidence(hear(scene, HEARS), checkpoints) for scene in (before, after))
    return compare(first, second)


def _evidence(heard: Heard, checkpoints: Path) -> Evidence:
    from modeling.training.data import heard_stems_of

    relative_db = np.where(heard.mask, heard.the_table().relative_db, np.nan)
    ensemble = advisor(checkpoints, "differential").ensemble
    return ensemble.evidence(heard_stems_of(as_excerpt(heard)), relative_db[None]).evidence[0]
