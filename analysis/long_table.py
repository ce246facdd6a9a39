"""Ratings made elsewhere, one per row, as a study's export.

A long table is CSV with a head, or JSON: a list of objects. Columns: rater, item, system, scale,
value; optional are trial, repeat (0 for the first time) and side (A, B, ...). Whoever rates several
systems of one item on one scale is taken to have compared them. docs/report.md has an example.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.cells import plain_row
from analysis.study_parts import MULTI, ExportError

NEEDED = ("rater", "item", "system", "scale", "value")
OPTIONAL = ("trial", "repeat", "side")

Row = tuple[str, str, str, str, float, str, int]


def read_table(path: Path) -> list[Row]:
    """Rows of a file, in its order: rater, item, system, scale, value, trial, repeat.

    Raises:
        ExportError: the file is no such table; one line that names the row and the column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{path}: no UTF-8 text ({error.reason})") from error
    if text.lstrip()[:1] == "[":
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ExportError(f"{path}: no JSON ({error})") from error
        return rows_of(values, str(path))
    reader = csv.DictReader(io.StringIO(text))
    head = [name or "" for name in reader.fieldnames or []]
    missing = [name for name in NEEDED if name not in head]
    if missing:
        told = ", ".join(NEEDED)
        raise ExportError(f"{path}: column {missing[0]} is missing; needed are {told}")
    return rows_of(map(plain_row, reader), str(path), first=2)


def rows_of(values: Iterable[Any], where: str, first: int = 1) -> list[Row]:
    """Checked rows. Raises ExportError."""
    rows = [_row(value, f"{where}: row {number}") for number, value in enumerate(values, first)]
    if not rows:
        raise ExportError(f"{where}: no ratings")
    seen: set[tuple[Any, ...]] = set()
    for number, row in enumerate(rows, first):
        cell = (*row[:4], row[6])
        if cell in seen:
            rater, item, system, scale = row[:4]
            raise ExportError(
                f"{where}: row {number}: {rater} rated {system} of {item} on {scale} before; "
                "give repeat = 1 for a second time"
            )
        seen.add(cell)
    return rows


def _row(value: object, where: str) -> Row:
    if not isinstance(value, Mapping):
        raise ExportError(f"{where}: an object is expected")
    texts = {}
    for name in NEEDED[:4]:
        text = value.get(name)
        if text is None or str(text).strip() == "":
            raise ExportError(f"{where}: {name} is empty")
        texts[name] = str(text).strip()
    try:
        number = float(value["value"])
    except (KeyError, TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ExportError(f"{where}: value = {str(value.get('value'))[:40]!r} is no number")
    repeat = str(value.get("repeat") or "0").strip()
    if not repeat.isdecimal():
        raise ExportError(f"{where}: repeat = {repeat[:40]!r}: 0, 1, 2... is expected")
    trial = str(value.get("trial") or "").strip()
    return (texts["rater"], texts["item"], texts["system"], texts["scale"], number, trial,
            int(repeat))  # fmt: skip


def to_export(rows: Iterable[Row], title: str) -> dict[str, Any]:
    """The table as a study's export, of one block in which systems were rated side by side."""
    rows = list(rows)
    systems = {name: f"S{n}" for n, name in enumerate(_once(row[2] for row in rows), 1)}
    scales = {name: f"scale{n}" for n, name in enumerate(_once(row[3] for row in rows), 1)}
    present: dict[str, list[str]] = {}
    for row in rows:
        of_item = present.setdefault(row[1], [])
        if row[2] not in of_item:
            of_item.append(row[2])
    item_of = {name: f"i{n:03d}" for n, name in enumerate(present, 1)}
    rater_of = {name: f"r{n:03d}" for n, name in enumerate(_once(row[0] for row in rows), 1)}
    trials, judgements = _trials(rows, rater_of, item_of, scales, present)
    return {
        "format": "gainsay-study", "version": 1, "exported_at": "", "software": {},
        "study": {"key": "", "title": title, "version": 1, "state": "closed", "blinded": False,
                  "interim": False, "protocol_hash": "", "plan_hash": "", "frozen_at": None},
        "protocol": {"title": title, "plan": {}, "blocks": [
            {"key": "ratings", "type": MULTI, "systems": list(systems.values()),
             "questions": [_question(name, key, rows) for name, key in scales.items()]}]},
        "systems": [{"system": label, "name": name, "title": name, "version": "",
                     "kind": "", "model_family": None} for name, label in systems.items()],
        "items": [
            {"item": key, "block": "ratings", "kind": "main", "song": name, "title": name,
             "stimuli": [{"stimulus": f"{key}.{n}", "system": systems[system], "role": "system"}
                         for n, system in enumerate(present[name])]}
            for name, key in item_of.items()],
        "raters": [{"rater": key, "kind": "person", "run": "main", "state": "complete",
                    "questionnaire": {}, "gates": {}, "steps": []} for key in rater_of.values()],
        "trials": trials, "judgements": judgements, "exclusions": [], "log": [],
    }  # fmt: skip


def _trials(
    rows: list[Row],
    rater_of: Mapping[str, str],
    item_of: Mapping[str, str],
    scales: Mapping[str, str],
    present: Mapping[str, list[str]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One trial for each rater, item, trial and repeat; systems are its sides."""
    groups: dict[tuple[str, str, str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row[0], row[1], row[5], row[6]), []).append(row)
    trials, judgements = [], []
    for number, ((rater, item, _, repeat), own) in enumerate(groups.items()):
        key = f"t{number:06d}"
        shown = list(_once(row[2] for row in own))
        letter = {system: chr(ord("A") + place) for place, system in enumerate(shown)}
        sides = {
            letter[system]: f"{item_of[item]}.{present[item].index(system)}" for system in shown
        }
        trials.append(
            {"trial": key, "rater": rater_of[rater], "item": item_of[item], "block": "ratings",
             "position": number, "repeat": repeat, "kind": "repeat" if repeat else "main",
             "sides": sides, "state": "answered"}
        )  # fmt: skip
        for scale in _once(row[3] for row in own):
            value = {letter[row[2]]: row[4] for row in own if row[3] == scale}
            judgements.append({"trial": key, "question": scales[scale], "value": value})
    return trials, judgements


def _question(name: str, key: str, rows: list[Row]) -> dict[str, Any]:
    values = [row[4] for row in rows if row[3] == name]
    low, high = min(values), max(values)
    whole = all(value == int(value) for value in values)
    # Nobody states the ends of the scale in a table: what was used stands in for them.
    return {"key": key, "kind": "scale", "text": name, "low": low,
            "high": high if high > low else low + 1, "step": 1.0 if whole else 0.0}  # fmt: skip


def _once(names: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(names)
