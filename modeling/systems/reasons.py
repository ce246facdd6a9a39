"""The facts that systems measure for their reasons, each from what the system hears."""

import numpy as np
from numpy.typing import NDArray

from modeling.advice.facts import (
    Fact,
    against_balanced,
    shared_spectrum,
    similar_songs,
    under_mix,
)
from modeling.rules import N_NEIGHBOURS, FittedRules, neighbour_balance_db
from modeling.systems.hearing import Heard, LoudnessTable

TRUSTED = 0.95
"""An input that is trusted less than this is called unlike the songs learned from."""

Floats = NDArray[np.float64]


def loudness_reasons(table: LoudnessTable, balanced_db: Floats) -> list[Fact]:
    """Where each stem stands against a balanced set (4,), and under the mix."""
    expected_db = np.where(np.isfinite(table.stems_lufs), balanced_db, np.nan)
    return [
        *against_balanced(table.relative_db, expected_db),
        *under_mix(table.stems_lufs, table.mix_lufs),
    ]


def stem_reasons(heard: Heard, features: Floats, fitted: FittedRules) -> list[Fact]:
    """The same, with what similar songs do and what the stems share; features (f,)."""
    table = heard.the_table()
    similar_db = np.where(heard.mask, neighbour_balance_db(features, fitted), np.nan)
    n_songs = min(N_NEIGHBOURS, len(fitted.library_db))
    sounding = {fact.stem for fact in under_mix(table.stems_lufs, table.mix_lufs)}
    return [
        *similar_songs(table.relative_db, similar_db, n_songs),
        *loudness_reasons(table, fitted.template_db),
        *(
            fact
            for fact in shared_spectrum(heard.the_stems().products.bands)
            if {fact.stem, fact.other} <= sounding
        ),
    ]


def unlike_training(trust: float) -> list[Fact]:
    """A warning where the input is unlike the training songs; trust from 0 to 1."""
    return [Fact("unlike_training", 1.0 - trust)] if trust < TRUSTED else []
