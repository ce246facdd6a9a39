"""What is left of an error after the spoken advice is applied: what a listener would hear of it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.results import Estimate
from modeling.evaluation.bootstrap import SongBootstrap
from modeling.evaluation.cases import Answers, Cases
from modeling.progress import Progress
from modeling.report.mix_features import FEATURES, MixMeter
from modeling.report.songs import EvaluatedSong

Floats = NDArray[np.float64]


def advised_db(answers: Answers, cases: Cases) -> Floats:
    """The spoken move of every case (n, 4): 0 where nothing is said, NaN where masked."""
    return np.stack(
        [
            decision.as_move(mask) if speaks else np.where(mask, 0.0, np.nan)
            for decision, mask, speaks in zip(
                answers.loud, cases.active, answers.speaks, strict=True
            )
        ]
    )


def left_over_db(answers: Answers, cases: Cases) -> Floats:
    """Where the stems stand after the advice, relative to the reference, (n, 4)."""
    return advised_db(answers, cases) + cases.errors_db


def effect_of_advice(
    songs: Sequence[EvaluatedSong], cases: Cases, answers: Mapping[str, Answers], seed: int
) -> dict[str, dict[str, Estimate]]:
    """Distance of the corrected mix from the reference mix, by row and feature.

    The row `zero` shows the distance before any advice. Raises CorpusError.
    """
    left_db = {name: left_over_db(given, cases) for name, given in answers.items()}
    distances = {
        name: {feature: np.full(len(cases), np.nan) for feature in FEATURES} for name in answers
    }
    with Progress(len(songs), "effect of advice", unit="songs") as progress:
        for number, song in enumerate(songs):
            meter = MixMeter.of(song.audio(), song.excerpt.gram)
            rows = np.flatnonzero(cases.songs == number)
            reference_db = np.where(song.excerpt.active, 0.0, np.nan)
            stacked = np.concatenate([left_db[name][rows] for name in answers])
            # Most rows leave most balanced mixes alone: each balance is measured once.
            different, place = np.unique(stacked, axis=0, return_inverse=True, equal_nan=True)
            found = meter.distances(different, reference_db)
            for feature, values in found.items():
                by_row = values[place.reshape(-1)].reshape(len(answers), len(rows))
                for name, column in zip(answers, by_row, strict=True):
                    distances[name][feature][rows] = column
            progress.advance()
    bootstrap = SongBootstrap(cases.songs, seed)
    return {
        name: {feature: bootstrap.mean(values) for feature, values in columns.items()}
        for name, columns in distances.items()
    }
