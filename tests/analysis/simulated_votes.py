"""Votes of simulated people with known strengths."""

import numpy as np

from analysis.preference_votes import BOTH_BAD, FIRST, SECOND, TIE, Votes


def votes_of_counts(
    systems: tuple[str, ...], counts: list[tuple[int, int, int, int, int]]
) -> Votes:
    """From rows (first, second, wins, losses, ties), every vote by a rater of its own."""
    rows = [
        (first, second, outcome)
        for first, second, *tallies in counts
        for outcome, tally in zip((FIRST, SECOND, TIE), tallies, strict=True)
        for _ in range(tally)
    ]
    first, second, outcome = (np.array(column) for column in zip(*rows, strict=True))
    alone = np.arange(len(rows))
    return Votes(systems, first, second, outcome, alone, alone)


def simulated_votes(
    rng: np.random.Generator,
    strengths: list[float],
    *,
    n_raters: int,
    n_trials: int,
    n_items: int = 20,
    tie: float = 0.5,
    rater_sd: float = 0.0,
    item_sd: float = 0.0,
    both_bad: float = 0.0,
    side: float = 0.0,
    words: float = 0.0,
) -> Votes:
    """`tie` is Davidson's nu; raters and items have tastes of their own with these SDs.

    `side` is what standing first adds in log odds, `words` what ten words more add.
    """
    n, n_systems = n_raters * n_trials, len(strengths)
    rater = np.repeat(np.arange(n_raters), n_trials)
    item = rng.integers(n_items, size=n)
    first = rng.integers(n_systems, size=n)
    second = (first + rng.integers(1, n_systems, size=n)) % n_systems
    by_rater = rng.normal(0, rater_sd, (n_raters, n_systems))
    by_item = rng.normal(0, item_sd, (n_items, n_systems))
    difference_of_words = rng.integers(-20, 21, size=n).astype(float)
    liking = np.array(strengths)[None, :] + by_rater[rater] + by_item[item]
    rows = np.arange(n)
    gap = liking[rows, first] - liking[rows, second] + side + words * difference_of_words / 10
    chances = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(n, tie)], axis=1)
    limits = (chances / chances.sum(axis=1, keepdims=True)).cumsum(axis=1)
    outcome = np.minimum((rng.random(n)[:, None] > limits).sum(axis=1), TIE)
    outcome = np.where(rng.random(n) < both_bad, BOTH_BAD, outcome)
    names = tuple(f"S{number + 1}" for number in range(n_systems))
    return Votes(names, first, second, outcome, rater, item, words=difference_of_words)
