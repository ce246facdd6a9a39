"""Chance-corrected agreement of a judge with single people, beside that of people."""

import numpy as np

from analysis.judges import first_takes, order_of, units
from analysis.kappa import cohen_kappa, fleiss_kappa, verdict_counts
from analysis.preference_votes import Votes
from analysis.results import CannotCompute, Estimate

N_VERDICTS = 3


def judge_kappa(
    people: Votes,
    judge: Votes,
    rng: np.random.Generator,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Cohen's kappa of the judge's verdicts with people's votes, clustered by item.

    Each vote of a person is paired with the judge's first verdict on the same pair of the same
    item in the order that person saw. n counts the votes.

    Raises:
        CannotCompute: the judge gave no verdict where people voted.
    """
    ours, theirs = first_takes(people.given()), judge.given()
    theirs = theirs.select(np.argsort(theirs.repeat, kind="stable"))
    mine, other = (units(votes) * 2 + order_of(votes) for votes in (ours, theirs))
    known, first = np.unique(other, return_index=True)
    place = np.searchsorted(known, mine)
    shared = place < len(known)
    shared[shared] = known[place[shared]] == mine[shared]
    if not shared.any():
        raise CannotCompute("the judge gave no verdict on a pair in the order a person saw it")
    return cohen_kappa(
        ours.verdict[shared],
        theirs.verdict[first[place[shared]]],
        rng,
        cluster=ours.item[shared],
        n_resamples=n_resamples,
        level=level,
    )


def people_kappa(
    people: Votes, rng: np.random.Generator, *, n_resamples: int = 2000, level: float = 0.95
) -> Estimate:
    """Fleiss' kappa of people's votes on pairs of items: what the judge's is set beside."""
    votes = first_takes(people.given())
    counts = verdict_counts(units(votes), votes.verdict, N_VERDICTS)
    return fleiss_kappa(counts, rng, n_resamples=n_resamples, level=level)
