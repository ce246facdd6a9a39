"""From plain data to a spec, or one line that names the field."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studies.protocol.checks import faults
from studies.protocol.spec import Spec

# What pydantic says of these, in plain words.
_PLAIN = {
    "extra_forbidden": "unknown key; take it out",
    "missing": "is missing; give it",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
}
PRESETS = Path(__file__).resolve().parent / "presets"
LONGEST_SHOWN = 60
# A text is one string or one for each language: which of the two was tried is no part of its path.
_KIND_OF_TEXT = re.compile(r"constrained-str$|dict\[|\[key\]$")


# Of a field's name that is no field's, so much is shown.
LONGEST_PART = 80


class SpecError(ValueError):
    """One line: the field, its value, and what to do. `faults` are all that were found, a line
    each, the first of which is the message."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults) or (message,)


def read_spec(data: object) -> Spec:
    """A whole spec from plain data, its preset filled in and its design checked.

    Raises:
        SpecError: the first thing that is wrong.
    """
    if not isinstance(data, dict):
        raise SpecError("a spec must be one object (a TOML file, or one JSON object)")
    whole = _with_preset(data)
    try:
        place = _place_of_nul(whole)
    except RecursionError:
        raise SpecError("a spec is not nested so deeply") from None
    if place is not None:
        raise SpecError(
            f"{_path(place)}: holds a NUL character, which no database keeps; take it out"
        )
    try:
        spec = Spec.model_validate(whole)
    except ValidationError as error:
        lines = _lines(error)
        raise SpecError(lines[0], lines) from None
    found = faults(spec)
    if found:
        raise SpecError(found[0], found)
    return spec


def _place_of_nul(value: Any, way: tuple[int | str, ...] = ()) -> tuple[int | str, ...] | None:
    """Where a text holds a NUL; None where none does."""
    if isinstance(value, str):
        return way if "\0" in value else None
    below: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    for key, one in below:
        name = key if isinstance(key, int) else str(key)[:LONGEST_SHOWN].replace("\0", "")
        found = _place_of_nul(one, (*way, name))
        if found is not None:
            return found
    return None


def read_toml(path: Path) -> Spec:
    """The spec in a TOML file. Raises SpecError, naming the file."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpecError(f"{path}: {error}") from None
    try:
        return read_spec(data)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def preset_names() -> list[str]:
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def preset(name: str) -> dict[str, Any]:
    """A preset's plain data. Raises SpecError for one that does not exist."""
    if name not in preset_names():
        raise SpecError(
            f"preset: no {name[:LONGEST_SHOWN]!r}; known are {', '.join(preset_names())}"
        )
    return tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def _with_preset(data: dict[str, Any]) -> dict[str, Any]:
    name = data.get("preset")
    if not name or not isinstance(name, str):
        return data
    base, items = preset(name), data.get("items")
    if isinstance(items, dict) and "listed" in items and "draw" not in items:
        # Who lists items has said which ones: none are drawn beside them.
        del base["items"]
    return _merged(base, data)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid upon `base`: tables are merged, everything else is replaced."""
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            both[key] = _merged(below, value)
        else:
            both[key] = value
    return both


def _lines(error: ValidationError) -> list[str]:
    by_path = {_path(one["loc"]): _line(one) for one in reversed(error.errors(include_url=False))}
    return list(reversed(by_path.values()))


def _line(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    message = _PLAIN.get(str(fault["type"]), message)
    shown = repr(fault.get("input"))[:LONGEST_SHOWN]
    says_value = fault["type"] not in {"extra_forbidden", "missing", "value_error"}
    value = f" = {shown}" if says_value else ""
    return f"{_path(fault['loc'])}{value}: {message}"


def _path(location: tuple[int | str, ...]) -> str:
    """blocks[0].questions[1].high"""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not _KIND_OF_TEXT.match(part):
            text += f".{part if part.isprintable() else ascii(part)}"[:LONGEST_PART]
    return text.lstrip(".") or "spec"
