"""Balances made elsewhere: reading CSV or JSON (docs/annotation-format.md), checked as a whole."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from analysis.cells import plain_row
from analysis.vectors import STEMS
from annotate.fields import StemValues, check_stem_values, is_finite_number, storable_text

FORMAT = "gainsay-annotations/1"
CSV_COLUMNS = ("song", "excerpt", "annotator", "stem", "balance_db")
WIDEST_DB = 120.0
LONGEST_NAME, LONGEST_LABEL, LONGEST_COMMENT = 200, 100, 2000


class AnnotationFileError(ValueError):
    """Names the file, the place in it, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's balance of one excerpt; excerpts are named by (song, excerpt)."""

    excerpt: tuple[str, str]
    annotator: str
    balance_db: StemValues
    comment: str = ""


@dataclass(slots=True)
class AnnotationFile:
    """What a file says, checked as a whole before anything is stored."""

    source: str
    loudness_lufs: dict[tuple[str, str], StemValues | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def read_file(path: Path) -> AnnotationFile:
    """Read CSV or JSON by its ending. Raises AnnotationFileError."""
    readers = {".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise AnnotationFileError(f"{path}: the name must end in .json or .csv")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AnnotationFileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AnnotationFileError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    found = reader(path, text)
    if not found.entries:
        raise AnnotationFileError(f"{path} holds no annotation")
    _refuse_twice(path, found)
    return found


def _refuse_twice(path: Path, found: AnnotationFile) -> None:
    seen: set[tuple[tuple[str, str], str]] = set()
    for entry in found.entries:
        if (entry.excerpt, entry.annotator) in seen:
            song, excerpt = entry.excerpt
            raise AnnotationFileError(
                f"{path}: {entry.annotator} has two balances of {song!r} / {excerpt!r}: keep one"
            )
        seen.add((entry.excerpt, entry.annotator))


def _read_json(path: Path, text: str) -> AnnotationFile:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnnotationFileError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise AnnotationFileError(f'{path}: "format" must be "{FORMAT}"')
    found = AnnotationFile(source=storable_text(str(data.get("source", path.name)))[:500])
    for number, row in enumerate(_list(path, data, "excerpts"), 1):
        place = f"{path}: excerpts[{number}]"
        loudness, names = row.get("stem_loudness_lufs"), _names(place, row)
        if names in found.loudness_lufs:
            raise AnnotationFileError(f"{place}: {names[0]!r} / {names[1]!r} is there twice")
        found.loudness_lufs[names] = (
            None if loudness is None else _levels(place, "stem_loudness_lufs", loudness)
        )
    for number, row in enumerate(_list(path, data, "annotations"), 1):
        place = f"{path}: annotations[{number}]"
        excerpt = _names(place, row)
        found.loudness_lufs.setdefault(excerpt, None)
        found.entries.append(
            Entry(
                excerpt,
                _text(place, row, "annotator"),
                _balance(place, row.get("balance_db")),
                storable_text(str(row.get("comment", "")))[:LONGEST_COMMENT],
            )
        )
    return found


def _list(path: Path, data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise AnnotationFileError(f"{path}: {name} must be a list of objects")
    return rows


def _read_csv(path: Path, text: str) -> AnnotationFile:
    found = AnnotationFile(source=storable_text(path.name))
    balances: dict[tuple[tuple[str, str], str], StemValues] = {}
    comments: dict[tuple[tuple[str, str], str], str] = {}
    for place, row in _csv_rows(path, text):
        excerpt, annotator = _names(place, row), _text(place, row, "annotator")
        stem = (row["stem"] or "").strip().lower()
        if stem not in STEMS:
            raise AnnotationFileError(f"{place}: stem {stem!r} is none of {', '.join(STEMS)}")
        balance = balances.setdefault((excerpt, annotator), {})
        if stem in balance:
            raise AnnotationFileError(f"{place}: {annotator} has {stem} of {excerpt[0]!r} twice")
        balance[stem] = _cell(place, row, "balance_db")
        comment = storable_text(row.get("comment") or "")[:LONGEST_COMMENT]
        comments.setdefault((excerpt, annotator), comment)
        loudness = _cell(place, row, "loudness_lufs")
        _note_loudness(place, found, excerpt, stem, loudness)
    for (excerpt, annotator), balance in balances.items():
        full: StemValues = {s: balance.get(s) for s in STEMS}
        place = f"{path}: {annotator}, {excerpt[0]!r}"
        found.entries.append(
            Entry(excerpt, annotator, _balance(place, full), comments[excerpt, annotator])
        )
    return found


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its place in the file."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        missing = [name for name in CSV_COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise AnnotationFileError(f"{path}: column {missing[0]!r} is missing")
        for row in reader:
            yield f"{path}: line {reader.line_num}", plain_row(row)
    except csv.Error as error:
        raise AnnotationFileError(f"{path}: line {reader.line_num + 1}: {error}") from None


def _note_loudness(
    place: str,
    found: AnnotationFile,
    excerpt: tuple[str, str],
    stem: str,
    loudness: float | None,
) -> None:
    known = found.loudness_lufs.setdefault(excerpt, None)
    if loudness is None:
        return
    if known is None:
        known = found.loudness_lufs[excerpt] = dict.fromkeys(STEMS)
    if known[stem] not in (None, loudness):
        raise AnnotationFileError(
            f"{place}: {stem} of {excerpt[0]!r} has loudness {known[stem]} and {loudness}: keep one"
        )
    known[stem] = loudness


def _cell(place: str, row: dict[str, Any], name: str) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise AnnotationFileError(f"{place}: {name} {text[:40]!r} is no number") from None
    if not is_finite_number(value):
        raise AnnotationFileError(f"{place}: {name} {text!r} is not finite: leave it empty for off")
    if abs(value) > WIDEST_DB:
        raise AnnotationFileError(f"{place}: {name} {text[:40]!r} is no level in dB")
    return value


def _names(place: str, row: dict[str, Any]) -> tuple[str, str]:
    label = row.get("excerpt")
    if label is not None and not isinstance(label, str):
        raise AnnotationFileError(f"{place}: excerpt is no text")
    return _text(place, row, "song"), _within(place, "excerpt", label or "", LONGEST_LABEL)


def _text(place: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not storable_text(value).strip():
        raise AnnotationFileError(f"{place}: {name} is missing or empty")
    return _within(place, name, value, LONGEST_NAME)


def _within(place: str, name: str, value: str, longest: int) -> str:
    text = storable_text(value).strip()
    if len(text) > longest:
        raise AnnotationFileError(f"{place}: {name} has {len(text)} characters: at most {longest}")
    return text


def _levels(place: str, name: str, values: object) -> StemValues:
    try:
        levels = check_stem_values(values)
    except ValidationError as error:
        raise AnnotationFileError(f"{place}: {name}: {error.messages[0]}") from None
    for stem, value in levels.items():
        if value is not None and abs(value) > WIDEST_DB:
            raise AnnotationFileError(f"{place}: {name}: {stem} = {value:g} is no level in dB")
    return levels


def _balance(place: str, values: object) -> StemValues:
    balance = _levels(place, "balance_db", values)
    if sum(value is not None for value in balance.values()) < 2:
        raise AnnotationFileError(f"{place}: fewer than two stems have a level: nothing to compare")
    return balance
