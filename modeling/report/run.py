"""The whole evaluation: songs, answers, effect, failures, the folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modeling.errors import USUAL
from modeling.report.answering import answer_all
from modeling.report.contestants import Contestants, find_contestants
from modeling.report.effect import effect_of_advice
from modeling.report.failures import failures, write_audio
from modeling.report.page import AUDIO_FOLDER
from modeling.report.results import evaluation
from modeling.report.songs import EvaluatedSong, read_songs
from modeling.report.write import Draft, write_report

CASES_PER_SONG = 8


class EvaluationError(Exception):
    """An evaluation that cannot be done: why, and what to do; one line."""


def evaluate(
    paths: Sequence[Path],
    checkpoints: Path,
    out: Path,
    *,
    seed: int,
    per_song: int = CASES_PER_SONG,
    allow_seen: bool = False,
    with_audio: bool = False,
) -> dict[str, Any]:
    """Evaluate every row on the songs under `paths` and write the report to `out`.

    The same songs, checkpoints and seed give the same bytes. Returns what evaluation.json holds.

    Raises:
        EvaluationError: no song can be used, or a checkpoint saw one and that is not allowed.
        ReportError, CheckpointError, RulesError, CorpusError, OSError: one line each.
    """
    with Draft(out) as draft:
        contestants = find_contestants(checkpoints)
        songs, left_out = read_songs(paths)
        _require_songs(songs, left_out)
        if not allow_seen:
            _refuse_seen(songs, contestants)
        answered = answer_all(contestants, [song.excerpt for song in songs], per_song, seed)
        usual = answered.tables[USUAL.name]
        effect = effect_of_advice(songs, usual.cases, usual.answers, seed)
        found = evaluation(
            songs, contestants, answered, effect, per_song=per_song, seed=seed, left_out=left_out
        )
        found["failures"] = failures(usual, songs)
        if with_audio:
            write_audio(draft.folder / AUDIO_FOLDER, found["failures"], usual, songs)
        write_report(draft.folder, found)
        draft.publish()
    return found


def _require_songs(songs: Sequence[EvaluatedSong], left_out: Sequence[str]) -> None:
    if not songs:
        reason = left_out[0] if left_out else "no song there"
        raise EvaluationError(f"no song to evaluate: {reason}")


def _refuse_seen(songs: Sequence[EvaluatedSong], contestants: Contestants) -> None:
    seen = [song for song in songs if contestants.rows_that_saw(song.excerpt)]
    if seen:
        more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        raise EvaluationError(
            f"{seen[0].source.path}{more}: a checkpoint saw this song or artist in training; leave "
            "it out, or mark every figure with --allow-seen"
        )
