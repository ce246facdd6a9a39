"""From a form's fields to a spec's plain data. A field is named by its path, [] behind a list of
plain values: `order.overlap`, `blocks[0].systems[]`, `texts.consent.de`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from annotate.fields import storable_text
from studies.design.schema import SchemaField, spec_fields

_PART = re.compile(r"\.?([A-Za-z_]+)|\[(\d{1,6})\]|(\[\])$")
_DEEPEST = 8
_BETWEEN_NUMBERS = re.compile(r"[\s,;]+")
# A name, and behind it any number of moves.
_LISTED = re.compile(r"(.*?)((?:(?:^|[\s,]+)[A-Za-z]+=[^\s,]*)*)[\s,]*$")
_MOVE = re.compile(r"([A-Za-z]+)=([^\s,]*)")

Key = str | int


def read_form(fields: Iterable[tuple[str, list[str]]]) -> dict[str, Any]:
    """Plain data of a posted form (name, values); what names no field of a spec is left out.

    Numbers stay text where they are no numbers: `read_spec` says so, at the field.
    """
    tree: dict[Key, Any] = {}
    known = {name.partition(".")[0].partition("[")[0] for name in spec_fields()}
    for name, values in fields:
        parts = _parts(name)
        if parts and parts[0] in known:
            _put(tree, parts, [storable_text(value).replace("\r\n", "\n") for value in values])
    data = _lists(tree)
    assert isinstance(data, dict)
    _mend(data)
    return data


def _parts(name: str) -> list[Key]:
    """The path as keys and numbers; "[]" stands last for a list of plain values."""
    parts: list[Key] = []
    place = 0
    while place < len(name):
        found = _PART.match(name, place)
        if found is None or len(parts) >= _DEEPEST:
            return []
        word, number, many = found.groups()
        parts.append(int(number) if number else many or word)
        place = found.end()
    return parts


def _put(tree: dict[Key, Any], parts: list[Key], values: list[str]) -> None:
    is_list = parts[-1] == "[]"
    *way, last = parts[:-1] if is_list else parts
    at: Any = tree
    for part in way:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            return
    at[last] = [one for value in values for one in _split(value)] if is_list else values[-1]


def _split(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _lists(tree: Any) -> Any:
    """Tables whose keys are numbers become lists, in the order of the numbers."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(isinstance(key, int) for key in tree):
        return [_lists(tree[key]) for key in sorted(tree)]
    return {str(key): _lists(value) for key, value in tree.items()}


def _mend(data: dict[str, Any]) -> None:
    """What a form cannot say plainly: nothing, numbers in a row, one text for all languages."""
    items = data.get("items")
    if isinstance(items, dict):
        if isinstance(items.get("listed"), str):
            items["listed"] = read_listed(items["listed"])
        if isinstance(items.get("extra"), str):
            items["extra"] = [one.strip() for one in items["extra"].splitlines() if one.strip()]
        if isinstance(items.get("draw"), dict) and not items["draw"].get("count"):
            items["draw"] = None
    plan = data.get("plan")
    if isinstance(plan, dict) and isinstance(plan.get("primary"), dict):
        primary = plan["primary"]
        if not any(primary.get("contrast") or []):
            primary["contrast"] = None
        if not primary.get("block") and not primary.get("question"):
            plan["primary"] = None
    given = data.get("languages")
    languages = given if isinstance(given, list) else []
    _mend_table("", data, languages)


def _mend_table(prefix: str, table: dict[str, Any], languages: list[str]) -> None:
    for name, value in table.items():
        pattern = f"{prefix}.{name}".lstrip(".")
        field = spec_fields().get(pattern)
        if field is not None and field.kind != "rows":
            table[name] = _mended(field, value, languages)
        elif isinstance(value, dict):
            _mend_table(pattern, value, languages)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    _mend_table(f"{pattern}[]", one, languages)


def _mended(field: SchemaField, value: Any, languages: list[str]) -> Any:
    if field.may_be_null and value == "":
        return None
    if field.kind == "numbers" and isinstance(value, str):
        return [one for one in _BETWEEN_NUMBERS.split(value) if one]
    if field.kind == "names" and isinstance(value, str):
        return _split(value)
    if field.kind == "text" and isinstance(value, dict):
        given = {language: text for language, text in value.items() if text}
        if not given:
            return ""
        # The first language alone is the text for all.
        return given[languages[0]] if [*given] == languages[:1] else given
    return value


def read_listed(text: str) -> list[dict[str, Any]]:
    """Items by hand, one a line: an excerpt's key or song, then vocals=3 drums=-2.

    >>> read_listed("A song vocals=3\\nxyz")
    [{'excerpt': 'A song', 'error_db': {'vocals': '3'}}, {'excerpt': 'xyz', 'error_db': {}}]
    """
    items = []
    for line in text.splitlines():
        name, moves = _LISTED.match(line.strip()).groups()  # type: ignore[union-attr]
        if name or moves:
            items.append({"excerpt": name, "error_db": dict(_MOVE.findall(moves))})
    return items


def write_listed(items: Iterable[Mapping[str, Any]]) -> str:
    """The lines from which `read_listed` reads the same items."""
    lines = []
    for item in items:
        errors = item.get("error_db") or {}
        moves = [f"{stem}={_plain(value)}" for stem, value in errors.items()]
        lines.append(" ".join([str(item.get("excerpt", "")), *moves]))
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)
