"""Which questions a report goes through, and the primary one among them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.annotations import BoolArray
from analysis.clusters import caution
from analysis.cumulative import fit_cumulative
from analysis.mixed import fit_mixed
from analysis.preference_contrast import contrast_systems
from analysis.preference_draws import Cluster
from analysis.preference_votes import Votes
from analysis.rank_tests import clustered_signed_rank
from analysis.rating_tables import SystemRatings
from analysis.report.plain import Plain, plain
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import PHASES, Choices, Question, Rankings, Ratings, Study
from analysis.study_rules import Selection
from analysis.study_tables import ratings_of, system_names, votes_of, votes_of_ranking


@dataclass(frozen=True)
class Outcome:
    """One question in one phase."""

    number: int
    question: Question
    phase: str

    @property
    def key(self) -> str:
        """Also part of file names, so that an export cannot lead out of the folder."""
        after = "_after" if self.phase == "after" else ""
        name = f"{self.question.block}_{self.question.key}"
        safe = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:80]
        return f"{safe}{'' if safe == name else f'-{self.number}'}{after}"

    @property
    def shown(self) -> str:
        name = self.question.text if self.question.text else self.question.key
        heard = ", after hearing the mix" if self.phase == "after" else ""
        return f"{name}{heard}"

    def about(self) -> Plain:
        question = self.question
        about: Plain = plain(
            {
                "key": self.key, "block": question.block, "question": question.key,
                "text": question.text, "shown": self.shown, "kind": question.kind,
                "phase": self.phase, "low": question.low, "high": question.high,
                "low_label": question.low_label, "high_label": question.high_label,
            }
        )  # fmt: skip
        return about


def outcomes(study: Study, *kinds: str) -> list[Outcome]:
    """Questions of these kinds that have answers, "before" first."""
    tables: dict[str, Choices | Ratings | Rankings]
    tables = {"choice": study.choices, "scale": study.ratings, "ranking": study.rankings}
    found = []
    for number, question in enumerate(study.questions):
        if question.kind not in kinds:
            continue
        table = tables[question.kind]
        of_question = table.question == number
        for place, phase in enumerate(PHASES):
            if phase == "before" or (of_question & (table.phase == place)).any():
                found.append(Outcome(number, question, phase))
    return found


def outcome_votes(study: Study, outcome: Outcome, trials: BoolArray) -> Votes:
    """Votes on a choice, or those that rankings imply."""
    make = votes_of_ranking if outcome.question.kind == "ranking" else votes_of
    return make(study, outcome.number, trials, outcome.phase)


def outcome_ratings(study: Study, outcome: Outcome, trials: BoolArray) -> SystemRatings:
    return ratings_of(study, outcome.number, trials, outcome.phase).ratings


def primary_outcome(study: Study) -> Mapping[str, Any] | None:
    """What the plan names as primary; None where it names nothing."""
    found = study.plan.get("primary")
    return found if isinstance(found, Mapping) and found else None


def primary_figure(study: Study, selection: Selection) -> Plain:
    """The primary contrast as the plan has it.

    Raises:
        CannotCompute: the plan names none, names what is not there, or the data do not allow it.
    """
    named = primary_outcome(study)
    if named is None:
        raise CannotCompute("the plan names no primary outcome: everything here is exploratory")
    block, key = str(named.get("block")), str(named.get("question"))
    number = study.question_index(block, key)
    if number is None:
        raise CannotCompute(f"the plan's primary question {key} of block {block} was not asked")
    outcome = Outcome(number, study.questions[number], "before")
    trials = selection.of_kind(study, "main")
    first, second = _contrast(study, named, block)
    model = str(named.get("model") or "bradley-terry")
    figure = _MODELS.get(model)
    if figure is None:
        raise CannotCompute(f"the plan's model {model!r} is unknown")
    cluster: Cluster = "rater and item" if named.get("cluster") == "rater and item" else "rater"
    found = figure(study, outcome, trials, (first, second), cluster)
    told = {"first": first, "second": second, "model": model, "cluster": cluster}
    return {"outcome": outcome.about(), **told, **plain(found)}


def _contrast(study: Study, named: Mapping[str, Any], block: str) -> tuple[str, str]:
    """The two systems as shown; the first two of the block where the plan names none."""
    labels = named.get("contrast") or next(
        (one.systems[:2] for one in study.blocks if one.key == block), ()
    )
    by_label = dict(zip((one.label for one in study.systems), system_names(study), strict=True))
    by_label |= {one.name: by_label[one.label] for one in study.systems if one.name}
    found = [by_label.get(str(label)) for label in labels]
    if len(found) != 2 or None in found:
        raise CannotCompute(f"the plan's contrast {list(labels)!r} names no two systems")
    return str(found[0]), str(found[1])


def _bradley_terry(
    study: Study, outcome: Outcome, trials: BoolArray, pair: tuple[str, str], cluster: Cluster
) -> Plain:
    found = contrast_systems(outcome_votes(study, outcome, trials), *pair, cluster=cluster)
    told = {"estimate": found.difference, "p": found.p, "statistic": found.statistic}
    return {**told, "unit": "log odds", "also": found.win_probability,
            "also_is": "probability that the first wins"}  # fmt: skip


def _mixed(
    study: Study, outcome: Outcome, trials: BoolArray, pair: tuple[str, str], cluster: Cluster
) -> Plain:
    fit = fit_mixed(outcome_ratings(study, outcome, trials))
    for one in fit.differences:
        if {one.first, one.second} == set(pair):
            turned = _turned(one.difference, one.first != pair[0])
            return {"estimate": turned, "p": one.p, "unit": "points of the scale",
                    "notes": fit.notes}  # fmt: skip
    raise CannotCompute(f"{' or '.join(pair)} was not rated")


def _cumulative(
    study: Study, outcome: Outcome, trials: BoolArray, pair: tuple[str, str], cluster: Cluster
) -> Plain:
    fit = fit_cumulative(outcome_ratings(study, outcome, trials))
    for one in fit.differences:
        if {one.first, one.second} == set(pair):
            turned = _turned(one.log_odds, one.first != pair[0])
            return {"estimate": turned, "p": one.p, "unit": "log odds", "notes": fit.notes}
    raise CannotCompute(f"{' or '.join(pair)} was not rated")


def _signed_rank(
    study: Study, outcome: Outcome, trials: BoolArray, pair: tuple[str, str], cluster: Cluster
) -> Plain:
    ratings = outcome_ratings(study, outcome, trials)
    if not set(pair) <= set(ratings.systems):
        raise CannotCompute(f"{' or '.join(pair)} was not rated")
    places = [ratings.systems.index(name) for name in pair]
    difference, rater, _ = ratings.paired_differences(*places)
    test = clustered_signed_rank(difference, rater)
    mean = mean_by_cluster(difference, rater, "mean paired difference")
    return {"estimate": mean, "p": test.p, "statistic": test.statistic,
            "unit": "points of the scale", "method": test.method}  # fmt: skip


_MODELS = {
    "bradley-terry": _bradley_terry,
    "mixed": _mixed,
    "cumulative logit": _cumulative,
    "clustered signed rank": _signed_rank,
}


def mean_by_cluster(values: Any, cluster: Any, name: str, level: float = 0.95) -> Estimate:
    """Mean with a t interval from the spread between clusters (CR1).

    Raises:
        CannotCompute: no values.
    """
    rows = np.asarray(values, dtype=np.float64)
    if not len(rows):
        raise CannotCompute("there are no values")
    labels = np.unique(np.asarray(cluster), return_inverse=True)[1]
    sums = np.bincount(labels, rows - rows.mean())
    n_clusters, method = len(sums), f"{name}, t interval over raters"
    mean = float(rows.mean())
    if n_clusters < 2:
        return Estimate(mean, np.nan, np.nan, len(rows), level, method, "no interval: one rater")
    error = np.sqrt((sums**2).sum() * n_clusters / (n_clusters - 1)) / len(rows)
    half = float(error * stats.t.ppf((1 + level) / 2, n_clusters - 1))
    return Estimate(mean, mean - half, mean + half, len(rows), level, method, caution(n_clusters))


def _turned(estimate: Estimate, turn: bool) -> Estimate:
    if not turn:
        return estimate
    return Estimate(
        -estimate.estimate, -estimate.high, -estimate.low, estimate.n, estimate.level,
        estimate.method, estimate.note,
    )  # fmt: skip
