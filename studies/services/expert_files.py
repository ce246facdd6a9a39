"""Experts' advice made elsewhere: reading CSV or JSON (docs/advise.md), all of it or nothing."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from analysis.cells import plain_row
from analysis.vectors import STEMS, Balance
from annotate.fields import StemValues, is_finite_number, storable_text
from annotate.models import Excerpt
from studies.services import experts

FORMAT = "gainsay-expert-advice/1"
WIDEST_DB = 60.0
CSV_COLUMNS = (
    "excerpt",
    "expert",
    "prose",
    *(f"problem_{stem}_db" for stem in STEMS),
    *(f"balance_{stem}_db" for stem in STEMS),
)


class ExpertFileError(ValueError):
    """Names the file, the place in it, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One expert on one excerpt at one balance; `place` is where it stands in the file."""

    place: str
    excerpt: str
    expert: str
    prose: str
    problem_db: StemValues
    balance_db: StemValues


def read_file(path: Path) -> list[Entry]:
    """Read CSV or JSON by its ending. Raises ExpertFileError."""
    readers = {".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ExpertFileError(f"{path}: the name must end in .json or .csv")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExpertFileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ExpertFileError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    entries = list(reader(path, text))
    if not entries:
        raise ExpertFileError(f"{path} holds no advice")
    return entries


@transaction.atomic
def store(entries: list[Entry], now: datetime) -> int:
    """Keep them all; how many were new. Raises ExpertFileError for the first that does not fit."""
    n_new = 0
    for entry in entries:
        excerpt = _excerpt(entry)
        active = excerpt.active()
        problem_db = {stem: entry.problem_db[stem] if active[stem] else None for stem in STEMS}
        balance_db = {stem: entry.balance_db[stem] if active[stem] else None for stem in STEMS}
        try:
            row = experts.record(
                system=experts.named_system(entry.expert, now),
                excerpt=excerpt,
                prose=entry.prose,
                present=Balance.from_mapping(problem_db),
                balance=Balance.from_mapping(balance_db),
                now=now,
            )
        except ValueError as error:
            raise ExpertFileError(f"{entry.place}: {error}") from None
        n_new += row.created_at == now
    return n_new


def _excerpt(entry: Entry) -> Excerpt:
    """By key, else the one usable excerpt of a song of that title."""
    found = list(Excerpt.objects.filter(key=entry.excerpt)) or list(
        Excerpt.objects.usable().filter(song__title=entry.excerpt)[:2]
    )
    if len(found) != 1:
        what = "several excerpts" if found else "no excerpt"
        raise ExpertFileError(
            f"{entry.place}: {what} of {entry.excerpt[:60]!r}: give the key of an excerpt"
        )
    return found[0]


def _read_json(path: Path, text: str) -> Iterator[Entry]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExpertFileError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ExpertFileError(f'{path}: "format" must be "{FORMAT}"')
    rows = data.get("advice")
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise ExpertFileError(f'{path}: "advice" must be a list of objects')
    for number, row in enumerate(rows, 1):
        place = f"{path}: advice[{number}]"
        zero = dict.fromkeys(STEMS, 0.0)
        yield Entry(
            place,
            _text(place, row, "excerpt"),
            _text(place, row, "expert"),
            _text(place, row, "prose"),
            _levels(place, "problem_db", row.get("problem_db", zero)),
            _levels(place, "balance_db", row.get("balance_db")),
        )


def _read_csv(path: Path, text: str) -> Iterator[Entry]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in CSV_COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise ExpertFileError(f"{path} lacks the columns {', '.join(missing)}")
    for row in map(plain_row, rows):
        place = f"{path}: line {rows.line_num}"
        yield Entry(
            place,
            _text(place, row, "excerpt"),
            _text(place, row, "expert"),
            _text(place, row, "prose"),
            {stem: _cell(place, row, f"problem_{stem}_db") for stem in STEMS},
            {stem: _cell(place, row, f"balance_{stem}_db") for stem in STEMS},
        )


def _text(place: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ExpertFileError(f"{place}: {name} is missing")
    return storable_text(value.strip())


def _levels(place: str, name: str, values: object) -> StemValues:
    if not isinstance(values, dict) or set(values) != set(STEMS):
        raise ExpertFileError(f"{place}: {name} needs dB or null for each of {', '.join(STEMS)}")
    return {stem: _level(place, f"{name}.{stem}", values[stem]) for stem in STEMS}


def _cell(place: str, row: dict[str, Any], name: str) -> float | None:
    text = (row[name] or "").strip()
    if not text:
        return None
    try:
        return _level(place, name, float(text))
    except ValueError:
        raise ExpertFileError(f"{place}: {name} is {text[:40]!r}, which is no dB") from None


def _level(place: str, name: str, value: object) -> float | None:
    if value is None:
        return None
    if not is_finite_number(value) or abs(value) > WIDEST_DB:
        raise ExpertFileError(
            f"{place}: {name} is {value!r:.40}; give dB from -{WIDEST_DB:g} to {WIDEST_DB:g}"
        )
    return float(value)
