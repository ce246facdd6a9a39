"""How often 95 % intervals hold the truth, over simulated studies whose truth is known.

`python -m benchmarks.coverage --studies 1000 --json benchmarks/coverage.json` writes the table that
the slow suite checks. Raters and items of each study are drawn anew and have tastes of their own.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from analysis.clusters import ENOUGH_CLUSTERS
from analysis.correlation import correlation
from analysis.judges import judge_against_people
from analysis.preference import fit_preferences
from analysis.preference_contrast import contrast_systems
from analysis.preference_draws import Cluster
from analysis.preference_fit import Design, solve
from analysis.preference_votes import Votes, pairs
from analysis.results import Estimate

SIZES = (10, 20, 40, 80)
"""Participants of a study; from `ENOUGH_CLUSTERS` on the intervals are held to their level."""

LEVEL = 0.95
ALLOWED = (0.93, 0.97)

STRENGTHS = np.array([0.6, 0.2, -0.2, -0.6])
TIE_NU = 0.5
N_TRIALS = 12
N_RESAMPLES = 1000
N_SINGLE = 5
"""Sets of single pairs in each study: they are quick, and more of them tell more."""

RATER_SD = 0.5
ITEM_SD = 0.4
_NAMES = ("S1", "S2", "S3", "S4")

Checked = Iterator[tuple[str, Estimate, float]]
"""What is estimated, the estimate, the truth."""


@dataclass(frozen=True)
class Coverage:
    """One figure in studies of one size."""

    figure: str
    n_raters: int
    n_studies: int
    covered: float
    """Share of intervals that hold the truth."""
    cautioned: float
    """Share that say they may run short."""
    failed: int
    """Studies in which no interval could be given."""


def measure(n_raters: int, n_studies: int, seed: int = 0) -> list[Coverage]:
    """Coverage of every figure over studies with this many participants."""
    held: dict[str, list[bool]] = {}
    cautions: dict[str, list[bool]] = {}
    failed: dict[str, int] = {}
    for study in range(n_studies):
        for number, simulate in enumerate(STUDIES):
            rng = np.random.default_rng([seed, n_raters, study, number])
            for figure, estimate, truth in simulate(rng, n_raters):
                if np.isnan(estimate.low):
                    failed[figure] = failed.get(figure, 0) + 1
                    continue
                held.setdefault(figure, []).append(estimate.low <= truth <= estimate.high)
                cautions.setdefault(figure, []).append(bool(estimate.note))
    return [
        Coverage(
            figure,
            n_raters,
            len(hits),
            float(np.mean(hits)),
            float(np.mean(cautions[figure])),
            failed.get(figure, 0),
        )
        for figure, hits in held.items()
    ]


def by_rater(rng: np.random.Generator, n_raters: int) -> Checked:
    """Raters with tastes, items all alike."""
    return _preferences(rng, n_raters, "rater", 0.0)


def by_rater_and_item(rng: np.random.Generator, n_raters: int) -> Checked:
    """Raters and items with tastes; as many items as raters."""
    return _preferences(rng, n_raters, "rater and item", ITEM_SD)


def _preferences(
    rng: np.random.Generator, n_raters: int, cluster: Cluster, item_sd: float
) -> Checked:
    votes = _votes(rng, n_raters, item_sd)
    truth, shares = _truth(item_sd)
    fit = fit_preferences(votes, rng, cluster=cluster, n_resamples=N_RESAMPLES)
    yield f"strength of the best, by {cluster}", fit.strengths[0], truth[0]
    yield f"strength of the second, by {cluster}", fit.strengths[1], truth[1]
    yield f"win rate of a pair, by {cluster}", fit.win_rates[0].rate, shares[0]
    contrast = contrast_systems(votes, "S1", "S2", cluster=cluster)
    yield f"contrast of two systems, by {cluster}", contrast.difference, truth[0] - truth[1]


def _votes(rng: np.random.Generator, n_raters: int, item_sd: float) -> Votes:
    n, n_systems = n_raters * N_TRIALS, len(STRENGTHS)
    rater, item = np.repeat(np.arange(n_raters), N_TRIALS), rng.integers(n_raters, size=n)
    first = rng.integers(n_systems, size=n)
    second = (first + rng.integers(1, n_systems, size=n)) % n_systems
    liking = STRENGTHS + rng.normal(0, RATER_SD, (n_raters, n_systems))[rater]
    liking += rng.normal(0, item_sd, (n_raters, n_systems))[item]
    gap = np.take_along_axis(liking, first[:, None], 1) - np.take_along_axis(
        liking, second[:, None], 1
    )
    limits = _chances(gap[:, 0]).cumsum(axis=1)
    outcome = np.minimum((rng.random(n)[:, None] > limits).sum(axis=1), 2)
    return Votes(_NAMES, first, second, outcome, rater, item)


def _chances(gap: np.ndarray) -> np.ndarray:
    """Of a win, a loss and a tie at these differences, (..., 3)."""
    chances = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full_like(gap, TIE_NU)], axis=-1)
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True))


def _truth(item_sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Strengths that fit endless votes of such raters and items, and win rates of the pairs."""
    couples = pairs(len(STRENGTHS))
    gaps = STRENGTHS[couples[:, 0]] - STRENGTHS[couples[:, 1]]
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    sd = np.sqrt(2 * (RATER_SD**2 + item_sd**2))
    expected = (_chances(gaps[:, None] + sd * nodes) * weights[:, None]).sum(axis=1)
    expected /= weights.sum()
    design = Design.of_systems(len(STRENGTHS), with_ties=True)
    fitted = solve(expected[None] * 1e9, design)[0]
    return fitted[:-1], expected[:, 0] + expected[:, 2] / 2


def judge(rng: np.random.Generator, n_raters: int) -> Checked:
    """A judge drawn like any person, so that its truth is 0 against the others' majorities."""
    n_items, per_item = n_raters, min(N_TRIALS, n_raters // 2)
    liked = rng.normal(0, 1.2, n_items)
    tastes = rng.normal(0, RATER_SD, n_raters + 1)
    chosen = rng.random((n_raters, n_items)).argsort(axis=0) < per_item
    rater, item = np.nonzero(chosen)
    people = _two_system_votes(rng, rater, item, liked, tastes, rng.integers(2, size=len(rater)))
    items = np.repeat(np.arange(n_items), 2)
    one = np.full(len(items), n_raters)
    # Its own taste would be the same in every study; a judge of no taste is the typical person.
    judged = _two_system_votes(
        rng, one, items, liked, rng.normal(0, RATER_SD, n_items), np.tile([0, 1], n_items), items
    )
    found = judge_against_people(people, judged)
    yield "judge less people", found.difference, 0.0


def _two_system_votes(
    rng: np.random.Generator,
    rater: np.ndarray,
    item: np.ndarray,
    liked: np.ndarray,
    tastes: np.ndarray,
    first: np.ndarray,
    taste_of: np.ndarray | None = None,
) -> Votes:
    gap = liked[item] + tastes[rater if taste_of is None else taste_of]
    limits = _chances(np.where(first == 0, gap, -gap)).cumsum(axis=1)
    outcome = np.minimum((rng.random(len(gap))[:, None] > limits).sum(axis=1), 2)
    return Votes(_NAMES[:2], first, 1 - first, outcome, rater, item)


def spearman(rng: np.random.Generator, n_raters: int) -> Checked:
    """As many items as raters, four advices each: two scales that share what items differ in."""
    shared = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], n_raters)
    own = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], (n_raters, 4))
    values = (shared[:, None, :] + own).reshape(-1, 2)
    item = np.repeat(np.arange(n_raters), 4)
    truth = 6 / np.pi * np.arcsin(0.5 / 2)
    yield (
        "Spearman, by item",
        correlation(*values.T, rng, cluster=item, n_resamples=N_RESAMPLES),
        truth,
    )
    for _ in range(N_SINGLE):
        alone = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], n_raters)
        yield "Spearman, single pairs", correlation(*alone.T, rng, n_resamples=N_RESAMPLES), truth


STUDIES: tuple[Callable[[np.random.Generator, int], Checked], ...] = (
    by_rater,
    by_rater_and_item,
    judge,
    spearman,
)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns 1 where an interval is off its level without saying so."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="studies of each size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table as JSON")
    options = parser.parse_args(arguments)
    if options.studies < 1:
        parser.error(f"--studies {options.studies}: expected 1 or more")
    rows: list[Coverage] = []
    for size in SIZES:
        rows += measure(size, options.studies, options.seed)
        print(f"{size} participants done", file=sys.stderr, flush=True)
    for row in rows:
        said = f"{row.covered:.3f}  cautioned {row.cautioned:.2f}  failed {row.failed}"
        print(f"{row.n_raters:>4}  {row.figure:<48} {said}")
    if options.json:
        table = {"studies": options.studies, "seed": options.seed, "level": LEVEL}
        table["rows"] = [asdict(row) for row in rows]  # type: ignore[assignment]
        options.json.write_text(json.dumps(table, indent=1) + "\n")
    return 1 if any(is_off(row) for row in rows) else 0


def is_off(row: Coverage) -> bool:
    """Whether the intervals of a study large enough miss their level, beyond chance."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / row.n_studies)
    low, high = min(ALLOWED[0], LEVEL - 3 * error), max(ALLOWED[1], LEVEL + 3 * error)
    return row.n_raters >= ENOUGH_CLUSTERS and not low <= row.covered <= high


if __name__ == "__main__":
    sys.exit(main())
