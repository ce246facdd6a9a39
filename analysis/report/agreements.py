"""How far people agree with each other, and with themselves."""

import numpy as np

from analysis.annotations import IntArray
from analysis.clusters import clustered_proportion, numbered
from analysis.components import CrossedDesign, icc_incomplete
from analysis.kappa import fleiss_kappa
from analysis.krippendorff import krippendorff_alpha
from analysis.preference_votes import BOTH_BAD, TIE, Votes
from analysis.report.outcomes import Outcome, mean_by_cluster, outcomes
from analysis.report.plain import Plain, attempt, generator
from analysis.results import CannotCompute, Estimate
from analysis.study_parts import Study
from analysis.study_rules import Selection
from analysis.study_tables import RatedStimuli, ratings_of, votes_of
from analysis.vectors import FloatArray

MOST_CELLS = 50_000_000
"""Raters times things rated; a table beyond this is not made."""
READING = (
    "Alpha of .80 and more is good, .667 to .80 tentative (Krippendorff 2004). ICC below .5 is "
    "poor, to .75 moderate, to .9 good, above excellent (Koo & Li 2016)."
)


def agreements(study: Study, selection: Selection, seed: int) -> Plain:
    """Alpha, kappa and ICC of every question, and self-consistency from repeats."""
    main, again = (selection.of_kind(study, kind) for kind in ("main", "repeat"))
    found = []
    for outcome in outcomes(study, "choice", "scale"):
        rng = generator(seed, f"agreement {outcome.key}")
        if outcome.question.kind == "choice":
            votes = votes_of(study, outcome.number, main, outcome.phase)
            repeats = votes_of(study, outcome.number, again, outcome.phase)
            part = _of_votes(votes, repeats, rng)
        else:
            rated = ratings_of(study, outcome.number, main, outcome.phase)
            repeats_rated = ratings_of(study, outcome.number, again, outcome.phase)
            part = _of_ratings(outcome, rated, repeats_rated, rng)
        found.append({**outcome.about(), **part})
    return {"questions": found, "reading": READING}


def verdicts(votes: Votes) -> tuple[IntArray, IntArray]:
    """What was judged (an item's pair of systems) and what was said, as codes."""
    size = len(votes.systems)
    low, high = np.minimum(votes.first, votes.second), np.maximum(votes.first, votes.second)
    thing = numbered((votes.item * size + low) * size + high)[0]
    said = np.where(votes.outcome == TIE, size, np.where(votes.outcome == BOTH_BAD, size + 1, 0))
    winner = np.where(votes.outcome == 0, votes.first, votes.second)
    return thing, np.where(votes.outcome <= 1, winner, said)


def _table(rater: IntArray, thing: IntArray, value: FloatArray) -> FloatArray:
    """Raters by things, NaN in the gaps; the first of several values counts."""
    (row, n_rows), (column, n_columns) = numbered(rater), numbered(thing)
    if n_rows * n_columns > MOST_CELLS:
        raise CannotCompute(f"a table of {n_rows} raters x {n_columns} things is too large")
    table = np.full((n_rows, n_columns), np.nan)
    table[row[::-1], column[::-1]] = value[::-1]
    return table


def _of_votes(votes: Votes, repeats: Votes, rng: np.random.Generator) -> Plain:
    votes = votes.given()
    thing, said = verdicts(votes)

    def fleiss() -> Estimate:
        codes, code = np.unique(said, return_inverse=True)
        n_things = int(thing.max(initial=-1)) + 1
        flat = np.bincount(thing * len(codes) + code, minlength=n_things * len(codes))
        counts = flat.reshape(n_things, -1).astype(np.float64)
        return fleiss_kappa(counts[counts.sum(axis=1) >= 2], rng, n_resamples=1000)

    return {
        "alpha_nominal": attempt(lambda: _alpha(votes.rater, thing, said, "nominal", rng)),
        "fleiss_kappa": attempt(fleiss if len(votes) else _nothing),
        "same_again": attempt(lambda: _votes_again(votes, repeats)),
    }


def _nothing() -> Estimate:
    raise CannotCompute("there are no answers")


def _alpha(
    rater: IntArray, thing: IntArray, value: FloatArray | IntArray, scale: str,
    rng: np.random.Generator,
) -> Estimate:  # fmt: skip
    if not len(rater):
        raise CannotCompute("there are no answers")
    table = _table(rater, thing, np.asarray(value, dtype=np.float64))
    return krippendorff_alpha(table, scale, rng, 1000)  # type: ignore[arg-type]  # one of three


def _of_ratings(
    outcome: Outcome, rated: RatedStimuli, repeats: RatedStimuli, rng: np.random.Generator
) -> Plain:
    ratings = rated.ratings

    def icc() -> dict[str, Estimate]:
        n_things = len(np.unique(rated.stimulus))
        if len(ratings) * n_things > MOST_CELLS:
            raise CannotCompute(f"{len(ratings)} ratings of {n_things} things are too many")
        try:
            design = CrossedDesign(rated.stimulus, ratings.rater)
        except ValueError:
            raise CannotCompute("agreement needs two things rated, one of them twice") from None
        single, average = icc_incomplete(design, ratings.value, rng)
        return {"single": single, "average": average}

    value = ratings.value
    return {
        "alpha_interval": attempt(
            lambda: _alpha(ratings.rater, rated.stimulus, value, "interval", rng)
        ),
        "alpha_ordinal": attempt(
            lambda: _alpha(ratings.rater, rated.stimulus, value, "ordinal", rng)
        ),
        "icc": attempt(icc),
        "same_again": attempt(lambda: _ratings_again(outcome, rated, repeats)),
    }


def _votes_again(votes: Votes, repeats: Votes) -> Estimate:
    """Share of repeated votes that were the same, the sides turned or not."""
    both = [votes, repeats.given()]
    joined = Votes(
        votes.systems if len(votes.systems) >= len(repeats.systems) else repeats.systems,
        *(np.concatenate([_column(one, name, votes) for one in both]) for name in
          ("first", "second", "outcome", "rater", "item")),
    )  # fmt: skip
    if not len(repeats):
        raise CannotCompute("nothing was repeated")
    thing, said = verdicts(joined)
    key = {
        (rater, one): what
        for rater, one, what in zip(
            joined.rater[: len(votes)], thing[: len(votes)], said[: len(votes)], strict=True
        )
    }
    pairs = [
        (float(key[rater, one] == what), rater)
        for rater, one, what in zip(
            joined.rater[len(votes) :], thing[len(votes) :], said[len(votes) :], strict=True
        )
        if (rater, one) in key
    ]
    if not pairs:
        raise CannotCompute("no repeat has its first answer")
    return clustered_proportion([same for same, _ in pairs], [rater for _, rater in pairs])


def _column(votes: Votes, name: str, reference: Votes) -> IntArray:
    """A column with systems numbered as in `reference`."""
    column: IntArray = getattr(votes, name)
    if name not in ("first", "second") or votes.systems == reference.systems:
        return column
    names = list(reference.systems)
    place = np.array([names.index(s) if s in names else len(names) - 1 for s in votes.systems])
    return np.asarray(place[column]) if len(column) else column


def _ratings_again(outcome: Outcome, rated: RatedStimuli, repeats: RatedStimuli) -> Estimate:
    """Mean absolute difference between a repeated rating and the first, in points."""
    first = {
        (rater, stimulus): value
        for rater, stimulus, value in zip(
            rated.ratings.rater, rated.stimulus, rated.ratings.value, strict=True
        )
    }
    again = repeats.ratings
    pairs = [
        (abs(value - first[rater, stimulus]), rater)
        for rater, stimulus, value in zip(again.rater, repeats.stimulus, again.value, strict=True)
        if (rater, stimulus) in first
    ]
    if not pairs:
        raise CannotCompute("nothing was repeated")
    return mean_by_cluster(
        [far for far, _ in pairs], [rater for _, rater in pairs],
        "mean absolute difference from the first answer",
    )  # fmt: skip
