"""Ratings of real mixes by listeners, and the faders behind them: reliability, ranking, tests, and
whether a balance near the engineers' consensus is rated higher.

Listeners of one group heard all mixes of a song; groups of different songs, or of different mixes
of one song, are analysed apart, since nobody compared mixes across them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from analysis.agreement import centred_mae_db
from analysis.annotations import IntArray
from analysis.clusters import caution, expanded_tail, resampling_weights
from analysis.corrections import holm
from analysis.correlation import Association, within_group_correlation
from analysis.icc import icc_average, icc_single
from analysis.krippendorff import krippendorff_alpha
from analysis.rank_tests import Outcome, clustered_signed_rank, rank_test
from analysis.results import CannotCompute, Estimate
from analysis.sessions import (
    SessionFigures,
    leave_one_out_consensus,
    read_sessions,
    session_figures,
    to_annotation_file,
    to_annotations,
)
from analysis.vectors import FloatArray

N_RESAMPLES = 5000


@dataclass(frozen=True, eq=False)
class Group:
    """One group of listeners on the mixes of one song.

    `table` has shape (n_raters, n_mixes), NaN in gaps.
    """

    name: str
    song: str
    mixes: tuple[str, ...]
    table: FloatArray


@dataclass(frozen=True)
class RankedMix:
    mix: str
    mean: Estimate
    rank: Estimate
    """1 is best; the interval is that of this mix alone."""


@dataclass(frozen=True)
class PairTest:
    first: str
    second: str
    difference: Estimate
    p: float
    p_holm: float
    """Within the group's pairs."""


@dataclass(frozen=True)
class GroupFigures:
    """What one group says of its mixes."""

    name: str
    song: str
    n_raters: int
    icc_single: Estimate
    icc_average: Estimate
    alpha: Estimate
    ranking: tuple[RankedMix, ...]
    """Best first."""
    test: Outcome
    p_holm: float
    """Of the test, over all groups."""
    pairs: tuple[PairTest, ...]


@dataclass(frozen=True, eq=False)
class MixPoint:
    """One mix in one group: how far its balance is from the others' consensus, and its rating."""

    song: str
    group: str
    mix: str
    distance_db: float
    mean: float
    n: int


@dataclass(frozen=True)
class SessionRatings:
    """Everything that the file says."""

    n_mixes: int
    n_songs: int
    n_ratings: int
    groups: tuple[GroupFigures, ...]
    balances: SessionFigures
    distance: Association
    points: tuple[MixPoint, ...]


def read_groups(path: Path) -> list[Group]:
    """Groups of a file {"mixes": [{"mix", "song", "evaluations": [{"rater", "rating"}]}]}.

    Raises:
        ValueError: the file is no such JSON; the message names the mix and the field.
        OSError: the file cannot be read.
    """
    try:
        mixes = json.loads(path.read_text(encoding="utf-8"))["mixes"]
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f'{path}: no JSON object with "mixes" ({error})') from error
    found: dict[str, dict[str, dict[str, float]]] = {}
    songs: dict[str, str] = {}
    for number, mix in enumerate(mixes):
        where = f"{path}: mix {number}"
        try:
            where = f"{path}: mix {mix['mix']} of {mix['song']}"
            for one in mix["evaluations"]:
                group = str(one["rater"]).rpartition("/")[0] or str(mix["song"])
                songs[group] = str(mix["song"])
                column = found.setdefault(group, {}).setdefault(str(mix["mix"]), {})
                if one["rater"] in column:
                    raise ValueError(f"rater {one['rater']!r} rated it twice")
                column[str(one["rater"])] = _rating(one["rating"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{where}: {type(error).__name__} {error}") from error
    if not found:
        raise ValueError(f"{path}: no evaluations")
    return [_group(name, songs[name], columns) for name, columns in found.items()]


def _rating(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"rating = {value!r} is no number")
    return float(value)


def _group(name: str, song: str, columns: dict[str, dict[str, float]]) -> Group:
    raters = list(dict.fromkeys(rater for column in columns.values() for rater in column))
    table = np.array(
        [[column.get(rater, np.nan) for column in columns.values()] for rater in raters]
    )
    return Group(name, song, tuple(columns), table)


def session_ratings(path: Path, seed: int = 0) -> SessionRatings:
    """All figures of a file of sessions with ratings.

    Raises:
        ValueError, OSError: as `read_groups` and `read_sessions`.
    """
    groups = read_groups(path)
    sessions = read_sessions(path)
    figures = [group_figures(group, np.random.default_rng([seed, n]))
               for n, group in enumerate(groups)]  # fmt: skip
    adjusted = holm([figure.test.p for figure in figures])
    annotations, excerpts, _ = to_annotations(to_annotation_file(sessions, path.name))
    consensus = leave_one_out_consensus(annotations)
    distance_db = centred_mae_db(annotations.balance_db, consensus)
    songs = [excerpts[number].rpartition(" / ")[0] for number in annotations.excerpt]
    distances = {
        (song, session.engineer): float(value)
        for song, session, value in zip(songs, sessions, distance_db, strict=True)
    }
    points = [point for group in groups for point in _points(group, distances)]
    return SessionRatings(
        n_mixes=len(sessions),
        n_songs=len(set(songs)),
        n_ratings=int(sum(np.isfinite(group.table).sum() for group in groups)),
        groups=tuple(
            GroupFigures(**{**vars(figure), "p_holm": float(p)})
            for figure, p in zip(figures, adjusted, strict=True)
        ),
        balances=session_figures(annotations, seed),
        distance=_association(points, seed),
        points=tuple(points),
    )


def _points(group: Group, distances: dict[tuple[str, str], float]) -> list[MixPoint]:
    points = []
    for place, mix in enumerate(group.mixes):
        column = group.table[:, place]
        known = column[np.isfinite(column)]
        distance_db = distances.get((group.song, mix), float("nan"))
        if len(known) and np.isfinite(distance_db):
            points.append(
                MixPoint(group.song, group.name, mix, distance_db, float(known.mean()), len(known))
            )
    return points


def _association(points: list[MixPoint], seed: int) -> Association:
    """Ranks within each group, since groups differ in how high they rate."""
    names = [point.group for point in points]
    return within_group_correlation(
        [point.distance_db for point in points],
        [point.mean for point in points],
        np.unique(names, return_inverse=True)[1] if names else [],
        np.random.default_rng(seed),
        groups_are="groups of listeners",
    )


def group_figures(group: Group, rng: np.random.Generator) -> GroupFigures:
    """Reliability, ranking and tests of one group; its p is not corrected yet."""
    complete = group.table[np.isfinite(group.table).all(axis=1)]
    try:
        single, average = icc_single(complete.T), icc_average(complete.T)
    except ValueError as error:
        single = average = Estimate.missing(len(complete), "ICC(2,1)", str(error))
    try:
        test = rank_test(group.table)
    except CannotCompute as reason:
        test = Outcome("rank test", np.nan, np.nan, np.nan, len(group.table), "", str(reason))
    return GroupFigures(
        name=group.name,
        song=group.song,
        n_raters=len(group.table),
        icc_single=single,
        icc_average=average,
        alpha=krippendorff_alpha(group.table, "interval", rng),
        ranking=ranking(group, rng),
        test=test,
        p_holm=float("nan"),
        pairs=pair_tests(group),
    )


def ranking(group: Group, rng: np.random.Generator, level: float = 0.95) -> tuple[RankedMix, ...]:
    """Means with t intervals and ranks with percentiles over resampled listeners, best first."""
    known = np.isfinite(group.table)
    filled, n_raters = np.where(known, group.table, 0.0), len(group.table)
    means = filled.sum(axis=0) / known.sum(axis=0)
    draws = [w @ filled / np.maximum(w @ known, 1e-9)
             for w in resampling_weights(n_raters, rng, N_RESAMPLES)]  # fmt: skip
    ranks = stats.rankdata(-np.concatenate(draws), axis=1)
    tail = expanded_tail(level, n_raters) if n_raters > 1 else (1 - level) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0)
    rank, note = stats.rankdata(-means), caution(n_raters, "listeners")
    found = []
    for place in np.argsort(rank, kind="stable"):
        values = group.table[known[:, place], place]
        n, method = len(values), "rank of the mean, percentile bootstrap by listener"
        ranked = Estimate(float(rank[place]), float(low[place]), float(high[place]), n, level,
                          method, note)  # fmt: skip
        found.append(RankedMix(group.mixes[place], _mean(values, "mean rating", level), ranked))
    return tuple(found)


def pair_tests(group: Group) -> tuple[PairTest, ...]:
    """Signed rank tests of all pairs of mixes that one listener heard, Holm within the group."""
    found: list[tuple[str, str, Estimate, float]] = []
    for one in range(len(group.mixes)):
        for other in range(one + 1, len(group.mixes)):
            difference = group.table[:, one] - group.table[:, other]
            listener: IntArray = np.flatnonzero(np.isfinite(difference))
            try:
                p = clustered_signed_rank(difference[listener], listener).p
            except CannotCompute:
                p = float("nan")
            mean = _mean(difference[listener], "mean difference", 0.95)
            found.append((group.mixes[one], group.mixes[other], mean, p))
    adjusted = holm([p for *_, p in found])
    return tuple(
        PairTest(first, second, mean, p, float(corrected))
        for (first, second, mean, p), corrected in zip(found, adjusted, strict=True)
    )


def _mean(values: FloatArray, name: str, level: float) -> Estimate:
    n, method = len(values), f"{name}, t interval over listeners"
    mean = float(values.mean()) if n else float("nan")
    if n < 2:
        return Estimate(mean, np.nan, np.nan, n, level, method, "no interval: one listener")
    half = float(values.std(ddof=1) / np.sqrt(n) * stats.t.ppf((1 + level) / 2, n - 1))
    return Estimate(mean, mean - half, mean + half, n, level, method, caution(n, "listeners"))
