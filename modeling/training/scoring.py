"""What is fitted after training and what is measured then: sigma, trust, thresholds, tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.corpus import Excerpt
from modeling.errors import PUBLISHED, USUAL
from modeling.evaluation.cases import Cases, balanced_cases, published_cases, usual_cases
from modeling.evaluation.compare import (
    Table,
    fit_thresholds,
    perfect_ear_evidence,
    rule_answers,
    rule_evidence,
    table,
)
from modeling.evaluation.hearing import bank_of, hear_cases, scalars_of
from modeling.evaluation.metrics import per_case
from modeling.models.advisors import Heard
from modeling.models.decision import thresholds_of
from modeling.models.ensemble import NOTHING_HEARD_SIGMA_DB, Ensemble
from modeling.models.posterior import Evidence
from modeling.rules import PUBLISHED_WITHOUT_ANCHOR, FittedRules, fit_rules, with_sigma
from modeling.training.calibration import fit_sigma_scale
from modeling.training.songs import Songs

Floats = NDArray[np.float64]
Thresholds = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Contest:
    """Calibrated advisors by conditioning, with the rules and thresholds of the same songs."""

    ensembles: Mapping[str, Ensemble]
    rules: FittedRules
    thresholds: Thresholds


@dataclass(frozen=True)
class Stated:
    """Evidence of every row that states uncertainty; trust (n,) of the advisors."""

    evidence: dict[str, Evidence]
    trust: dict[str, Floats]


def calibrate(
    ensembles: Mapping[str, Ensemble],
    linear: Floats,
    songs: Songs,
    cases_per_song: int,
    seed: int,
) -> Contest:
    """Fit trust, sigma, rules and thresholds; `linear` (f, 4) are the weights of the row ridge."""
    fitted = _fit_rules(ensembles["differential"], linear, songs)
    for ensemble in ensembles.values():
        _calibrate_one(ensemble, songs, cases_per_song, seed, fitted)
    thresholds = _fit_thresholds(ensembles, songs.validation, fitted)
    return Contest(ensembles, fitted.with_thresholds(thresholds), thresholds)


def recalibrate(
    ensembles: Mapping[str, Ensemble],
    fitted: FittedRules,
    validation: list[Excerpt],
    cases_per_song: int,
    seed: int,
) -> Contest:
    """Sigma of advisors and rules, and the thresholds, anew; what they trust stays."""
    stems = bank_of(validation, "differential")
    fitted = with_sigma(
        fitted,
        scalars_of(ensembles["differential"], stems),
        np.where(stems.active, stems.target_db(), np.nan),
    )
    for ensemble in ensembles.values():
        ensemble.sigma_scale.fill_(1.0)
        _scale_sigma(ensemble, validation, cases_per_song, seed)
    thresholds = _fit_thresholds(ensembles, validation, fitted)
    return Contest(ensembles, fitted.with_thresholds(thresholds), thresholds)


def tables(
    contest: Contest, excerpts: list[Excerpt], cases_per_song: int, seed: int
) -> dict[str, Table]:
    """Tables by protocol: usual, published, and published without the anchor."""
    published = published_cases(excerpts, seed)
    protocols = {
        USUAL.name: usual_cases(excerpts, cases_per_song, seed),
        PUBLISHED.name: published,
        PUBLISHED_WITHOUT_ANCHOR: published.without_anchors(),
    }
    return {
        name: _table(contest, excerpts, cases, contest.thresholds[name], seed)
        for name, cases in protocols.items()
    }


def by_song(
    contest: Contest, excerpts: list[Excerpt], cases_per_song: int, seed: int
) -> dict[str, Any]:
    """Usual errors on few songs: the table, and per song the centred MAE of the deciding rows."""
    cases = usual_cases(excerpts, cases_per_song, seed)
    found = _table(contest, excerpts, cases, contest.thresholds[USUAL.name], seed)
    rows = ("zero", "template_shrinkage", "baseline", "differential")
    errors_db = {row: per_case(found.answers[row], cases)["centred_mae_db"] for row in rows}
    trust = stated(contest.ensembles, excerpts, cases, contest.rules).trust
    return {
        **found.as_json(),
        "songs": [
            {
                "title": excerpt.origin.title,
                "artist": excerpt.origin.artist,
                "trust": {row: float(v[cases.songs == n].mean()) for row, v in trust.items()},
                "centred_mae_db": {
                    row: float(np.nanmean(v[cases.songs == n])) for row, v in errors_db.items()
                },
            }
            for n, excerpt in enumerate(excerpts)
        ],
    }


def stated(
    ensembles: Mapping[str, Ensemble], excerpts: list[Excerpt], cases: Cases, fitted: FittedRules
) -> Stated:
    """What every row says that states uncertainty."""
    stems = bank_of(excerpts, "differential")
    features = scalars_of(ensembles["differential"], stems)
    evidence, trust = rule_evidence(cases, features, fitted), {}
    for conditioning, ensemble in ensembles.items():
        bank = stems if conditioning == "differential" else bank_of(excerpts, conditioning)
        heeded = hear_cases(ensemble, bank, cases)
        evidence[conditioning], trust[conditioning] = heeded.evidence, heeded.trust
    perfect = perfect_ear_evidence(cases, excerpts)
    if perfect is not None:
        evidence["perfect_ear"] = perfect
    return Stated(evidence, trust)


def _table(
    contest: Contest,
    excerpts: list[Excerpt],
    cases: Cases,
    fitted: Mapping[str, float],
    seed: int,
) -> Table:
    said = stated(contest.ensembles, excerpts, cases, contest.rules)
    # The perfect ear has no threshold where no validation song has a written rule.
    thresholds: dict[str, float | Floats] = dict(fitted)
    for row, trust in said.trust.items():
        thresholds[row] = thresholds_of(
            said.evidence[row], trust, fitted[row], cases.distribution, cases.anchors
        )
    plain = rule_answers(cases, contest.rules, seed)
    return table(cases, said.evidence, thresholds, plain, seed)


def _fit_rules(differential: Ensemble, linear: Floats, songs: Songs) -> FittedRules:
    training, validation = (
        bank_of(excerpts, "differential") for excerpts in (songs.training, songs.validation)
    )
    return fit_rules(
        scalars_of(differential, training),
        np.where(training.active, training.target_db(), np.nan),
        scalars_of(differential, validation),
        np.where(validation.active, validation.target_db(), np.nan),
        linear,
    )


def _calibrate_one(
    ensemble: Ensemble, songs: Songs, cases_per_song: int, seed: int, fitted: FittedRules
) -> None:
    conditioning = ensemble.conditioning
    foreign = _as_met(songs.foreign, conditioning, seed) if songs.foreign else None
    ensemble.fit_familiarity(
        _as_met(songs.training, conditioning, seed),
        _as_met(songs.validation, conditioning, seed),
        foreign,
    )
    fallback = (
        torch.as_tensor(fitted.template_sigma_db, dtype=torch.float32)
        if conditioning == "differential"
        else torch.full((len(STEMS),), NOTHING_HEARD_SIGMA_DB)
    )
    ensemble.fallback_sigma_db.copy_(fallback)
    _scale_sigma(ensemble, songs.validation, cases_per_song, seed)


def _scale_sigma(
    ensemble: Ensemble, validation: list[Excerpt], cases_per_song: int, seed: int
) -> None:
    cases = usual_cases(validation, cases_per_song, seed)
    bank = bank_of(validation, ensemble.conditioning)
    ensemble.sigma_scale.fill_(fit_sigma_scale(hear_cases(ensemble, bank, cases).evidence, cases))


def _as_met(excerpts: list[Excerpt], conditioning: str, seed: int) -> Heard:
    """Songs as an advisor meets them: stems, or a mix with one of the usual errors."""
    bank = bank_of(excerpts, conditioning)
    bank.render(USUAL, 1, seed)
    return bank.rendered()[0].heard if conditioning == "baseline" else bank.all_heard()


def _fit_thresholds(
    ensembles: Mapping[str, Ensemble], validation: list[Excerpt], fitted: FittedRules
) -> Thresholds:
    """By protocol and row. Each validation song is heard once at its reference balance; in the
    published protocol it counts once for every anchor that may be named."""
    once = balanced_cases(validation, USUAL)
    said = stated(ensembles, validation, once, fitted).evidence
    named = balanced_cases(validation, PUBLISHED, STEMS)
    repeated = {name: found[named.songs] for name, found in said.items()}
    unnamed = balanced_cases(validation, PUBLISHED)
    return {
        USUAL.name: fit_thresholds(said, once),
        PUBLISHED.name: fit_thresholds(repeated, named),
        PUBLISHED_WITHOUT_ANCHOR: fit_thresholds(said, unnamed),
    }
