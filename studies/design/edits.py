"""Adding, taking out and moving a block, a question, a pair or a rule of a design in the making.

Data here is what a form held: it need not be a spec yet, and nothing of it is lost.
"""

import re
from typing import Any

from studies.protocol.spec import MOST_BLOCKS, MOST_QUESTIONS

_AT = re.compile(r"^(.*)\[(\d{1,3})\]$")
_STEP = re.compile(r"([a-z_]+)|\[(\d{1,3})\]")
# What a list holds at most, and what a new entry begins with.
MOST = {"blocks": MOST_BLOCKS, "questions": MOST_QUESTIONS, "contrasts": 66, "exclusions": 11}

NEEDED_KIND = {
    "pairwise advice": "choice",
    "rated advice": "scale",
    "multi-stimulus": "scale",
    "mushra": "scale",
    "ranking": "ranking",
}


class EditError(ValueError):
    """One line: what cannot be done with the design, and why."""


def edited(data: dict[str, Any], action: str) -> str:
    """Change `data` by "add:PATH", "remove:PATH", "up:PATH" or "down:PATH" (or "" for nothing); the
    path of what should be looked at now.

    Raises:
        EditError: no such action, nothing at that path, or the list is full.
    """
    verb, _, path = action.partition(":")
    if verb in {"", "show"}:
        return path
    if verb == "add":
        return _add(data, path)
    found = _AT.match(path)
    rows = _at(data, found.group(1)) if found else None
    place = int(found.group(2)) if found else -1
    if not isinstance(rows, list) or place >= len(rows):
        raise EditError(f"{path[:60]}: there is nothing there; reload the page")
    if verb == "remove":
        del rows[place]
        return ""
    if verb not in {"up", "down"}:
        raise EditError(f"{verb[:20]!r} is no action: add, remove, up, down")
    other = place + (-1 if verb == "up" else 1)
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
        place = other
    return f"{found.group(1)}[{place}]" if found else ""


def _add(data: dict[str, Any], path: str) -> str:
    above, _, name = path.rpartition(".")
    table = _at(data, above) if above else data
    if name not in MOST or not isinstance(table, dict):
        raise EditError(f"{path[:60]}: nothing can be added there; reload the page")
    rows = table.setdefault(name, [])
    if not isinstance(rows, list) or len(rows) >= MOST[name]:
        raise EditError(f"{path}: at most {MOST[name]} can be given")
    rows.append(_new(name, rows, table))
    return f"{path}[{len(rows) - 1}]"


def _new(name: str, rows: list[Any], table: dict[str, Any]) -> Any:
    if name == "blocks":
        last = rows[-1] if rows and isinstance(rows[-1], dict) else {}
        return {
            "key": _free("block", rows),
            "type": "pairwise advice",
            "systems": list(last.get("systems") or []),
            "questions": [{"key": "preference", "kind": "choice", "text": "", "required": True}],
        }
    if name == "questions":
        needed = NEEDED_KIND.get(str(table.get("type")), "scale")
        kinds = {row.get("kind") for row in rows if isinstance(row, dict)}
        kind = "text" if needed in kinds and needed != "scale" else needed
        return {
            "key": _free("question", rows),
            "kind": kind,
            "text": "",
            "required": kind != "text",
        }
    return ["", ""] if name == "contrasts" else {"rule": "complete", "value": None}


def _free(word: str, rows: list[Any]) -> str:
    taken = {str(row.get("key")) for row in rows if isinstance(row, dict)}
    return next(f"{word}-{n}" for n in range(1, len(rows) + 2) if f"{word}-{n}" not in taken)


def _at(data: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for name, number in _STEP.findall(path):
        if name and isinstance(data, dict):
            data = data.get(name)
        elif number and isinstance(data, list) and int(number) < len(data):
            data = data[int(number)]
        else:
            return None
    return data
