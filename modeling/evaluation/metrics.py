"""Every metric of a results table, as one value per case or as a figure of all cases.

A case that does not define a metric is NaN and counts for nothing. Joint stem+direction is defined
where one stem was altered (the first move spoken must name it and its direction; any equivalent
answer counts), and where none was (silence is right). For more altered stems there are set
precision and recall.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.gauge import fewest_moves, moved_stems
from analysis.results import Estimate
from analysis.vectors import STEMS, Move, centre
from modeling.evaluation.bootstrap import SongBootstrap, weighted_auroc
from modeling.evaluation.cases import Answers, Cases

Floats = NDArray[np.float64]
WITHIN_DB = (1.0, 2.0, 3.0)


def per_case(
    answers: Answers, cases: Cases, reference_half_width_db: float = 0.0
) -> dict[str, Floats]:
    """Metric name to values (n,), NaN where a case does not define it."""
    left_db = np.abs(centre(answers.correction_db + cases.errors_db))
    advised = np.stack(
        [
            decision.as_move(mask) if speaks else np.where(mask, 0.0, np.nan)
            for decision, mask, speaks in zip(
                answers.loud, cases.active, answers.speaks, strict=True
            )
        ]
    )
    after_db = np.abs(centre(advised + cases.errors_db))
    values = {
        "centred_mae_db": _mean(left_db),
        "fewest_moves_mae_db": _fewest_moves_error(answers, cases),
        "applied_residual_db": _mean(after_db),
        "coverage_80": _coverage(answers, cases),
    }
    for limit_db in WITHIN_DB:
        inside = np.where(np.isfinite(left_db), left_db < limit_db, np.nan)
        values[f"within_{limit_db:g}_db"] = _mean(inside)
    values.update(_spoken(answers, cases, reference_half_width_db))
    return values


def summary(
    answers: Answers, cases: Cases, seed: int, reference_half_width_db: float = 0.0
) -> dict[str, Estimate]:
    """Every metric with its song-level interval."""
    bootstrap = SongBootstrap(cases.songs, seed)
    values = per_case(answers, cases, reference_half_width_db)
    figures = {name: bootstrap.mean(column) for name, column in values.items()}
    wrong = cases.n_moved > 0
    figures["auroc"] = bootstrap.figure(
        lambda weights: weighted_auroc(answers.scores, wrong, weights), len(cases)
    )
    return figures


def by_stem_and_sign(
    answers: Answers, cases: Cases, seed: int
) -> dict[str, Mapping[str, Estimate]]:
    """Centred MAE and joint of single errors: {"vocals too loud": {...}, ...}."""
    values = per_case(answers, cases)
    bootstrap = SongBootstrap(cases.songs, seed)
    table: dict[str, Mapping[str, Estimate]] = {}
    errors_db = np.nan_to_num(cases.errors_db)
    for k, stem in enumerate(STEMS):
        for sign, word in ((1.0, "too loud"), (-1.0, "too quiet")):
            rows = (cases.n_moved == 1) & (np.sign(errors_db[:, k]) == sign)
            table[f"{stem} {word}"] = {
                name: bootstrap.mean(np.where(rows, values[name], np.nan))
                for name in ("centred_mae_db", "joint")
            }
    return table


def confusion(answers: Answers, cases: Cases) -> dict[str, dict[str, int]]:
    """What was altered against what was named first, single errors and none."""
    counts: dict[str, dict[str, int]] = {}
    for row in np.flatnonzero(cases.n_moved <= 1):
        truth = _named(cases.errors_db[row], -1.0)
        move = answers.loud[row].moves[0] if answers.speaks[row] else None
        said = f"{move.stem} {'up' if move.direction > 0 else 'down'}" if move else "none"
        counts.setdefault(truth, {}).setdefault(said, 0)
        counts[truth][said] += 1
    return counts


def specificity_curve(
    answers: Answers, cases: Cases, n_points: int = 101
) -> list[dict[str, float]]:
    """Specificity and joint accuracy of altered mixes at every threshold, from mute to always."""
    right = _first_move_right(answers, cases)
    single, none = cases.n_moved == 1, cases.n_moved == 0
    edges = np.unique(np.quantile(answers.scores, np.linspace(0.0, 1.0, n_points)))
    points = []
    for threshold in [*edges, np.inf]:
        speaks = answers.scores >= threshold
        points.append(
            {
                "threshold": float(min(threshold, 1e9)),
                "specificity": float(np.mean(~speaks[none])) if none.any() else 0.0,
                "joint_altered": float(np.mean((speaks & right)[single])) if single.any() else 0.0,
            }
        )
    return points


def _spoken(answers: Answers, cases: Cases, half_width_db: float) -> dict[str, Floats]:
    nothing = np.full(len(cases), np.nan)
    single, none = cases.n_moved == 1, cases.n_moved == 0
    size_db = np.nanmax(np.abs(np.nan_to_num(cases.errors_db)), axis=1)
    single = single & (size_db > half_width_db)
    right = answers.speaks & _first_move_right(answers, cases)
    altered = np.where(single, right, nothing)
    silent = np.where(none, ~answers.speaks, nothing)
    precision, recall = _sets(answers, cases)
    return {
        "joint": np.where(single, altered, silent),
        "joint_altered": altered,
        "specificity": silent,
        "too_small_to_count": np.where(
            cases.n_moved == 1, (size_db <= half_width_db).astype(float), nothing
        ),
        "set_precision": precision,
        "set_recall": recall,
    }


def _first_move_right(answers: Answers, cases: Cases) -> NDArray[np.bool_]:
    """Whether the first move names the altered stem and mends it; False unless one was altered."""
    right = np.zeros(len(cases), dtype=bool)
    for row in np.flatnonzero(cases.n_moved == 1):
        moves = answers.loud[row].moves
        if moves:
            wanted = _equivalent_corrections(cases.errors_db[row])
            first = STEMS.index(moves[0].stem)
            right[row] = any(np.sign(form[first]) == moves[0].direction for form in wanted)
    return right


def _sets(answers: Answers, cases: Cases) -> tuple[Floats, Floats]:
    """Precision and recall of the named stem+direction set, where two or more were altered."""
    precision, recall = (np.full(len(cases), np.nan) for _ in range(2))
    for row in np.flatnonzero(cases.n_moved > 1):
        named = (
            {(move.stem, move.direction) for move in answers.loud[row].moves}
            if answers.speaks[row]
            else set()
        )
        hits = []
        for form in _equivalent_corrections(cases.errors_db[row]):
            wanted = {(STEMS[k], int(np.sign(form[k]))) for k in np.flatnonzero(form)}
            found = len(named & wanted)
            hits.append((found / max(1, len(wanted)), found / max(1, len(named))))
        recall[row], best_precision = max(hits)
        precision[row] = best_precision if named else np.nan
    return precision, recall


def _equivalent_corrections(error_db: Floats) -> list[Floats]:
    """Every shortest correction (4,), 0 where it leaves a stem alone."""
    forms = fewest_moves(Move.from_sequence((-error_db).tolist()))
    rows = []
    for form in forms:
        moved = moved_stems(form)
        values = np.nan_to_num(form.to_array())
        rows.append(np.where([stem in moved for stem in STEMS], values, 0.0))
    return rows


def _fewest_moves_error(answers: Answers, cases: Cases) -> Floats:
    """Mean absolute error (n,) in the fewest-moves gauge, against the nearest equivalent form."""
    values = np.full(len(cases), np.nan)
    for row, active in enumerate(cases.active):
        if not active.any():
            continue
        said = fewest_moves(Move.from_sequence(answers.correction_db[row].tolist()))
        wanted = fewest_moves(Move.from_sequence((-cases.errors_db[row]).tolist()))
        values[row] = min(
            float(np.nanmean(np.abs(one.to_array() - other.to_array())))
            for one in said
            for other in wanted
        )
    return values


def _coverage(answers: Answers, cases: Cases) -> Floats:
    error_db = centre(cases.errors_db)
    inside = (error_db >= answers.low_db - 1e-9) & (error_db <= answers.high_db + 1e-9)
    stated = np.isfinite(answers.low_db) & np.isfinite(error_db)
    return _mean(np.where(stated, inside, np.nan))


def _mean(values: Floats) -> Floats:
    """Mean over stems (n,), NaN where no stem counts."""
    defined = np.isfinite(values)
    count = defined.sum(axis=1)
    total = np.where(defined, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(1, count), np.nan)


def _named(error_db: Floats, factor: float) -> str:
    moved = np.flatnonzero(np.nan_to_num(error_db))
    if not len(moved):
        return "none"
    return f"{STEMS[moved[0]]} {'up' if factor * error_db[moved[0]] > 0 else 'down'}"
