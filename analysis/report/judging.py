"""Judges beside people: agreement with the others' majority less that of a person, and habits.

Repeats of one judge (same name, model and what it was given) are one rater. The rubric rater knows
the answer: it stands apart and is no judge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.annotations import BoolArray
from analysis.clusters import clustered_proportion
from analysis.components import CrossedDesign, fit_components
from analysis.correlation import disattenuated
from analysis.judge_habits import (
    calibration,
    first_side_share,
    longer_share,
    self_consistency,
    swap_consistency,
)
from analysis.judge_kappa import judge_kappa, people_kappa
from analysis.judge_ratings import judge_ratings_against_people
from analysis.judges import judge_against_people, panel
from analysis.preference import fit_preferences
from analysis.preference_votes import Votes
from analysis.rating_tables import SystemRatings
from analysis.report.outcomes import Outcome, outcomes
from analysis.report.plain import Plain, attempt, generator
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import TRIAL_KINDS, TRIAL_STATES, Study
from analysis.study_rules import Selection
from analysis.study_tables import judge_trials, ratings_of, votes_of
from analysis.system_ranking import ranking_agreement

KNOWS = "knows the answer"
MAIN, FAILED = TRIAL_KINDS.index("main"), TRIAL_STATES.index("failed")


def judge_groups(study: Study) -> dict[str, list[int]]:
    """Name of each judge to its raters: repeats of one judge together."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, rater in enumerate(study.raters):
        if rater.kind in ("judge", "rubric") and rater.run == "main":
            about = rater.judge or {}
            told = [str(about.get(key) or "") for key in ("name", "model", "given", "prompt_hash")]
            groups.setdefault((rater.kind, *told), []).append(number)
    named: dict[str, list[int]] = {}
    for (kind, name, model, given, _), raters in groups.items():
        label = " ".join(filter(None, (name or model or kind, f"({given})" if given else "")))
        while label in named:
            label += " *"
        named[label] = raters
    return named


def judging(study: Study, selection: Selection, seed: int) -> Plain:
    """Every judge on every question; the rubric apart."""
    people = selection.of_kind(study, "main")
    families = {one.family for one in study.systems if one.family}
    judges: list[Plain] = []
    rubrics: list[Plain] = []
    for name, raters in judge_groups(study).items():
        about = study.raters[raters[0]].judge or {}
        is_rubric = study.raters[raters[0]].kind == "rubric"
        part: Plain = {
            "judge": name,
            "about": dict(about),
            "n_raters": len(raters),
            "wrote_advice": about.get("family") in families and bool(about.get("family")),
            "knows_the_answer": is_rubric,
            "failed": failures_of(study, raters),
            "votes": [
                {**outcome.about(), **_votes(study, outcome, people, raters, seed, name)}
                for outcome in outcomes(study, "choice")
                if outcome.phase == "before"
            ],
            "ratings": [
                {**outcome.about(), **_ratings(study, outcome, people, raters, seed, name)}
                for outcome in outcomes(study, "scale")
                if outcome.phase == "before"
            ],
        }
        (rubrics if is_rubric else judges).append(part)
    judges += [_panel(study, people, name, members, seed) for name, members in panels_of(study)]
    return {"judges": judges, "rubrics": rubrics, "families_in_study": sorted(families)}


def panels_of(study: Study) -> list[tuple[str, dict[str, list[int]]]]:
    """Panels of two judges or more that were named when they ran: name, and raters by judge."""
    found: dict[str, dict[str, list[int]]] = {}
    for name, raters in judge_groups(study).items():
        rater = study.raters[raters[0]]
        panel_name = str((rater.judge or {}).get("panel") or "")
        if panel_name and rater.kind == "judge":
            found.setdefault(panel_name, {})[name] = raters
    return [(name, members) for name, members in sorted(found.items()) if len(members) > 1]


def _panel(
    study: Study, people: BoolArray, name: str, members: Mapping[str, list[int]], seed: int
) -> Plain:
    """Several judges as one: their most frequent verdict, set beside people like a judge's."""
    label = f"panel {name}: {', '.join(members)}"
    everyone = [rater for raters in members.values() for rater in raters]
    families = {str((study.raters[one].judge or {}).get("family") or "") for one in everyone}
    written = {one.family for one in study.systems if one.family}
    return {
        "judge": label,
        "about": {"panel": name, "family": ", ".join(sorted(filter(None, families)))},
        "n_raters": len(everyone),
        "wrote_advice": bool(families & written),
        "knows_the_answer": False,
        "failed": failures_of(study, everyone),
        "votes": [
            {**outcome.about(), **_panel_votes(study, outcome, people, members, seed, label)}
            for outcome in outcomes(study, "choice")
            if outcome.phase == "before"
        ],
        "ratings": [],
    }


def _panel_votes(
    study: Study,
    outcome: Outcome,
    people: BoolArray,
    members: Mapping[str, list[int]],
    seed: int,
    label: str,
) -> Plain:
    parts = [joint_votes(study, outcome, people, raters) for raters in members.values()]
    theirs = [votes for _, votes in parts if len(votes)]
    if len(theirs) < 2:
        return {"n": 0, "agreement": {"cannot": "fewer than two of its judges gave verdicts"}}
    try:
        together = panel(theirs)
    except ValueError:
        return {"n": 0, "agreement": {"cannot": "its judges compared different systems"}}
    return _votes_beside(parts[0][0], together, generator(seed, f"judge {label} {outcome.key}"))


def failures_of(study: Study, raters: Sequence[int]) -> Plain:
    """How many of these raters' trials failed, by reason."""
    trials = study.trials
    own = np.flatnonzero(np.isin(trials.rater, raters) & (trials.kind == MAIN))
    failed = trials.state[own] == FAILED
    reasons: dict[str, int] = {}
    for trial in own[failed]:
        reason = trials.failures.get(int(trial), "no reason recorded")
        reasons[reason] = reasons.get(reason, 0) + 1
    share = attempt(lambda: _share_failed(failed, trials.item[own]))
    return {"n": int(failed.sum()), "of": len(own), "share": share, "reasons": reasons}


def _share_failed(failed: BoolArray, item: np.ndarray) -> Estimate:
    if not len(failed):
        raise CannotCompute("the judge was given no trials")
    return clustered_proportion(failed.astype(np.float64), item, name="items")


def joint_votes(
    study: Study, outcome: Outcome, people: BoolArray, raters: Sequence[int]
) -> tuple[Votes, Votes]:
    """People's votes and a judge's, over the same systems; the judge is one rater."""
    both = votes_of(study, outcome.number, people | judge_trials(study, raters, None))
    is_judge = np.isin(both.rater, raters)
    theirs = both.select(is_judge)
    run = np.searchsorted(np.sort(raters), theirs.rater)
    theirs = replace(theirs, rater=np.full(len(theirs), raters[0]), repeat=theirs.repeat + run)
    return both.select(~is_judge), theirs


def joint_ratings(
    study: Study,
    outcome: Outcome,
    people: BoolArray,
    raters: Sequence[int],
    *,
    one_rater: bool = True,
) -> tuple[SystemRatings, SystemRatings]:
    """The same for ratings; without `one_rater` the judge's repeats are told apart."""
    both = ratings_of(study, outcome.number, people | judge_trials(study, raters, None)).ratings
    is_judge = np.isin(both.rater, raters)
    theirs = both.select(is_judge)
    if one_rater:
        theirs = replace(theirs, rater=np.full(len(theirs), raters[0]))
    return both.select(~is_judge), theirs


def _votes(
    study: Study, outcome: Outcome, people: BoolArray, raters: Sequence[int], seed: int, name: str
) -> Plain:
    ours, theirs = joint_votes(study, outcome, people, raters)
    if not len(theirs):
        return {"n": 0, "agreement": {"cannot": "the judge gave no verdict on this question"}}
    return _votes_beside(ours, theirs, generator(seed, f"judge {name} {outcome.key}"))


def _votes_beside(ours: Votes, theirs: Votes, rng: np.random.Generator) -> Plain:
    habits: Mapping[str, object] = {
        "swap_consistency": attempt(lambda: swap_consistency(theirs)),
        "first_side_share": attempt(lambda: first_side_share(theirs)),
        "longer_share": attempt(lambda: longer_share(theirs)),
        "repeat_consistency": attempt(lambda: self_consistency(theirs)),
        "calibration": attempt(lambda: calibration(ours, theirs, rng)),
        "kappa": attempt(lambda: judge_kappa(ours, theirs, rng)),
        "people_kappa": attempt(lambda: people_kappa(ours, rng)),
        "people_first_side_share": attempt(lambda: first_side_share(ours)),
        "people_longer_share": attempt(lambda: longer_share(ours)),
    }

    def ranking() -> object:
        fits = [fit_preferences(votes, rng, n_resamples=2000) for votes in (ours, theirs)]
        return ranking_agreement(fits[0], fits[1], rng)

    return {
        "n": len(theirs),
        "agreement": attempt(lambda: judge_against_people(ours, theirs)),
        "ranking": attempt(ranking),
        **habits,
    }


def _ratings(
    study: Study, outcome: Outcome, people: BoolArray, raters: Sequence[int], seed: int, name: str
) -> Plain:
    ours, theirs = joint_ratings(study, outcome, people, raters)
    if not len(theirs):
        return {"n": 0, "agreement": {"cannot": "the judge gave no rating on this scale"}}
    rng = generator(seed, f"judge {name} {outcome.key}")

    def disattenuated_pearson() -> Estimate:
        found = judge_ratings_against_people(ours, theirs, rng, n_resamples=1000)
        runs = joint_ratings(study, outcome, people, raters, one_rater=False)[1]
        return disattenuated(
            found.pearson, reliability(ours, "people")[1], reliability(runs, "the judge")[0]
        )

    return {
        "n": len(theirs),
        "agreement": attempt(judge_ratings_against_people, ours, theirs, rng, n_resamples=1000),
        "disattenuated": attempt(disattenuated_pearson),
    }


def reliability(ratings: SystemRatings, whose: str) -> tuple[float, float]:
    """Of one rater and of the mean of those that a stimulus has, from variance components.

    Raises:
        CannotCompute: nothing was rated twice.
    """
    try:
        fit = fit_components(
            CrossedDesign(ratings.item * len(ratings.systems) + ratings.system, ratings.rater),
            ratings.value,
        )
    except ValueError:
        raise CannotCompute(f"reliability of {whose} is not known: nothing rated twice") from None
    if fit.excerpt + fit.annotator + fit.residual == 0:
        raise CannotCompute(f"reliability of {whose} is not known: the ratings do not vary")
    return fit.icc_single, fit.icc_average
