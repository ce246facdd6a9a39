"""What was measured beside what was judged: the error that an advice leaves, and its length."""

import numpy as np

from analysis.advice_facts import is_right, stated_share
from analysis.annotations import BoolArray, IntArray
from analysis.clusters import clustered_proportion
from analysis.correlation import correlation, within_group_correlation
from analysis.preference_votes import FIRST, SECOND
from analysis.report.outcomes import Outcome, outcomes
from analysis.report.plain import Plain, attempt, generator, plain
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import PHASES, Study
from analysis.study_rules import Selection
from analysis.study_tables import RatedStimuli, ratings_of, system_names
from analysis.vectors import FloatArray

MEASURES = {
    "error_after_db": "error left after the advice, dB",
    "stated": "share of stem, direction, size and interval that the advice states",
    "right": "first move right (1) or not (0)",
    "n_words": "length of the advice, words",
    "loudness_lufs": "loudness of the mix, LUFS",
}
N_RESAMPLES = 2000


def measure(study: Study, name: str) -> FloatArray:
    """One measure of every stimulus, NaN where it is not known."""
    if name == "stated":
        values = [stated_share(one.advice or {}) for one in study.stimuli]
    elif name == "right":
        items = [study.items[one.item] for one in study.stimuli]
        values = [
            is_right(one.advice or {}, item.error_db, item.silent)
            for one, item in zip(study.stimuli, items, strict=True)
        ]
    elif name in MEASURES:
        values = [getattr(one, name) for one in study.stimuli]
    else:
        values = [one.character.get(name, np.nan) for one in study.stimuli]
    return np.array(values or [np.nan])


def measures_of(study: Study) -> dict[str, str]:
    """What was measured in this study: name and what it is. Features of the sounds come last."""
    names = sorted({name for one in study.stimuli for name in one.character})
    return MEASURES | {name: f"of the sound: {name.replace('_', ' ')}" for name in names}


def objective(study: Study, selection: Selection, seed: int) -> list[Plain]:
    """Each scale and each vote beside each measure that is known."""
    trials = selection.of_kind(study, "main")
    found = []
    for outcome in outcomes(study, "scale", "choice"):
        rated = ratings_of(study, outcome.number, trials, outcome.phase)
        for name, text in measures_of(study).items():
            values = measure(study, name)
            if outcome.question.kind == "choice":
                part = attempt(_votes, study, outcome, trials, values)
            else:
                rng = generator(seed, f"objective {outcome.key} {name}")
                part = attempt(_ratings, study, rated, values, rng)
            if "cannot" not in part or name == "error_after_db":
                found.append({**outcome.about(), "measure": name, "measure_is": text, **part})
    return found


def _ratings(
    study: Study, rated: RatedStimuli, values: FloatArray, rng: np.random.Generator
) -> Plain:
    """Mean rating of each stimulus beside its measure; items are drawn."""
    if not len(rated.stimulus):
        raise CannotCompute("there are no ratings")
    stimuli, place = np.unique(rated.stimulus, return_inverse=True)
    mean = np.bincount(place, rated.ratings.value) / np.bincount(place)
    measured = values[stimuli]
    if np.isfinite(measured).sum() < 3 or np.ptp(measured[np.isfinite(measured)]) == 0:
        raise CannotCompute("it was not measured, or does not vary")
    item = np.array([study.stimuli[number].item for number in stimuli])
    names, system = system_names(study), study.stimulus_system[stimuli]
    used = {"cluster": item, "n_resamples": N_RESAMPLES}
    found: Plain = plain(
        {
            "spearman": correlation(measured, mean, rng, **used),  # type: ignore[arg-type]
            "pearson": correlation(measured, mean, rng, "pearson", **used),  # type: ignore[arg-type]
            "within_item": within_group_correlation(
                measured, mean, item, rng, n_resamples=N_RESAMPLES, groups_are="items"
            ),
            "points": {
                "measured": measured,
                "mean": mean,
                "n": np.bincount(place),
                "system": [names[number] for number in system],
            },
        }
    )
    return found


def _votes(study: Study, outcome: Outcome, trials: BoolArray, values: FloatArray) -> Plain:
    """Share of decided votes for the side with the smaller measure."""
    chosen = study.choices
    rows = (chosen.question == outcome.number) & (chosen.phase == PHASES.index(outcome.phase))
    chosen = chosen.select(rows & trials[chosen.trial] & (chosen.choice <= SECOND))
    one, other = study.trials.first_sides(chosen.trial)
    gap = values[one] - values[other]
    told = np.isfinite(gap) & (gap != 0)
    if not told.any():
        raise CannotCompute("it was not measured, or no pair of sides differs in it")
    smaller = (gap[told] < 0) == (chosen.choice[told] == FIRST)
    rater: IntArray = study.trials.rater[chosen.trial[told]]
    share: Estimate = clustered_proportion(smaller.astype(np.float64), rater)
    return {"chose_smaller": share}
