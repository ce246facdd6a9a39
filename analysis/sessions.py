"""Real mixing sessions as annotations: from track faders to balances of stems.

Run `python -m analysis.sessions PATH --out FILE.json` to write a file that `import_annotations`
takes; add `--figures FILE.json` for the agreement figures of docs/real-sessions.md.

The level of a stem in a mix is estimated as the power sum of 10^((loudness + fader gain)/10) over
its audio tracks. Its loudness as imported is the same with all faders at 0 dB, as the median over
the song's mixes, since engineers leave tracks out; the balance is the level less that loudness.
Bus gain, automation, equalisation and compression are not known and ignored. A track without a
loudness (silent) or without a fader gain does not count.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.agreement import StemAgreement, agreement_by_stem, centred_mae_db
from analysis.anchoring import clustered_mean
from analysis.annotations import Annotations, relative_loudness
from analysis.consensus import fit_consensus
from analysis.results import Estimate
from analysis.vectors import STEMS, FloatArray, centre

FORMAT = "gainsay-annotations/1"
WHOLE_SONG = "whole song"

_STEM_OF_INSTRUMENT = {"VOCALS": "vocals", "DRUMS": "drums", "BASS": "bass"}


@dataclass(frozen=True)
class Session:
    """One engineer's mix of one song, by stem."""

    song: str
    engineer: str
    raw_loudness_lufs: dict[str, float | None]
    """Of the stem with its faders at 0 dB, None where it has no usable track in this mix."""
    level_lufs: dict[str, float | None]
    """Of the stem as mixed."""


@dataclass(frozen=True)
class SessionFigures:
    """What the sessions say about people's agreement; all on centred relative loudness."""

    by_stem: dict[str, StemAgreement]
    mean_loudness_db: dict[str, Estimate]
    """Mean relative loudness of each stem over mixes, clustered by song."""
    engineer_error_db: Estimate
    """Centred MAE of one engineer from the consensus of the others of the song."""
    template_error_db: Estimate
    """Centred MAE of the other songs' mean from a song's consensus."""
    template_error_to_one_db: Estimate
    """Centred MAE of the other songs' mean from one engineer."""

    def as_json(self) -> dict[str, Any]:
        return {
            "by_stem": {stem: figures.as_json() for stem, figures in self.by_stem.items()},
            "mean_loudness_db": {
                s: figure.as_json() for s, figure in self.mean_loudness_db.items()
            },
            "engineer_error_db": self.engineer_error_db.as_json(),
            "template_error_db": self.template_error_db.as_json(),
            "template_error_to_one_db": self.template_error_to_one_db.as_json(),
        }


def read_sessions(path: Path) -> list[Session]:
    """Sessions of a file {"mixes": [{"mix", "song", "tracks": [...]}]}, in its order.

    Raises:
        ValueError: the file is no such JSON; the message names the mix and the field.
        OSError: the file cannot be read.
    """
    try:
        mixes = json.loads(path.read_text(encoding="utf-8"))["mixes"]
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f'{path}: no JSON object with "mixes" ({error})') from error
    sessions = [_session(path, number, mix) for number, mix in enumerate(mixes)]
    seen: set[tuple[str, str]] = set()
    for session in sessions:
        if (session.song, session.engineer) in seen:
            raise ValueError(f"{path}: {session.engineer} has mixed {session.song!r} twice")
        seen.add((session.song, session.engineer))
    return sessions


def to_annotation_file(sessions: Iterable[Session], source: str) -> dict[str, Any]:
    """The import file of docs/annotation-format.md: one excerpt per song, the whole song.

    A stem that a mix does not use is off (null) there.
    """
    sessions = list(sessions)
    loudness_lufs = {
        song: _song_loudness([session for session in sessions if session.song == song])
        for song in sorted({session.song for session in sessions})
    }
    excerpts = [
        {"song": song, "excerpt": WHOLE_SONG, "stem_loudness_lufs": stems}
        for song, stems in loudness_lufs.items()
    ]
    annotations = [
        {
            "song": session.song,
            "excerpt": WHOLE_SONG,
            "annotator": session.engineer,
            "balance_db": _balance_db(session.level_lufs, loudness_lufs[session.song]),
        }
        for session in sessions
    ]
    return {"format": FORMAT, "source": source, "excerpts": excerpts, "annotations": annotations}


def to_annotations(file: Mapping[str, Any]) -> tuple[Annotations, list[str], list[str]]:
    """Arrays of an import file, with the labels of its excerpts (song / excerpt) and annotators."""
    excerpts = {(item["song"], item["excerpt"]): i for i, item in enumerate(file["excerpts"])}
    rows = file["annotations"]
    people = sorted({row["annotator"] for row in rows})
    annotations = Annotations(
        excerpt=np.array([excerpts[row["song"], row["excerpt"]] for row in rows]),
        annotator=np.array([people.index(row["annotator"]) for row in rows]),
        balance_db=np.array([_vector(row["balance_db"]) for row in rows]),
        stem_loudness_lufs=np.array(
            [_vector(item["stem_loudness_lufs"]) for item in file["excerpts"]]
        ),
    )
    return annotations, [f"{song} / {name}" for song, name in excerpts], people


def session_figures(annotations: Annotations, seed: int = 0) -> SessionFigures:
    """Agreement of the engineers, and how far one of them and a song-blind template are off."""
    rng = np.random.default_rng(seed)
    loudness = relative_loudness(annotations)
    song = annotations.excerpt
    consensus = fit_consensus(annotations, rng, n_resamples=1)
    stems_loudness = centre(annotations.stem_loudness_lufs)
    consensus_loudness = consensus.balance_db + stems_loudness
    template = _means_of_the_others(consensus_loudness)
    to_consensus = centred_mae_db(template, consensus_loudness)
    to_one = centred_mae_db(template[song], loudness)
    engineer = centred_mae_db(annotations.balance_db, leave_one_out_consensus(annotations))
    return SessionFigures(
        by_stem=agreement_by_stem(annotations, rng),
        mean_loudness_db={
            stem: _mean(loudness[:, column], song) for column, stem in enumerate(STEMS)
        },
        engineer_error_db=_mean(engineer, song),
        template_error_db=_mean(to_consensus, np.arange(annotations.n_excerpts)),
        template_error_to_one_db=_mean(to_one, song),
    )


def leave_one_out_consensus(annotations: Annotations) -> FloatArray:
    """For each annotation the consensus of the same excerpt's others (n, 4); NaN where too few."""
    return np.array([_others_consensus(annotations, row) for row in range(len(annotations))])


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="analysis.sessions", description=__doc__)
    parser.add_argument("path", type=Path, help="sessions, JSON")
    parser.add_argument("--out", type=Path, required=True, help="import file to write, JSON")
    parser.add_argument("--figures", type=Path, help="agreement figures to write, JSON")
    options = parser.parse_args(arguments)
    try:
        file = to_annotation_file(read_sessions(options.path), source=options.path.name)
        _write_json(options.out, file)
        if options.figures:
            annotations, _, _ = to_annotations(file)
            _write_json(options.figures, session_figures(annotations).as_json())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _session(path: Path, number: int, mix: Any) -> Session:
    where = f"{path}: mix {number}"
    try:
        where = f"{path}: mix {mix['mix']} of {mix['song']}"
        levels: dict[str, list[tuple[float, float]]] = {stem: [] for stem in STEMS}
        for track in mix["tracks"]:
            loudness, gain = track["loudness_lufs"], track["fader_gain_db"]
            if track["kind"] == "AUDIO" and loudness is not None and gain is not None:
                stem = _STEM_OF_INSTRUMENT.get(track["instrument"], "other")
                levels[stem].append((float(loudness), float(gain)))
        raw = {stem: _power_sum([loudness for loudness, _ in levels[stem]]) for stem in STEMS}
        mixed = {stem: _power_sum([sum(pair) for pair in levels[stem]]) for stem in STEMS}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {type(error).__name__} {error}") from error
    return Session(str(mix["song"]), str(mix["mix"]), raw, mixed)


def _balance_db(
    level_lufs: Mapping[str, float | None], loudness_lufs: Mapping[str, float | None]
) -> dict[str, float | None]:
    balance_db: dict[str, float | None] = {}
    for stem in STEMS:
        level, loudness = level_lufs[stem], loudness_lufs[stem]
        balance_db[stem] = None if level is None or loudness is None else level - loudness
    return balance_db


def _power_sum(levels_lufs: list[float]) -> float | None:
    """Loudness of the sum of uncorrelated tracks; None without any."""
    if not levels_lufs:
        return None
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels_lufs))


def _song_loudness(sessions: list[Session]) -> dict[str, float | None]:
    medians: dict[str, float | None] = {}
    for stem in STEMS:
        known = [v for s in sessions if (v := s.raw_loudness_lufs[stem]) is not None]
        medians[stem] = float(np.median(known)) if known else None
    return medians


def _vector(values: Mapping[str, float | None]) -> list[float]:
    return [math.nan if (value := values[stem]) is None else value for stem in STEMS]


def _mean(values: FloatArray, cluster: np.ndarray[Any, np.dtype[np.int64]]) -> Estimate:
    known = np.isfinite(values)
    return clustered_mean(values[known], cluster[known])


def _means_of_the_others(rows: FloatArray) -> FloatArray:
    """For each row the mean of all other rows, NaN skipped."""
    present = np.isfinite(rows)
    filled = np.where(present, rows, 0.0)
    counts = present.sum(axis=0) - present
    return centre(
        np.where(counts > 0, (filled.sum(axis=0) - filled) / np.maximum(counts, 1), np.nan)
    )


def _others_consensus(annotations: Annotations, row: int) -> FloatArray:
    """Consensus (4,) of the same song's other annotations; NaN where they are too few."""
    rows = annotations.excerpt == annotations.excerpt[row]
    rows[row] = False
    others = annotations.select(rows)
    # Without resamples of use: only the location is asked for.
    fitted = fit_consensus(others, np.random.default_rng(0), n_resamples=1)
    location: FloatArray = fitted.balance_db[annotations.excerpt[row]]
    return location


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
            encoding="utf-8",
        )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
