"""The same key figures under every recorded rule set, side by side."""

from analysis.preference_draws import Cluster
from analysis.report.outcomes import (
    mean_by_cluster,
    outcome_ratings,
    outcome_votes,
    outcomes,
    primary_figure,
)
from analysis.report.plain import Plain, attempt, is_given
from analysis.report.preferences import strengths
from analysis.study_parts import Study
from analysis.study_rules import RuleSet, Selection, select


def side_by_side(
    study: Study, sets: list[RuleSet], *, seed: int, cluster: Cluster, include_simulated: bool
) -> list[Plain]:
    """One column a rule set: n, primary figure, strengths and mean ratings."""
    found = []
    for one in sets:
        selection = select(study, one, include_simulated=include_simulated)
        last = selection.flow[-1]
        found.append(
            {
                **one.as_json(),
                "n_raters": last.n_raters,
                "n_trials": last.n_trials,
                "notes": list(selection.notes),
                "primary": attempt(primary_figure, study, selection),
                "figures": key_figures(study, selection, seed, cluster),
            }
        )
    return found


def key_figures(study: Study, selection: Selection, seed: int, cluster: Cluster) -> list[Plain]:
    """Strength of each system on each vote, mean of each on each scale."""
    trials = selection.of_kind(study, "main")
    found: list[Plain] = []
    for outcome in outcomes(study, "choice", "ranking"):
        votes = outcome_votes(study, outcome, trials)
        name = f"preference {outcome.key}"
        part = attempt(strengths, votes, seed, name, cluster)
        for system, figure in part.items() if is_given(part) else ():
            found.append({"what": outcome.shown, "key": outcome.key, "kind": "strength",
                          "system": system, "figure": figure})  # fmt: skip
    for outcome in outcomes(study, "scale"):
        ratings = outcome_ratings(study, outcome, trials)
        for system in ratings.rated_systems():
            rows = ratings.system == system
            figure = attempt(mean_by_cluster, ratings.value[rows], ratings.rater[rows], "mean")
            found.append({"what": outcome.shown, "key": outcome.key, "kind": "mean",
                          "system": ratings.systems[system], "figure": figure})  # fmt: skip
    return found
