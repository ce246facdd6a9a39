"""Statistics of the report against well-known libraries, on the same data in the same run."""

import tracemalloc
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import choix
import krippendorff
import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression

from analysis.components import CrossedDesign, icc_incomplete
from analysis.correlation import correlation
from analysis.krippendorff import krippendorff_alpha
from analysis.preference import PreferenceFit, fit_preferences
from analysis.preference_fit import Design, solve
from analysis.preference_votes import SECOND, TIE, Votes, pairs
from benchmarks.table import Row

N_VOTES = 20_000
N_RATERS = 667
STRENGTHS = np.linspace(1.0, -1.0, 6)
TIE_NU = 0.5
N_RESAMPLES = 10_000
AIM_PREFERENCE_S = 1.0
AIM_STRENGTHS = 1e-3
AIM_ALPHA_S = 0.1
AIM_SPEARMAN_S = 0.2

Floats = np.ndarray[Any, np.dtype[np.float64]]


def run(quick: bool) -> list[Row]:
    """Preference, Krippendorff's alpha, ICC of gaps, Spearman with BCa."""
    return [*_preference(quick), *_alpha(quick), *_icc(quick), *_spearman(quick)]


def votes(n_votes: int = N_VOTES, n_raters: int = N_RATERS, seed: int = 0) -> Votes:
    """Votes drawn from Davidson's model with `STRENGTHS` and `TIE_NU`."""
    rng = np.random.default_rng(seed)
    n = len(STRENGTHS)
    first = rng.integers(n, size=n_votes)
    second = (first + rng.integers(1, n, size=n_votes)) % n
    half = (STRENGTHS[first] - STRENGTHS[second]) / 2
    chances = np.stack([np.exp(half), np.exp(-half), np.full(n_votes, TIE_NU)], axis=1)
    limits = (chances / chances.sum(axis=1, keepdims=True)).cumsum(axis=1)
    outcome = np.minimum((rng.random(n_votes)[:, None] > limits).sum(axis=1), TIE)
    names = tuple("abcdef"[:n])
    rater, item = rng.integers(n_raters, size=n_votes), rng.integers(60, size=n_votes)
    return Votes(names, first, second, outcome, rater, item)


def _preference(quick: bool) -> list[Row]:
    given = votes()
    fit_preferences(given, np.random.default_rng(0), n_resamples=100)  # the first call warms caches
    fit, seconds = _timed(
        lambda: fit_preferences(given, np.random.default_rng(0), n_resamples=N_RESAMPLES)
    )
    both, both_s = _timed(
        lambda: fit_preferences(
            given, np.random.default_rng(0), n_resamples=N_RESAMPLES, cluster="rater and item"
        )
    )
    assert len(both.draws) == N_RESAMPLES
    n_refits = 30 if quick else 300
    rows = []
    decided = given.select(given.outcome <= SECOND)
    by_rater = decided.counts(decided.rater, N_RATERS)
    total = by_rater.sum(axis=0)
    plain = solve(total[None], Design.of_systems(len(STRENGTHS), with_ties=False))[0, :-1]
    for name, refit in (
        ("choix, ILSR on counted pairs", _by_choix),
        ("scikit-learn, counted pairs", _by_sklearn),
    ):
        theirs = refit(total)
        _, refits_s = _timed(lambda refit=refit: _refit(by_rater, n_refits, refit))
        scaled_s = refits_s * N_RESAMPLES / n_refits
        apart = float(np.abs(plain - theirs).max())
        rows += [
            Row(
                f"Bradley-Terry with ties, 20,000 votes, {N_RESAMPLES:,} resamples of raters",
                seconds,
                "s",
                f"{name}, without ties, {n_refits} refits timed and scaled",
                scaled_s,
                f"under {AIM_PREFERENCE_S:g} s",
                seconds < AIM_PREFERENCE_S,
            ),
            Row(
                "strengths of the decided votes, largest disagreement",
                apart,
                "",
                name,
                aim=f"{AIM_STRENGTHS:g} or less",
                met=apart <= AIM_STRENGTHS,
            ),
        ]
    error = max(abs(e.estimate - t) for e, t in zip(fit.strengths, STRENGTHS, strict=True))
    rows.append(Row("the same by raters and items", both_s, "s", "by raters", seconds))
    rows.append(Row("strengths, largest error", error, "", "the truth they were drawn from"))
    return [*rows, *_million(quick)]


def _million(quick: bool) -> list[Row]:
    n = 100_000 if quick else 1_000_000
    many = votes(n, n // 30)
    tracemalloc.start()
    fit, seconds = _timed(lambda: fit_preferences(many, np.random.default_rng(0), n_resamples=1000))
    assert isinstance(fit, PreferenceFit)
    peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return [
        Row(f"the same, {n:,} votes, 1,000 resamples", seconds, "s"),
        Row("the same, memory", peak_mib, "MiB", aim="under 1,000 MiB", met=peak_mib < 1000),
    ]


def _by_choix(counts: Floats) -> Floats:
    """From counts (n_pairs, 3) by choix, which takes them as a matrix of wins."""
    wins = np.zeros((len(STRENGTHS),) * 2)
    couples = pairs(len(STRENGTHS))
    wins[couples[:, 0], couples[:, 1]] = counts[:, 0]
    wins[couples[:, 1], couples[:, 0]] = counts[:, 1]
    found = choix.ilsr_pairwise_dense(wins)
    return np.asarray(found - found.mean(), dtype=np.float64)


def _by_sklearn(counts: Floats) -> Floats:
    """From counts (n_pairs, 3) by a weighted logistic regression."""
    couples, n = pairs(len(STRENGTHS)), len(STRENGTHS)
    columns = np.eye(n)[couples[:, 0]] - np.eye(n)[couples[:, 1]]
    model = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-6)
    outcome = np.repeat([1, 0], len(couples))
    weights = np.concatenate([counts[:, 0], counts[:, 1]])
    model.fit(np.tile(columns, (2, 1)), outcome, sample_weight=weights)
    found = model.coef_[0]
    return np.asarray(found - found.mean(), dtype=np.float64)


def _refit(by_rater: Floats, n_refits: int, refit: Callable[[Floats], Floats]) -> None:
    rng = np.random.default_rng(1)
    for _ in range(n_refits):
        drawn = np.bincount(rng.integers(N_RATERS, size=N_RATERS), minlength=N_RATERS)
        refit(np.tensordot(drawn.astype(np.float64), by_rater, axes=1))


def incomplete_table() -> Floats:
    """60 raters by 200 items on a scale from 0 to 100 with 30 % missing."""
    rng = np.random.default_rng(2)
    table = 50 + rng.normal(0, 15, (1, 200)) + rng.normal(0, 5, (60, 1))
    table = np.clip(np.round(table + rng.normal(0, 15, (60, 200))), 0, 100)
    table[rng.random(table.shape) < 0.3] = np.nan
    return table


def _alpha(quick: bool) -> list[Row]:
    table = incomplete_table()
    rng = np.random.default_rng(3)
    n_refits = 3 if quick else 20
    rows = []
    for scale in ("nominal", "ordinal", "interval"):
        ours, seconds = _best(lambda s=scale: krippendorff_alpha(table, s, rng, 1000))
        theirs, other_s = _timed(
            lambda s=scale: [
                krippendorff.alpha(table[:, rng.integers(200, size=200)], level_of_measurement=s)
                for _ in range(n_refits)
            ]
        )
        apart = abs(ours.estimate - krippendorff.alpha(table, level_of_measurement=scale))
        assert len(theirs) == n_refits
        assert apart < 1e-9, f"{scale}: {apart}"
        rows.append(
            Row(
                f"Krippendorff's alpha, {scale}, 60 x 200, 30 % missing, 1,000 resamples",
                seconds,
                "s",
                f"krippendorff, {n_refits} resamples timed and scaled",
                other_s * 1000 / n_refits,
                f"under {AIM_ALPHA_S:g} s",
                seconds < AIM_ALPHA_S,
            )
        )
    return rows


def _icc(quick: bool) -> list[Row]:
    table = incomplete_table()
    rater, item = np.nonzero(np.isfinite(table))
    design = CrossedDesign(item, rater)
    n_resamples = 100 if quick else 500
    (single, _), seconds = _timed(
        lambda: icc_incomplete(design, table[rater, item], np.random.default_rng(4), n_resamples)
    )
    truth = 225 / (225 + 25 + 225)
    return [
        Row(f"ICC(A,1) of the same table, {n_resamples} resamples", seconds, "s"),
        Row(
            "ICC(A,1), half-width of its interval",
            (single.high - single.low) / 2,
            "",
            f"estimate {single.estimate:.3f}, truth {truth:.3f}",
        ),
    ]


def _spearman(quick: bool) -> list[Row]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=200)
    y = 0.6 * x + rng.normal(size=200)
    ours, seconds = _best(lambda: correlation(x, y, np.random.default_rng(0)))
    resamples = 1000 if quick else N_RESAMPLES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, other_s = _timed(
            lambda: stats.bootstrap(
                (x, y),
                lambda a, b: stats.spearmanr(a, b).statistic,
                paired=True,
                vectorized=False,
                n_resamples=resamples,
                method="BCa",
                rng=np.random.default_rng(1),
            )
        )
    interval = theirs.confidence_interval
    apart = max(abs(ours.low - interval.low), abs(ours.high - interval.high))
    # Four standard errors of the difference of two 2.5 % quantiles.
    error = 4 * float(np.std(theirs.bootstrap_distribution)) * 2.67
    error *= float(np.sqrt(1 / N_RESAMPLES + 1 / resamples))
    return [
        Row(
            f"Spearman, n = 200, BCa interval of {N_RESAMPLES:,} resamples",
            seconds,
            "s",
            "scipy.stats.bootstrap with spearmanr" + (", scaled" if quick else ""),
            other_s * N_RESAMPLES / resamples,
            f"under {AIM_SPEARMAN_S:g} s",
            seconds < AIM_SPEARMAN_S,
        ),
        Row(
            "its ends, largest disagreement",
            apart,
            "",
            "scipy",
            aim=f"Monte Carlo error, {error:.4f}",
            met=apart <= error,
        ),
    ]


def _best(work: Callable[[], Any], rounds: int = 3) -> tuple[Any, float]:
    """Result and the least time of a few rounds: other work on the machine only adds."""
    timed = [_timed(work) for _ in range(rounds)]
    return timed[-1][0], min(seconds for _, seconds in timed)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    result = work()
    return result, perf_counter() - start
