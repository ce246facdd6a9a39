"""A balance to take away: JSON, CSV, a REAPER project, or that with its stems in a zip."""

import csv
import io
import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import soundfile

from analysis.vectors import STEMS, Balance
from annotate.exports import safe_cell
from annotate.media import media_folder
from modeling import reaper
from modeling.storage import STORED_SCALE
from studies.models import Advice, Upload
from studies.stems import StemSet

CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "rpp": "application/octet-stream",
    "zip": "application/zip",
}
FORMAT = "gainsay-balance/1"
CSV_COLUMNS = ("stem", "present_db", "move_db", "balance_db", "low_db", "high_db")
_CHUNK_BYTES = 1 << 20


def file_name(stem_set: StemSet, advice: Advice | None, format_: str) -> str:
    """A name that every file system takes."""
    name = f"{stem_set.title}-{advice.system.name if advice else 'as it is'}"
    safe = re.sub(r"[^\w-]+", "-", name).strip("-")[:80]
    return f"{safe or 'balance'}.{format_}"


def balance_of(stem_set: StemSet, advice: Advice | None) -> Balance:
    """Where the advice leads to; where the stems stand without one."""
    if advice is None:
        return stem_set.balance
    return Balance.from_mapping(advice.content["balance_db"])


def as_json(stem_set: StemSet, advice: Advice | None) -> str:
    """Balance, move and where they come from."""
    content = advice.content if advice else None
    values = {
        "format": FORMAT,
        "title": stem_set.title,
        "present_db": stem_set.problem_db,
        "balance_db": balance_of(stem_set, advice).to_mapping(),
        "advice": content,
        "system_version": advice.system.version if advice else None,
    }
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(stem_set: StemSet, advice: Advice | None) -> str:
    """One row a stem; empty cells for what is silent or not stated."""
    balance = balance_of(stem_set, advice).to_mapping()
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for stem in STEMS:
        present = stem_set.problem_db[stem]
        low_db, high_db = _interval(advice, stem)
        move_db = None if advice is None else advice.content["move_db"][stem]
        row = [stem, present, move_db, balance[stem], low_db, high_db]
        writer.writerow([safe_cell(value) for value in row])
    return buffer.getvalue()


def as_project(stem_set: StemSet, advice: Advice | None) -> str:
    """An .rpp that looks for the visitor's own files beside it; the library's are called by stem.

    Files of one's own have their own scale; only those of the zip need another item volume.
    """
    own = stem_set.stems.file_names if isinstance(stem_set.stems, Upload) else {}
    files = {stem: own.get(stem, f"{stem}.flac") for stem in STEMS}
    return reaper.project(
        reaper.tracks_of(balance_of(stem_set, advice), files, _duration_s(stem_set))
    )


def as_zip(stem_set: StemSet, advice: Advice | None) -> BinaryIO:
    """A folder with the project and the whole song's stems; a temporary file, at its beginning."""
    files = {stem: f"{stem}.flac" for stem in STEMS}
    tracks = reaper.tracks_of(
        balance_of(stem_set, advice), files, _duration_s(stem_set), _item_gains(stem_set)
    )
    stems = {name: stem_set.song_folder / name for name in files.values()}
    target = tempfile.TemporaryFile(dir=media_folder())  # noqa: SIM115 - the answer closes it
    reaper.write_zip(target, file_name(stem_set, advice, "x").removesuffix(".x"), tracks, stems)
    target.seek(0)
    return target


def in_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, which is closed at its end."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _interval(advice: Advice | None, stem: str) -> tuple[float | None, float | None]:
    if advice is None:
        return None, None
    for move in advice.content["moves"]:
        if move["stem"] == stem:
            return move["low_db"], move["high_db"]
    uncertainty: Mapping[str, Mapping[str, float | None]] = advice.content["uncertainty"] or {}
    return uncertainty.get("low_db", {}).get(stem), uncertainty.get("high_db", {}).get(stem)


def _item_gains(stem_set: StemSet) -> dict[str, float]:
    """What undoes the scale at which a stem is stored (modeling.storage)."""
    return {stem: -20.0 * math.log10(_scale(stem_set, stem)) for stem in STEMS}


def _scale(stem_set: StemSet, stem: str) -> float:
    bits = int(soundfile.info(stem_set.song_folder / f"{stem}.flac").subtype.removeprefix("PCM_"))
    return STORED_SCALE[bits]


def _duration_s(stem_set: StemSet) -> float:
    info = soundfile.info(stem_set.song_folder / f"{STEMS[0]}.flac")
    return float(info.frames / info.samplerate)
