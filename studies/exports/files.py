"""An export as files: in a folder, or to be downloaded. Each is there whole or not at all."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from studies.exports.scope import Scope, snapshot
from studies.exports.tables import TABLES, Table, write_table
from studies.exports.who import WHO
from studies.exports.whole import json_parts
from studies.services import audit

JSON_NAME, WHO_NAME = "study.json", f"{WHO.name}.csv"
_NAMES = {"zip": "export.zip", "json": JSON_NAME, "who": WHO_NAME}


@dataclass(frozen=True, slots=True)
class File:
    name: str
    write: Callable[[IO[bytes]], None]


# Called after each row that is written.
Tick = Callable[[], None]


def _unheard() -> None:
    pass


def files(scope: Scope, *, with_who: bool, tick: Tick = _unheard) -> list[File]:
    """Everything of an export, the object first."""
    tables = [*TABLES, *([WHO] if with_who else [])]
    return [json_file(scope, tick), *(table_file(table, scope, tick) for table in tables)]


def json_file(scope: Scope, tick: Tick = _unheard) -> File:
    def write(file: IO[bytes]) -> None:
        for part in json_parts(scope):
            file.write(part.encode())
            tick()
        file.write(b"\n")

    return File(JSON_NAME, write)


def table_file(table: Table, scope: Scope, tick: Tick = _unheard) -> File:
    def write(file: IO[bytes]) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        write_table(table, scope, text, tick)
        text.flush()
        text.detach()

    return File(f"{table.name}.csv", write)


def write_folder(scope: Scope, folder: Path) -> list[Path]:
    """All files into a folder that exists; those of an earlier export are replaced, when all new
    ones are written."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary, snapshot():
        made = []
        for one in files(scope, with_who=True):
            with (Path(temporary) / one.name).open("wb") as file:
                one.write(file)
            made.append(one.name)
        for name in made:
            (Path(temporary) / name).replace(folder / name)
    return [folder / name for name in made]


def download(scope: Scope, what: str) -> tuple[IO[bytes], str]:
    """A file to send and its name: "json", "zip" (everything but who is who) or "who". It is
    written out before the first byte is sent."""
    target: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller sends and closes it
    write_one(scope, what, target)
    target.seek(0)
    return target, file_name(scope, what)


def write_one(scope: Scope, what: str, target: IO[bytes], tick: Tick = _unheard) -> None:
    """One of the files of `download`, as the database is when its first row is read."""
    with snapshot():
        if what == "zip":
            _zip(scope, target, tick)
        else:
            one = json_file(scope, tick) if what == "json" else table_file(WHO, scope, tick)
            one.write(target)


def file_name(scope: Scope, what: str) -> str:
    """How a download is called."""
    version = scope.version
    blind = "blinded" if scope.is_blinded else "unblinded"
    stem = f"{version.study.key}-v{version.number}-{blind}-{version.protocol_hash[:12] or 'draft'}"
    return f"{stem}-{_NAMES[what]}"


def _zip(scope: Scope, target: IO[bytes], tick: Tick) -> None:
    moment = scope.now.timetuple()[:6]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in files(scope, with_who=False, tick=tick):
            entry = zipfile.ZipInfo(one.name, date_time=moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                one.write(file)


def note_export(scope: Scope, what: str, by: Any = None) -> None:
    """Every export is in the audit, and an unblinded one before closing as an interim look."""
    audit.note(
        scope.version.study,
        "exported",
        by=by,
        now=scope.now,
        version=scope.version,
        what=what,
        blinded=scope.is_blinded,
        interim=scope.is_interim,
        included=sorted(scope.include),
    )
