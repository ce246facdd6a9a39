"""Where people disagree most, and where a judge and people do, with the texts that were read."""

import numpy as np

from analysis.annotations import BoolArray
from analysis.judge_cases import rating_cases, vote_cases
from analysis.report.judging import joint_ratings, joint_votes, judge_groups
from analysis.report.outcomes import outcomes
from analysis.report.plain import Plain, attempt
from analysis.study_parts import Study
from analysis.study_rules import Selection
from analysis.study_tables import ratings_of, system_names, votes_of

N_CASES = 10
MOST_COMMENTS = 30
FEWEST = 3
"""People who must have judged a case."""


def cases(study: Study, selection: Selection) -> Plain:
    trials = selection.of_kind(study, "main")
    return {
        "ratings": _ratings(study, trials),
        "votes": _votes(study, trials),
        "judges": _judges(study, trials),
        "comments": comments(study, trials),
    }


def _texts(study: Study, item: int, systems: tuple[str, ...]) -> list[Plain]:
    names = system_names(study)
    by_name = {
        names[study.stimuli[number].system]: study.stimuli[number].text
        for number in study.items[item].stimuli
        if study.stimuli[number].system >= 0
    }
    return [{"system": name, "text": by_name.get(name)} for name in systems]


def _about(study: Study, item: int) -> Plain:
    found = study.items[item]
    return {"item": found.key, "item_is": found.shown, "error_db": dict(found.error_db)}


def _ratings(study: Study, trials: BoolArray) -> list[Plain]:
    """Of every scale the stimuli whose ratings spread most, in units of the scale."""
    found: list[Plain] = []
    for outcome in outcomes(study, "scale"):
        rated = ratings_of(study, outcome.number, trials, outcome.phase)
        if not len(rated.stimulus):
            continue
        stimuli, place, counts = np.unique(rated.stimulus, return_inverse=True, return_counts=True)
        mean = np.bincount(place, rated.ratings.value) / counts
        squares = np.bincount(place, (rated.ratings.value - mean[place]) ** 2)
        spread = np.sqrt(squares / np.maximum(counts - 1, 1))
        spread[counts < FEWEST] = -1
        for row in np.lexsort((stimuli, -spread))[:3]:
            if spread[row] <= 0:
                continue
            one = study.stimuli[int(stimuli[row])]
            names = system_names(study)[one.system]
            found.append(
                {**_about(study, one.item), "scale": outcome.shown, "system": names,
                 "mean": float(mean[row]), "sd": float(spread[row]), "n": int(counts[row]),
                 "texts": [{"system": names, "text": one.text}],
                 "spread": float(spread[row]) / (outcome.question.high - outcome.question.low)}
            )  # fmt: skip
    return sorted(found, key=lambda one: -float(one["spread"]))[:N_CASES]


def _votes(study: Study, trials: BoolArray) -> list[Plain]:
    """Of every vote the pairs on which people are most evenly split."""
    found: list[Plain] = []
    for outcome in outcomes(study, "choice"):
        votes = votes_of(study, outcome.number, trials, outcome.phase).given()
        if not len(votes):
            continue
        pair = votes.item * len(votes.systems) ** 2 + votes.pair
        keys, first, place = np.unique(pair, return_index=True, return_inverse=True)
        counts = np.bincount(place * 3 + votes.verdict, minlength=3 * len(keys)).reshape(-1, 3)
        n = counts.sum(axis=1)
        split = np.where(n >= FEWEST, 2 * np.minimum(counts[:, 0], counts[:, 1]) / n, -1.0)
        for row in np.lexsort((keys, -n, -split))[:N_CASES]:
            if split[row] <= 0:
                continue
            vote = int(first[row])
            ends = sorted((int(votes.first[vote]), int(votes.second[vote])))
            names = votes.systems[ends[0]], votes.systems[ends[1]]
            item = int(votes.item[vote])
            found.append(
                {**_about(study, item), "question": outcome.shown, "first": names[0],
                 "second": names[1], "votes": counts[row].tolist(), "split": float(split[row]),
                 "texts": _texts(study, item, names)}
            )  # fmt: skip
    return sorted(found, key=lambda one: -float(one["split"]))[:N_CASES]


def _judges(study: Study, trials: BoolArray) -> list[Plain]:
    found: list[Plain] = []
    for name, raters in judge_groups(study).items():
        for outcome in outcomes(study, "choice"):
            ours, theirs = joint_votes(study, outcome, trials, raters)
            listed = attempt(vote_cases, ours, theirs, n_cases=5)
            for one in listed if isinstance(listed, list) else []:
                names = (one["first"], one["second"])
                texts = _texts(study, one["item"], names)
                found.append({**one, **_about(study, one["item"]), "judge_name": name,
                              "question": outcome.shown, "texts": texts})  # fmt: skip
        for outcome in outcomes(study, "scale"):
            if outcome.phase == "after":
                continue
            rated, judged = joint_ratings(study, outcome, trials, raters)
            if not len(rated) or not len(judged):
                continue
            listed = attempt(rating_cases, rated, judged, n_cases=3)
            span = outcome.question.high - outcome.question.low
            for one in listed if isinstance(listed, list) else []:
                texts = _texts(study, one["item"], (one["system"],))
                gap = abs(one["judge"] - one["people"]) / span
                found.append({**one, **_about(study, one["item"]), "judge_name": name,
                              "question": outcome.shown,
                              "texts": texts, "gap": gap})  # fmt: skip
    return found


def comments(study: Study, trials: BoolArray) -> list[Plain]:
    """Free words of people, the longest first."""
    told = [one for one in study.words if trials[one.trial] and one.text.strip()]
    told.sort(key=lambda one: (-len(one.text), one.trial))
    return [
        {**_about(study, int(study.trials.item[one.trial])),
         "question": study.questions[one.question].text, "text": one.text}
        for one in told[:MOST_COMMENTS]
    ]  # fmt: skip
