"""The cases in which advice left most of the error, with what should have been said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.gauge import fewest_moves, moved_stems
from analysis.vectors import STEMS, Move
from modeling.audio import SAMPLE_RATE_HZ
from modeling.evaluation.cases import Answers, Cases
from modeling.evaluation.compare import Table
from modeling.evaluation.metrics import per_case
from modeling.flac import flac_bytes
from modeling.render import match_mixes, mix_stems
from modeling.report.effect import left_over_db
from modeling.report.songs import EvaluatedSong

N_WORST = 20
# Whose failures are shown: the first of these rows that was evaluated.
SUBJECTS = ("differential", "baseline", "template_shrinkage", "equal_loudness")
VERSIONS = ("problem", "advised", "reference")
MINUS = "\N{MINUS SIGN}"


def failures(table: Table, songs: Sequence[EvaluatedSong]) -> dict[str, Any]:
    """The worst cases of the first subject: {"system", "cases": [...]}, worst first."""
    subject = next(name for name in SUBJECTS if name in table.answers)
    answers, cases = table.answers[subject], table.cases
    left_db = per_case(answers, cases)["applied_residual_db"]
    worst = np.argsort(-np.nan_to_num(left_db), kind="stable")[:N_WORST]
    return {
        "system": subject,
        "cases": [
            _case(int(row), answers, cases, songs, float(left_db[row]))
            for row in worst
            if left_db[row] > 0.0
        ],
    }


def write_audio(
    folder: Path, found: dict[str, Any], table: Table, songs: Sequence[EvaluatedSong]
) -> None:
    """FLACs of each case's mix as it was, as advised and at the reference, equally loud.

    Adds {"audio": {version: file name}} to each case, or the reason why there is none. Raises
    CorpusError for a song that can no longer be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left_db = left_over_db(table.answers[found["system"]], table.cases)
    stems_of: dict[int, Any] = {}
    for rank, case in enumerate(found["cases"], start=1):
        row = case["case"]
        number = int(table.cases.songs[row])
        if number not in stems_of:
            stems_of = {number: songs[number].audio()}
        reference_db = np.where(table.cases.active[row], 0.0, np.nan)
        balances_db = (table.cases.errors_db[row], left_db[row], reference_db)
        try:
            mixes = match_mixes(
                [mix_stems(stems_of[number], gains_db) for gains_db in balances_db], SAMPLE_RATE_HZ
            )
        except ValueError as error:
            case["audio_note"] = str(error)
            continue
        case["audio"] = {version: f"{rank:02d}-{version}.flac" for version in VERSIONS}
        for version, mix in zip(VERSIONS, mixes, strict=True):
            path = folder / case["audio"][version]
            path.write_bytes(flac_bytes(mix.audio, SAMPLE_RATE_HZ))


def _case(
    row: int, answers: Answers, cases: Cases, songs: Sequence[EvaluatedSong], left_db: float
) -> dict[str, Any]:
    song = songs[int(cases.songs[row])]
    errors_db = cases.errors_db[row]
    needed = fewest_moves(Move.from_sequence((-errors_db).tolist()))[0]
    decision = answers.loud[row]
    said = [(move.stem, move.move_db) for move in decision.moves] if answers.speaks[row] else []
    moved = moved_stems(needed)
    needed_db = dict(zip(STEMS, needed.to_array().tolist(), strict=True))
    return {
        "case": row,
        "song": song.name,
        "start_s": song.excerpt.origin.start_s,
        "error_db": {
            stem: None if np.isnan(value) else float(value)
            for stem, value in zip(STEMS, errors_db, strict=True)
        },
        "needed": _words([(stem, needed_db[stem]) for stem in STEMS if stem in moved]),
        "said": _words(said),
        "score": float(answers.scores[row]),
        "left_db": left_db,
    }


def _words(moves: Sequence[tuple[str, float]]) -> str:
    if not moves:
        return "leave it as it is"
    return ", ".join(f"{stem} {value:+.1f} dB".replace("-", MINUS) for stem, value in moves)
