"""The fields of the spec, read off its one schema: the builder and the documentation follow it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from studies.protocol.spec import Spec

Kind = Literal[
    "line", "text", "number", "integer", "flag", "choice", "choices", "names", "numbers", "rows"
]
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field; `path` has [] for every list it lies in: blocks[].questions[].high."""

    path: str
    kind: Kind
    required: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    longest: int | None = None
    may_be_null: bool = False

    @property
    def limits(self) -> str:
        """What is allowed, in words of the documentation."""
        if self.choices:
            return ", ".join(f"`{one}`" for one in self.choices)
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {_shown(self.high)}"
        if self.low is not None:
            return f"above {self.low:g}"
        return f"at most {self.longest} characters" if self.longest else ""


def _shown(number: float) -> str:
    return f"{number:g}" if number < 1e6 else f"{number:.0f}"


def pattern_of(path: str) -> str:
    """The schema's path of a value's path.

    >>> pattern_of("blocks[2].questions[0].high")
    'blocks[].questions[].high'
    """
    return _INDEX.sub("[]", path)


@cache
def spec_fields() -> dict[str, SchemaField]:
    """Every field of the spec by its path, in the schema's order."""
    schema = Spec.model_json_schema()
    return {field.path: field for field in _fields("", schema, schema["$defs"])}


def _fields(prefix: str, table: dict[str, Any], tables: dict[str, Any]) -> Iterator[SchemaField]:
    needed = table.get("required", [])
    for name, given in table["properties"].items():
        path = f"{prefix}.{name}".lstrip(".")
        shape, may_be_null = _shape(given, tables)
        if "properties" in shape:
            yield from _fields(path, shape, tables)
            continue
        rows = _shape(shape.get("items", {}), tables)[0]
        kind = _kind(shape, rows)
        of_items = rows if kind in {"choices", "numbers"} else shape
        yield SchemaField(
            path=path,
            kind=kind,
            required=name in needed,
            default=given.get("default"),
            choices=tuple(str(one) for one in of_items.get("enum", _only(of_items))),
            low=of_items.get("minimum", of_items.get("exclusiveMinimum")),
            high=of_items.get("maximum", of_items.get("exclusiveMaximum")),
            longest=shape.get("maxLength"),
            may_be_null=may_be_null,
        )
        if "properties" in rows:
            yield from _fields(f"{path}[]", rows, tables)


def _only(shape: dict[str, Any]) -> list[Any]:
    return [shape["const"]] if "const" in shape else []


def _shape(given: dict[str, Any], tables: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema behind a reference, and whether null is allowed beside it."""
    if "$ref" in given:
        return tables[given["$ref"].rpartition("/")[2]], False
    if "anyOf" in given:
        kinds = [one for one in given["anyOf"] if one.get("type") != "null"]
        shape, _ = _shape(kinds[0], tables)
        if len(kinds) > 1:  # one text, or one for each language
            shape = {**shape, "by language": True}
        return shape, len(kinds) < len(given["anyOf"])
    return given, False


def _kind(shape: dict[str, Any], rows: dict[str, Any]) -> Kind:
    if shape.get("type") == "array":
        if "properties" in rows or rows.get("type") == "array" or "prefixItems" in shape:
            return "rows"
        if "enum" in rows:
            return "choices"
        return "numbers" if rows.get("type") == "number" else "names"
    if "enum" in shape or "const" in shape:
        return "choice"
    if shape.get("by language"):
        return "text"
    kinds: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "flag"}
    kinds["object"] = "rows"
    return kinds.get(shape.get("type", ""), "line")
