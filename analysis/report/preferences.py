"""What people prefer: one part for each question that was voted on."""

from typing import Any

import numpy as np

from analysis.corrections import holm
from analysis.cumulative import fit_cumulative_votes
from analysis.logistic_mixed import fit_logistic
from analysis.preference import fit_preferences
from analysis.preference_contrast import contrast_systems
from analysis.preference_covariates import fit_with_covariates
from analysis.preference_draws import Cluster
from analysis.preference_votes import SECOND, Votes
from analysis.report.outcomes import Outcome, outcome_votes, outcomes
from analysis.report.plain import Plain, attempt, generator, plain
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import Study
from analysis.study_rules import Selection

N_RESAMPLES = 10_000


def preferences(study: Study, selection: Selection, seed: int, cluster: Cluster) -> list[Plain]:
    """Every voted question; a part that cannot be computed says why."""
    trials = selection.of_kind(study, "main")
    return [
        {
            **outcome.about(),
            **_part(outcome, outcome_votes(study, outcome, trials), seed, cluster),
        }
        for outcome in outcomes(study, "choice", "ranking")
    ]


def _part(outcome: Outcome, votes: Votes, seed: int, cluster: Cluster) -> Plain:
    given = votes.given()
    counts = {
        "n_votes": len(given), "n_raters": len(np.unique(given.rater)),
        "n_items": len(np.unique(given.item)),
    }  # fmt: skip
    return {
        **counts,
        "fit": attempt(lambda: _fit(votes, seed, outcome, cluster)),
        "without_both_bad": attempt(lambda: _without_both_bad(votes, seed, outcome, cluster)),
        "contrasts": contrasts(votes, cluster),
        "family": "all pairs of systems on this question, Holm",
        "covariates": attempt(lambda: fit_with_covariates(votes)),
        "cumulative": attempt(lambda: corrected(plain(fit_cumulative_votes(votes)))),
        "mixed": attempt(lambda: _mixed(votes)),
    }


def _fit(votes: Votes, seed: int, outcome: Outcome, cluster: Cluster) -> Any:
    rng = generator(seed, f"preference {outcome.key}")
    return fit_preferences(votes, rng, cluster=cluster, n_resamples=N_RESAMPLES)


def _without_both_bad(votes: Votes, seed: int, outcome: Outcome, cluster: Cluster) -> Plain:
    rng = generator(seed, f"preference without both bad {outcome.key}")
    fit = fit_preferences(votes, rng, both_bad="dropped", cluster=cluster, n_resamples=2000)
    return {"strengths": dict(zip(fit.systems, fit.strengths, strict=True)), "n": fit.n_votes}


def contrasts(votes: Votes, cluster: Cluster) -> list[Plain]:
    """All pairs with raw and Holm-corrected p."""
    found: list[Plain] = []
    names = votes.systems
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            part = attempt(contrast_systems, votes, first, second, cluster=cluster)
            found.append({"first": first, "second": second, **part})
    raw = [one.get("p") for one in found]
    adjusted = holm([np.nan if p is None else p for p in raw])
    return [{**one, "p_holm": plain(float(p))} for one, p in zip(found, adjusted, strict=True)]


def corrected(fit: Plain) -> Plain:
    """The fit with Holm's p beside the raw one of each difference."""
    adjusted = holm([np.nan if one["p"] is None else one["p"] for one in fit["differences"]])
    for one, p in zip(fit["differences"], adjusted, strict=True):
        one["p_holm"] = plain(float(p))
    return fit


def _mixed(votes: Votes) -> Plain:
    """Of the two systems that met most often: who wins, rater and item random."""
    decided = votes.select(votes.outcome <= SECOND)
    if not len(decided):
        raise CannotCompute("no vote prefers a system")
    pair = int(np.bincount(decided.pair).argmax())
    rows = decided.select(decided.pair == pair)
    low, high = min(rows.first[0], rows.second[0]), max(rows.first[0], rows.second[0])
    won = (rows.verdict == 0).astype(np.float64)
    fit = fit_logistic(won, rows.rater, rows.item)
    names = {"first": votes.systems[low], "second": votes.systems[high]}
    return {**names, **plain(fit)}


def strengths(votes: Votes, seed: int, name: str, cluster: Cluster) -> dict[str, Estimate]:
    """Strengths alone, for comparisons of rule sets."""
    fit = fit_preferences(votes, generator(seed, name), cluster=cluster, n_resamples=2000)
    return dict(zip(fit.systems, fit.strengths, strict=True))
