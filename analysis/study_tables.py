"""From a study's columns to what statistics take: votes and ratings of systems.

Systems are named as the export shows them. A ranking is as many votes as it has pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.annotations import BoolArray, IntArray
from analysis.preference_votes import FIRST, SECOND, TIE, Votes
from analysis.rating_tables import SystemRatings
from analysis.study_parts import PHASES, Rankings, Study
from analysis.vectors import FloatArray


@dataclass(frozen=True, eq=False)
class RatedStimuli:
    """Ratings with the stimulus each was given to; rows as `ratings`."""

    ratings: SystemRatings
    stimulus: IntArray
    trial: IntArray


def system_names(study: Study) -> tuple[str, ...]:
    """What figures and tables call the systems, told apart where two share a name."""
    names = [system.shown for system in study.systems]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({system.label})"
        for name, system in zip(names, study.systems, strict=True)
    )


def votes_of(study: Study, question: int, trials: BoolArray, phase: str = "before") -> Votes:
    """The votes on one question, of these trials, between two systems."""
    chosen = study.choices
    rows = (chosen.question == question) & (chosen.phase == PHASES.index(phase))
    chosen = chosen.select(rows & trials[chosen.trial])
    one, other = study.trials.first_sides(chosen.trial)
    system, words = study.stimulus_system, _words(study)
    both = (system[one] >= 0) & (system[other] >= 0) & (system[one] != system[other])
    chosen, one, other = chosen.select(both), one[both], other[both]
    return compact(
        Votes(
            systems=system_names(study),
            first=system[one],
            second=system[other],
            outcome=chosen.choice,
            rater=study.trials.rater[chosen.trial],
            item=study.trials.item[chosen.trial],
            words=words[one] - words[other],
            confidence=chosen.confidence,
            repeat=study.trials.repeat[chosen.trial],
        )
    )


def votes_of_ranking(
    study: Study, question: int, trials: BoolArray, phase: str = "before"
) -> Votes:
    """The pairs that rankings imply: the better placed one wins, equal places tie."""
    rows = _ranked(study, question, trials, phase)
    system, words = study.stimulus_system, _words(study)
    first: list[int] = []
    second: list[int] = []
    starts = np.flatnonzero(np.diff(rows.trial, prepend=-1))
    for low, high in zip(starts, [*starts[1:], len(rows)], strict=True):
        for better, worse in combinations(range(low, high), 2):
            first.append(better)
            second.append(worse)
    one, other = np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)
    difference = rows.rank[other] - rows.rank[one]
    outcome = np.where(difference > 0, FIRST, np.where(difference < 0, SECOND, TIE))
    trial, stimulus = rows.trial[one], rows.stimulus
    return compact(
        Votes(
            systems=system_names(study),
            first=system[stimulus[one]],
            second=system[stimulus[other]],
            outcome=outcome,
            rater=study.trials.rater[trial],
            item=study.trials.item[trial],
            words=words[stimulus[one]] - words[stimulus[other]],
            repeat=study.trials.repeat[trial],
        )
    )


def ratings_of(
    study: Study,
    question: int,
    trials: BoolArray,
    phase: str = "before",
    *,
    with_controls: bool = False,
) -> RatedStimuli:
    """The ratings on one scale, or the places of a ranking (turned round, so that more is better).

    Args:
        with_controls: also references, anchors and problem mixes, under the names of their roles.
    """
    if study.questions[question].kind == "ranking":
        rows = _ranked(study, question, trials, phase)
        trial, stimulus, value = rows.trial, rows.stimulus, -rows.rank
    else:
        table = study.ratings
        kept = (table.question == question) & (table.phase == PHASES.index(phase))
        table = table.select(kept & trials[table.trial])
        trial, stimulus, value = table.trial, table.stimulus, table.value
    system, names = study.stimulus_system[stimulus], list(system_names(study))
    if with_controls:
        role = [study.stimuli[number].role for number in stimulus]
        for name in sorted(set(role) - {"system"}):
            system = np.where(np.array(role) == name, len(names), system)
            names.append(name)
    kept = system >= 0
    trial, stimulus = trial[kept], stimulus[kept]
    ratings = SystemRatings(
        systems=tuple(names),
        rater=study.trials.rater[trial],
        item=study.trials.item[trial],
        system=system[kept],
        value=value[kept],
    )
    return RatedStimuli(_without_unused(ratings), stimulus, trial)


def compact(votes: Votes) -> Votes:
    """The votes with only the systems that occur in them, in the same order."""
    used = np.unique(np.concatenate([votes.first, votes.second]))
    if len(used) == len(votes.systems) or not len(used):
        return votes
    place = np.full(len(votes.systems), -1)
    place[used] = np.arange(len(used))
    return Votes(
        tuple(votes.systems[number] for number in used), place[votes.first], place[votes.second],
        votes.outcome, votes.rater, votes.item, votes.words, votes.confidence, votes.repeat,
    )  # fmt: skip


def judge_trials(study: Study, raters: Sequence[int], order: int | None = 1) -> BoolArray:
    """Answered main trials of these judges; of a pair shown in both orders, this one."""
    trials = study.trials
    kept = np.isin(trials.rater, list(raters)) & (trials.kind == 0) & (trials.state == 0)
    if order is not None:
        kept &= (trials.order == order) | (trials.order == 0)
    return np.asarray(kept, dtype=np.bool_)


def _ranked(study: Study, question: int, trials: BoolArray, phase: str) -> Rankings:
    table = study.rankings
    kept = (table.question == question) & (table.phase == PHASES.index(phase))
    kept &= trials[table.trial] & (study.stimulus_system[table.stimulus] >= 0)
    rows = table.select(kept)
    return rows.select(np.argsort(rows.trial, kind="stable"))


def _without_unused(ratings: SystemRatings) -> SystemRatings:
    used = ratings.rated_systems()
    place = np.full(len(ratings.systems), -1)
    place[used] = np.arange(len(used))
    names = tuple(ratings.systems[number] for number in used)
    return SystemRatings(names, ratings.rater, ratings.item, place[ratings.system], ratings.value)


def _words(study: Study) -> FloatArray:
    return np.array([one.n_words for one in study.stimuli] or [np.nan])
