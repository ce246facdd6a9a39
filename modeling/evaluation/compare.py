"""Every row of a results table on the same cases, and the paired differences that matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.results import Estimate
from analysis.vectors import centre
from modeling import rules
from modeling.corpus import Excerpt
from modeling.evaluation.bootstrap import SongBootstrap
from modeling.evaluation.cases import (
    Answers,
    Cases,
    answers_from_corrections,
    answers_from_evidence,
    p_errors,
)
from modeling.evaluation.metrics import by_stem_and_sign, per_case, specificity_curve, summary
from modeling.models.decision import DEFAULT_FALSE_ADVICE_RATE, fit_threshold
from modeling.models.posterior import Evidence, posteriors

ROWS = (
    "zero",
    "random",
    "equal_loudness",
    "template",
    "template_shrinkage",
    "ridge",
    "neighbours",
    "baseline",
    "differential",
    "oracle",
)
PERFECT_EAR = "perfect_ear"
RESIDUAL_SIGMA_DB = 1.0 * rules.TO_INDEPENDENT
PAIRS = (("differential", "template_shrinkage"), ("differential", "baseline"))
COMPARED = ("centred_mae_db", "applied_residual_db", "joint", "joint_altered")

Floats = NDArray[np.float64]
Thresholds = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Table:
    """Answers of every row to the same cases."""

    cases: Cases
    answers: Mapping[str, Answers]
    seed: int

    def as_json(self) -> dict[str, Any]:
        """{"systems": {row: {metric: figures}}, "differences", "by_stem", "curves", "n_songs"}."""
        return {
            "n_songs": len(np.unique(self.cases.songs)),
            "n_cases": len(self.cases),
            "systems": {
                name: _plain(summary(answers, self.cases, self.seed))
                for name, answers in self.answers.items()
            },
            "differences": {
                f"{first} - {second}": _plain(self.differences(first, second))
                for first, second in PAIRS
                if first in self.answers and second in self.answers
            },
            "by_stem": {
                name: {
                    key: _plain(figures)
                    for key, figures in by_stem_and_sign(answers, self.cases, self.seed).items()
                }
                for name, answers in self.answers.items()
                if name in ("baseline", "differential", "template_shrinkage")
            },
            "curves": {
                name: specificity_curve(answers, self.cases, 21)
                for name, answers in self.answers.items()
                if np.isfinite(answers.low_db).any()
            },
        }

    def differences(self, first: str, second: str) -> dict[str, Estimate]:
        """Paired differences, first minus second, with song-level intervals."""
        bootstrap = SongBootstrap(self.cases.songs, self.seed)
        left = per_case(self.answers[first], self.cases)
        right = per_case(self.answers[second], self.cases)
        return {name: bootstrap.difference(left[name], right[name]) for name in COMPARED}


def rule_answers(cases: Cases, fitted: rules.FittedRules, seed: int) -> dict[str, Answers]:
    """The rows that state no uncertainty."""
    rng = np.random.default_rng([seed, 7])
    corrections = {
        "zero": rules.zero(cases.relative_db),
        "random": rules.random_corrections(cases.active, cases.distribution, rng),
        "equal_loudness": rules.equal_loudness(cases.relative_db),
        "template": rules.template(cases.relative_db, fitted.template_db),
        "oracle": rules.oracle(cases.errors_db),
    }
    return {
        name: answers_from_corrections(name, values, cases) for name, values in corrections.items()
    }


def rule_evidence(cases: Cases, features: Floats, fitted: rules.FittedRules) -> dict[str, Evidence]:
    """Evidence of the rows that know their spread; `features` (songs, f) by excerpt."""
    of_case = features[cases.songs]
    return {
        "template_shrinkage": rules.template_shrinkage(cases.relative_db, fitted),
        "ridge": rules.ridge(cases.relative_db, of_case, fitted),
        "neighbours": rules.neighbours(cases.relative_db, of_case, fitted),
    }


def perfect_ear_evidence(cases: Cases, excerpts: Sequence[Excerpt]) -> Evidence | None:
    """Of one who knows the written rule of the generated songs; None for real songs."""
    heard_db = np.stack([excerpt.heard_db for excerpt in excerpts])[cases.songs]
    if not np.isfinite(heard_db).all():
        return None
    offset_db = cases.relative_db - centre(np.where(cases.active, heard_db, np.nan))
    return Evidence(offset_db, np.where(cases.active, RESIDUAL_SIGMA_DB, np.nan))


def fit_thresholds(
    evidence: Mapping[str, Evidence],
    cases: Cases,
    false_advice_rate: float = DEFAULT_FALSE_ADVICE_RATE,
) -> dict[str, float]:
    """One threshold per system that states uncertainty, from the balanced validation cases."""
    balanced = np.flatnonzero(cases.n_moved == 0)
    anchors = [cases.anchors[row] for row in balanced]
    return {
        name: fit_threshold(
            p_errors(posteriors(found[balanced], cases.distribution, anchors)),
            false_advice_rate,
            n_songs=len(np.unique(cases.songs[balanced])),
        )
        for name, found in evidence.items()
    }


def table(
    cases: Cases,
    evidence: Mapping[str, Evidence],
    thresholds: Mapping[str, float | Floats],
    plain: Mapping[str, Answers],
    seed: int,
) -> Table:
    """All rows in the order of `ROWS`, the perfect ear last; a threshold is one, or (n,)."""
    found = dict(plain)
    for name, stated in evidence.items():
        found[name] = answers_from_evidence(name, stated, cases, thresholds.get(name, 0.5))
    order = [name for name in (*ROWS, PERFECT_EAR) if name in found]
    return Table(cases, {name: found[name] for name in order}, seed)


def _plain(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: figure.as_json() for name, figure in figures.items()}
