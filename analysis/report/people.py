"""Who took part, how many were left at every step, and what was not answered."""

from collections import Counter

import numpy as np

from analysis.report.judging import failures_of
from analysis.report.outcomes import mean_by_cluster, outcomes
from analysis.report.plain import Plain, attempt, plain
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import PHASES, TRIAL_KINDS, TRIAL_STATES, Study
from analysis.study_rules import Selection

MOST_KINDS = 15
"""A question with more different answers is told by its range alone."""


def participants(study: Study, selection: Selection) -> Plain:
    """Answers to the questionnaire, time and listening of those who count."""
    kept = np.flatnonzero(selection.raters)
    told: dict[str, list[object]] = {}
    for rater in kept:
        for key, value in study.raters[rater].questionnaire.items():
            if not isinstance(value, dict | list):
                told.setdefault(str(key), []).append(value)
    rows = selection.of_kind(study, "main")
    duration_s = study.trials.duration_s[rows]
    known = np.isfinite(duration_s)
    per_rater = np.bincount(study.trials.rater[rows], minlength=len(study.raters))[kept]
    found: Plain = plain(
        {
            "n": len(kept),
            "states": Counter(study.raters[rater].state for rater in kept),
            "questionnaire": {key: _answers(values) for key, values in told.items()},
            "median_trial_s": np.median(duration_s[known]) if known.any() else np.nan,
            "trials_each": {
                "least": per_rater.min() if len(kept) else 0,
                "median": np.median(per_rater) if len(kept) else np.nan,
                "most": per_rater.max() if len(kept) else 0,
            },
        }
    )
    return found


def _answers(values: list[object]) -> Plain:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if numbers and len(numbers) == len(values):
        return {"n": len(values), "least": min(numbers), "median": float(np.median(numbers)),
                "most": max(numbers)}  # fmt: skip
    counts = Counter(str(value) for value in values)
    listed = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_KINDS])
    return {"n": len(values), "counts": listed}


def failures(study: Study, selection: Selection) -> Plain:
    """What went wrong or was left open, of people and of judges."""
    trials = study.trials
    states = {state: int((trials.state == place).sum()) for place, state in enumerate(TRIAL_STATES)}
    judges = [n for n, one in enumerate(study.raters) if one.kind in ("judge", "rubric")]
    kinds = {kind: int((trials.kind == place).sum()) for place, kind in enumerate(TRIAL_KINDS)}
    reasons = Counter(trials.failures.values())
    return {
        "trials": states,
        "kinds": kinds,
        "reasons": dict(reasons),
        "judges": failures_of(study, judges) if judges else None,
        "superseded_answers": study.n_superseded,
        "left_out": [
            {"rater": study.raters[rater].key, "rules": list(rules)}
            for rater, rules in sorted(selection.reasons.items())
        ],
    }


def after_hearing(study: Study, selection: Selection) -> list[Plain]:
    """What changed when the mix was heard: after less before, within a trial."""
    trials = selection.of_kind(study, "main")
    found = []
    for outcome in outcomes(study, "scale"):
        if outcome.phase == "after":
            part = attempt(_change, study, outcome.number, trials)
            found.append({**outcome.about(), "change": part})
    return found


def _change(study: Study, question: int, trials: np.ndarray) -> Estimate:
    rows = study.ratings.select((study.ratings.question == question) & trials[study.ratings.trial])
    cell = rows.trial * len(study.stimuli) + rows.stimulus
    before, after = (rows.phase == place for place in range(len(PHASES)))
    shared, one, other = np.intersect1d(cell[before], cell[after], return_indices=True)
    if not len(shared):
        raise CannotCompute("nothing was rated both before and after")
    change = rows.value[after][other] - rows.value[before][one]
    rater = study.trials.rater[rows.trial[before][one]]
    return mean_by_cluster(change, rater, "after less before")
