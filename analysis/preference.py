"""What people prefer: strengths and ranks of systems with intervals, and how often each won."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.clusters import bca_tails, caution, clustered_proportion, expanded_tail
from analysis.preference_draws import (
    CLUSTERS,
    Cluster,
    left_out,
    n_clusters,
    resampled,
    simultaneous_quantile,
    student_stretch,
)
from analysis.preference_fit import RIDGE, Design, solve
from analysis.preference_votes import BothBad, Votes, pairs, separated_parts
from analysis.results import Estimate
from analysis.vectors import FloatArray

_NO_WIDTH = 1e-9
"""An interval narrower than this is none: every resample was the same."""


@dataclass(frozen=True)
class WinRate:
    """How two systems fared against each other."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    rate: Estimate
    """Share of the first's wins, a tie as one half."""
    expected: float
    """The same by the fitted strengths."""


@dataclass(frozen=True, eq=False)
class PreferenceFit:
    """Davidson's model fitted to votes; tuples go with `systems`."""

    systems: tuple[str, ...]
    strengths: tuple[Estimate, ...]
    """Log odds of a win over a loss against a system of mean strength; they sum to zero."""
    ranks: tuple[Estimate, ...]
    """1 is best; the intervals hold for all systems at once."""
    tie: Estimate
    """Davidson's nu: 0 without ties; two equal systems tie with probability nu / (2 + nu)."""
    win_rates: tuple[WinRate, ...]
    """Of every pair that met, the system of lower index first."""
    both_bad: tuple[Estimate, ...]
    """Share of a system's votes that were "both bad"."""
    n_votes: int
    n_raters: int
    n_items: int
    both_bad_as: BothBad
    notes: tuple[str, ...]
    draws: FloatArray = field(repr=False)
    """Strengths of the resamples, (n_resamples, n_systems)."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, without the draws."""
        named = {
            name: {s: e.as_json() for s, e in zip(self.systems, getattr(self, name), strict=True)}
            for name in ("strengths", "ranks", "both_bad")
        }
        rates = [vars(rate) | {"rate": rate.rate.as_json()} for rate in self.win_rates]
        counts = {name: getattr(self, name) for name in ("n_votes", "n_raters", "n_items")}
        rest = {"both_bad_as": self.both_bad_as, "notes": list(self.notes)}
        return named | {"tie": self.tie.as_json(), "win_rates": rates} | counts | rest


def fit_preferences(
    votes: Votes,
    rng: np.random.Generator,
    *,
    both_bad: BothBad = "tie",
    cluster: Cluster = "rater",
    n_resamples: int = 10_000,
    level: float = 0.95,
) -> PreferenceFit:
    """Fit strengths with cluster-bootstrap (BCa) intervals, expanded for few clusters.

    Args:
        votes: refusals are left out.
        rng: draws the resamples.
        both_bad: "tie" for the primary fit, "dropped" for the sensitivity fit.
        cluster: what is drawn with replacement.

    Raises:
        CannotCompute: see `Votes.check_comparable`.
        ValueError: the cluster is unknown.
    """
    if cluster not in CLUSTERS:
        raise ValueError(f"cluster: expected one of {', '.join(CLUSTERS)}, got {cluster!r}")
    used = votes.given(both_bad)
    used.check_comparable()
    counts = used.counts(np.zeros(len(used), dtype=np.int64), 1)
    design = Design.of_systems(len(used.systems), with_ties=bool(counts[:, :, 2].any()))
    fitted = solve(counts, design)[0]
    draws = resampled(used, design, fitted, rng, n_resamples, cluster)
    # Draws by rater and item are normal around the fit: there is nothing to correct.
    without = left_out(used, design, fitted) if cluster == "rater" else fitted[None]
    method = f"Davidson's Bradley-Terry with ties, ridge {RIDGE}, BCa bootstrap by {cluster}"
    names = "raters" if cluster == "rater" else "raters or items"
    notes = _notes(counts[0], used.systems)
    summary = _Summary(level, n_clusters(used, cluster), method, names, "; ".join(notes))
    of_system = _votes_of_systems(counts[0], len(used.systems))
    return PreferenceFit(
        systems=used.systems,
        strengths=_strengths(fitted, draws, without, of_system, summary),
        ranks=_ranks(fitted[:-1], draws[:, :-1], of_system, summary),
        tie=_tie(fitted[-1], draws[:, -1], without[:, -1], len(used), summary),
        win_rates=_win_rates(used, counts[0], fitted, design, level, cluster),
        both_bad=_both_bad_rates(votes.given(), level),
        n_votes=len(used),
        n_raters=len(np.unique(used.rater)),
        n_items=len(np.unique(used.item)),
        both_bad_as=both_bad,
        notes=notes,
        draws=draws[:, :-1],
    )


@dataclass(frozen=True)
class _Summary:
    """Estimates from draws, all alike."""

    level: float
    n_clusters: int
    method: str
    names: str
    caveat: str

    def estimate(self, value: float, draws: FloatArray, without: FloatArray, n: int) -> Estimate:
        """BCa interval of the draws; `without` leaves out each cluster in turn."""
        low, high, note = np.nan, np.nan, f"no interval: one of {self.names} only"
        if self.n_clusters > 1:
            tail = expanded_tail(self.level, self.n_clusters)
            low, high = np.quantile(draws, bca_tails(draws, value, without, tail))
            note = "; ".join(filter(None, (self.caveat, caution(self.n_clusters, self.names))))
            if high - low < _NO_WIDTH:
                low, high, note = np.nan, np.nan, f"no interval: {self.caveat or 'no variation'}"
        return Estimate(float(value), float(low), float(high), n, self.level, self.method, note)


def _votes_of_systems(counts: FloatArray, n_systems: int) -> list[int]:
    couples = pairs(n_systems)
    return [int(counts[(couples == system).any(axis=1)].sum()) for system in range(n_systems)]


def _strengths(
    fitted: FloatArray, draws: FloatArray, without: FloatArray, n: list[int], summary: _Summary
) -> tuple[Estimate, ...]:
    columns = fitted[:-1], draws.T[:-1], without.T[:-1], n
    return tuple(summary.estimate(*column) for column in zip(*columns, strict=True))


def _tie(
    log_tie: float, draws: FloatArray, without: FloatArray, n: int, summary: _Summary
) -> Estimate:
    if np.isneginf(log_tie):
        return Estimate(0.0, np.nan, np.nan, n, summary.level, summary.method, "no ties")
    return summary.estimate(np.exp(log_tie), np.exp(draws), np.exp(without), n)


def _ranks(
    strengths: FloatArray, draws: FloatArray, n: list[int], summary: _Summary
) -> tuple[Estimate, ...]:
    """Ranks from 1 + systems surely better to all less those surely worse (Klein et al. 2020)."""
    couples = pairs(len(strengths))
    differences = draws[:, couples[:, 0]] - draws[:, couples[:, 1]]
    centre = strengths[couples[:, 0]] - strengths[couples[:, 1]]
    sure = np.zeros(len(centre), dtype=bool)
    if summary.n_clusters > 1:
        bound = simultaneous_quantile(differences, centre, summary.level)
        bound *= student_stretch(summary.level, summary.n_clusters)
        sure = np.abs(centre) > bound * differences.std(axis=0)
    winner = np.where(centre > 0, couples[:, 0], couples[:, 1])[sure]
    loser = np.where(centre > 0, couples[:, 1], couples[:, 0])[sure]
    size = len(strengths)
    better, worse = np.bincount(loser, minlength=size), np.bincount(winner, minlength=size)
    place = 1.0 + (strengths[None, :] > strengths[:, None]).sum(axis=1)
    method = f"{summary.method}; simultaneous over all pairs"
    note = caution(summary.n_clusters, summary.names)
    rows = zip(place, 1.0 + better, size - worse.astype(np.float64), n, strict=True)
    return tuple(
        Estimate(float(p), float(low), float(high), count, summary.level, method, note)
        for p, low, high, count in rows
    )


def _win_rates(
    votes: Votes,
    counts: FloatArray,
    fitted: FloatArray,
    design: Design,
    level: float,
    cluster: Cluster,
) -> tuple[WinRate, ...]:
    names = "raters" if cluster == "rater" else "raters or items"
    half = design.columns @ fitted[:-1] / 2
    lead = np.sinh(half) / (2 * np.cosh(half) + np.exp(fitted[-1]))
    points = np.array([1.0, 0.0, 0.5])[votes.verdict]
    rates = []
    for index, (low, high) in enumerate(pairs(len(votes.systems))):
        rows = votes.pair == index
        if rows.any():
            item = votes.item[rows] if cluster == "rater and item" else None
            rate = clustered_proportion(points[rows], votes.rater[rows], level, names, item)
            wins, losses, ties = (int(count) for count in counts[index])
            one, other = votes.systems[low], votes.systems[high]
            expected = float(0.5 + lead[index])
            rates.append(WinRate(one, other, wins, losses, ties, rate, expected))
    return tuple(rates)


def _both_bad_rates(votes: Votes, level: float) -> tuple[Estimate, ...]:
    bad = votes.outcome == 3
    shown = [(votes.first == s) | (votes.second == s) for s in range(len(votes.systems))]
    return tuple(clustered_proportion(bad[rows], votes.rater[rows], level) for rows in shown)


def _notes(counts: FloatArray, systems: tuple[str, ...]) -> tuple[str, ...]:
    """Systems whose strength the votes leave open upward or downward (Ford 1957)."""
    parts = separated_parts(counts, len(systems))
    if not parts:
        return ()
    told = " | ".join(", ".join(systems[number] for number in part) for part in parts)
    return (f"some won or lost every vote against the rest, the ridge bounds them: {told}",)
