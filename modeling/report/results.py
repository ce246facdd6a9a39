"""An evaluation as plain values: what is written as JSON and what all else is made from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.results import Estimate
from analysis.vectors import STEMS
from modeling.errors import USUAL
from modeling.evaluation.bootstrap import SongBootstrap
from modeling.evaluation.cases import Answers, Cases
from modeling.evaluation.compare import PAIRS, Table
from modeling.evaluation.metrics import (
    by_stem_and_sign,
    confusion,
    per_case,
    specificity_curve,
    summary,
)
from modeling.report.answering import Answered
from modeling.report.contestants import Contestants
from modeling.report.songs import EvaluatedSong

FORMAT = "gainsay-evaluation/1"
TEMPLATE = "template"
COMPARED_WITH_TEMPLATE = ("template_shrinkage", "ridge", "neighbours", "baseline", "differential")
PROBABILITY_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CURVE_POINTS = 101

Effect = Mapping[str, Mapping[str, Estimate]]
Plain = dict[str, Any]


def evaluation(
    songs: Sequence[EvaluatedSong],
    contestants: Contestants,
    answered: Answered,
    effect: Effect,
    *,
    per_song: int,
    seed: int,
    left_out: Sequence[str] = (),
) -> Plain:
    """Everything that was measured, but for the failures; there is no NaN in it."""
    seen = rows_that_saw(songs, contestants)
    return {
        "format": FORMAT,
        "seed": seed,
        "cases_per_song": per_song,
        "seen_in_training": seen,
        "missing": dict(contestants.missing),
        "left_out": list(left_out),
        "advisors": {name: _advisor(found.card) for name, found in contestants.advisors.items()},
        "songs": _songs(songs, contestants, answered),
        "protocols": {name: protocol(table, seed, seen) for name, table in answered.tables.items()},
        "effect": {row: _plain(figures, row in seen) for row, figures in effect.items()},
    }


def rows_that_saw(songs: Sequence[EvaluatedSong], contestants: Contestants) -> list[str]:
    """The rows that saw any of the songs in training."""
    return sorted({row for song in songs for row in contestants.rows_that_saw(song.excerpt)})


def protocol(table: Table, seed: int, seen: Sequence[str] = ()) -> Plain:
    """One protocol: every metric of every row with its interval, differences, figures' data."""
    cases, rows = table.cases, table.answers
    stating = {name: given for name, given in rows.items() if np.isfinite(given.low_db).any()}
    return {
        "n_songs": len(np.unique(cases.songs)),
        "n_cases": len(cases),
        "systems": {
            name: _plain(summary(given, cases, seed), name in seen) for name, given in rows.items()
        },
        "thresholds": {name: float(given.thresholds.min()) for name, given in stating.items()},
        "differences": {
            f"{first} - {second}": _plain(
                table.differences(first, second), first in seen or second in seen
            )
            for first, second in _pairs(rows)
        },
        "by_stem": {
            name: {
                key: _plain(figures, name in seen)
                for key, figures in by_stem_and_sign(given, cases, seed).items()
            }
            for name, given in rows.items()
        },
        "confusion": {name: confusion(given, cases) for name, given in rows.items()},
        "curves": {
            name: specificity_curve(given, cases, CURVE_POINTS) for name, given in stating.items()
        },
        "calibration": {
            name: _calibration(given, cases, seed, name in seen) for name, given in stating.items()
        },
    }


def _pairs(rows: Mapping[str, Answers]) -> list[tuple[str, str]]:
    pairs = [*PAIRS, *((name, TEMPLATE) for name in COMPARED_WITH_TEMPLATE)]
    return [(first, second) for first, second in pairs if first in rows and second in rows]


def _calibration(answers: Answers, cases: Cases, seed: int, was_seen: bool) -> list[Plain]:
    """How often there was an error, by the stated probability of one."""
    bootstrap = SongBootstrap(cases.songs, seed)
    wrong = (cases.n_moved > 0).astype(np.float64)
    bins = np.digitize(answers.scores, PROBABILITY_EDGES[1:-1])
    return [
        {
            "stated": float(answers.scores[bins == number].mean()),
            "observed": _figure(bootstrap.mean(np.where(bins == number, wrong, np.nan)), was_seen),
        }
        for number in np.unique(bins)
    ]


def _songs(
    songs: Sequence[EvaluatedSong], contestants: Contestants, answered: Answered
) -> list[Plain]:
    table = answered.tables[USUAL.name]
    errors_db = {
        name: per_case(given, table.cases)["centred_mae_db"]
        for name, given in table.answers.items()
    }
    return [
        {
            "name": song.name,
            "fingerprint": song.excerpt.origin.fingerprint,
            "licence": song.excerpt.origin.licence,
            "generated": song.excerpt.origin.generated,
            "start_s": song.excerpt.origin.start_s,
            "duration_s": song.excerpt.origin.duration_s,
            "inactive": [s for s, on in zip(STEMS, song.excerpt.active, strict=True) if not on],
            "seen_by": contestants.rows_that_saw(song.excerpt),
            "trust": {name: float(values[number]) for name, values in answered.trust.items()},
            "centred_mae_db": {
                name: _mean(values[table.cases.songs == number])
                for name, values in errors_db.items()
            },
        }
        for number, song in enumerate(songs)
    ]


def _mean(values: NDArray[np.float64]) -> float | None:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else None


def _advisor(card: Any) -> Plain:
    """What the page says of an advisor; the whole card lies beside its weights."""
    return {
        "trained_at": card.trained_at,
        "device": card.device,
        "revision": card.revision,
        "n_members": card.n_members,
        "n_parameters_per_member": card.n_parameters_per_member,
        "seeds": list(card.seeds),
        "data": dict(card.data),
        "licences": list(card.licences),
        "limits": list(card.limits),
    }


def _plain(figures: Mapping[str, Estimate], was_seen: bool) -> Plain:
    return {name: _figure(figure, was_seen) for name, figure in figures.items()}


def _figure(figure: Estimate, was_seen: bool) -> Plain:
    return {**figure.as_json(), "seen_in_training": was_seen}
