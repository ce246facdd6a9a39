"""Figures on songs of one's own, and on the recorded songs of a bundle; read from JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modeling.systems.registry import systems
from studies.cards import PROTOCOLS, Table, as_table

FORMAT = "gainsay-evaluation/1"
FILE = "evaluation.json"
SONG_ROWS = ("zero", "template_shrinkage", "baseline", "differential")


@dataclass(frozen=True)
class SongRow:
    """Centred MAE in dB of each of `SONG_ROWS`, and how far the differential advisor went by what
    it heard, from 0 to 1."""

    title: str
    trust: float | None
    errors_db: tuple[float | None, ...]


@dataclass(frozen=True)
class SongTable:
    """Songs one by one."""

    columns: tuple[str, ...]
    rows: tuple[SongRow, ...]


@dataclass(frozen=True)
class Evaluation:
    """The newest report: its folder's name, its tables, which rows saw a song in training."""

    name: str
    tables: tuple[Table, ...]
    songs: SongTable
    seen: tuple[str, ...]
    any_generated: bool


def newest(folder: Path) -> Evaluation | None:
    """The newest readable report in `folder`, which may be one itself; None without one."""
    files = [*folder.glob(FILE), *folder.glob(f"*/{FILE}")]
    for path in sorted(files, key=lambda file: (-file.stat().st_mtime, str(file))):
        found = _read(path)
        if found is not None:
            return found
    return None


def recorded(card: dict[str, Any]) -> SongTable | None:
    """The recorded songs of a bundle, as weights do that saw none of them; None without any."""
    found = card.get("metrics", {}).get("real_songs", {}).get("left_out")
    return None if found is None else _songs(found["songs"])


def _read(path: Path) -> Evaluation | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            return None
        protocols = values["protocols"]
        tables = tuple(as_table(key, protocols[key]) for key in PROTOCOLS if key in protocols)
        titles = {one.name: one.title for one in systems().values()}
        return Evaluation(
            path.parent.name,
            tables,
            _songs(values["songs"]),
            tuple(titles.get(row, row) for row in values["seen_in_training"]),
            any(song["generated"] for song in values["songs"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # another program's file, or one that is being written


def _songs(songs: list[dict[str, Any]]) -> SongTable:
    titles = {one.name: one.title for one in systems().values()}
    rows = tuple(
        SongRow(
            song.get("name") or song["title"],
            song["trust"].get("differential"),
            tuple(song["centred_mae_db"].get(row) for row in SONG_ROWS),
        )
        for song in songs
    )
    return SongTable(tuple(titles.get(row, row) for row in SONG_ROWS), rows)
