"""How far side and length of the advice sway votes, and strengths freed of both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.clusters import caution, numbered
from analysis.preference_fit import RIDGE, Design, derivatives, information, solve
from analysis.preference_votes import BothBad, Votes
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

WORDS = 10.0
"""The length effect is given per this many words."""


@dataclass(frozen=True)
class CovariateFit:
    """Davidson's model with covariates; all in log odds of a win over a loss."""

    systems: tuple[str, ...]
    strengths: tuple[Estimate, ...]
    """At equal length and without a side; they sum to zero."""
    side: Estimate
    """What standing on side A adds."""
    length: Estimate
    """What ten words more add."""

    def as_json(self) -> dict[str, Any]:
        strengths = {s: e.as_json() for s, e in zip(self.systems, self.strengths, strict=True)}
        return {
            "strengths": strengths,
            "side": self.side.as_json(),
            "length": self.length.as_json(),
        }


def fit_with_covariates(
    votes: Votes, *, both_bad: BothBad = "tie", level: float = 0.95
) -> CovariateFit:
    """Fit strengths, side and length together, with t intervals robust to clustering by rater.

    A covariate that the votes cannot tell from the strengths is left out and says why. Votes
    without known lengths are left out where others have them.

    Raises:
        CannotCompute: fewer than two raters, or see `Votes.check_comparable`.
    """
    used = votes.given(both_bad)
    if np.isfinite(used.words).any():
        used = used.select(np.isfinite(used.words))
    used.check_comparable()
    group, n_raters = numbered(used.rater)
    if n_raters < 2:
        raise CannotCompute("covariates need votes of two raters, there is one")
    covariates, missing = _covariates(used)
    strengths = Design.of_systems(len(used.systems), with_ties=True).columns[used.pair]
    columns = np.column_stack([strengths, *covariates.values()])
    values, error = _clustered_fit(used, columns, group, n_raters)
    half = float(stats.t.ppf((1 + level) / 2, n_raters - 1)) * error
    method = (
        f"Davidson's Bradley-Terry with {' and '.join(covariates) or 'no covariate'}, "
        f"ridge {RIDGE}, cluster-robust by rater (CR1)"
    )
    found = [
        Estimate(float(v), float(v - h), float(v + h), len(used), level, method, caution(n_raters))
        for v, h in zip(values, half, strict=True)
    ]
    named = dict(zip(covariates, found[len(used.systems) :], strict=True))
    named |= {n: Estimate.missing(len(used), method, why, level) for n, why in missing.items()}
    return CovariateFit(
        used.systems, tuple(found[: len(used.systems)]), named["side"], named["length"]
    )


def _covariates(votes: Votes) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Columns (n,) as seen from the system of lower index, and why others are not there."""
    toward_first = np.where(votes.first < votes.second, 1.0, -1.0)
    columns = {"side": toward_first, "length": toward_first * votes.words / WORDS}
    reasons = {
        "side": "each pair of systems stood in one order only",
        "length": "each pair of systems has one difference of length only",
    }
    if np.isnan(votes.words).any():
        del columns["length"]
        reasons["length"] = "the lengths of the advices are not known"
    kept: dict[str, FloatArray] = {}
    base = Design.of_systems(len(votes.systems), with_ties=True).columns[votes.pair]
    for name, column in columns.items():
        wider = np.column_stack([base, column])
        if np.linalg.matrix_rank(wider) > np.linalg.matrix_rank(base):
            kept[name], base = column, wider
    return kept, {name: why for name, why in reasons.items() if name not in kept}


def _clustered_fit(
    votes: Votes, columns: FloatArray, group: np.ndarray, n_groups: int
) -> tuple[FloatArray, FloatArray]:
    """Parameters and their standard errors, each without log nu."""
    verdict = votes.verdict
    rows, row = np.unique(columns, axis=0, return_inverse=True)
    counts = np.bincount(row * 3 + verdict, minlength=3 * len(rows)).reshape(1, -1, 3)
    with_ties = bool((verdict == 2).any())
    design = Design(rows, np.zeros(len(rows)), with_ties)
    fitted = solve(counts.astype(np.float64), design)
    parameters, log_tie = fitted[:, :-1], fitted[:, -1:]
    used = columns.shape[1] + (1 if with_ties else 0)
    total = derivatives(counts.astype(np.float64), parameters @ rows.T, log_tie)
    curve = information(total, rows)[0, :used, :used] + RIDGE * np.eye(used)
    single = np.eye(3)[verdict][None]
    at = derivatives(single, parameters @ columns.T, log_tie)
    scores = np.column_stack([at.by_difference[0][:, None] * columns, at.by_tie[0]])[:, :used]
    summed = np.stack(
        [np.bincount(group, column, minlength=n_groups) for column in scores.T], axis=1
    )
    bread = np.linalg.inv(curve)
    covariance = bread @ (summed.T @ summed) @ bread * n_groups / (n_groups - 1)
    size = columns.shape[1]
    return parameters[0], np.sqrt(np.diag(covariance)[:size])
