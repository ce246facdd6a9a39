"""The table of docs/study-spec.md, made from the schema and the builder's words."""

from studies.design.schema import SchemaField, spec_fields
from studies.design.words import hint_of, label_of

KINDS = {
    "line": "text",
    "text": "text*",
    "number": "number",
    "integer": "whole number",
    "flag": "true or false",
    "choice": "one of",
    "choices": "list of",
    "names": "list of names",
    "numbers": "list of numbers",
    "rows": "list",
}
# What the schema has as tables with free keys, or as pairs.
SHAPES = {
    "items.listed[].error_db": "table, a number for each stem",
    "blocks[].contrasts": "list of pairs of systems",
    "plan.primary.contrast": "two systems",
}


def spec_table() -> str:
    """Markdown: every field with its kind, limits, default and meaning."""
    lines = ["| field | kind | default | what |", "|---|---|---|---|"]
    lines += [_row(field) for field in spec_fields().values()]
    return "\n".join(lines) + "\n"


def _row(field: SchemaField) -> str:
    kind = SHAPES.get(field.path) or KINDS[field.kind]
    limits = f" {field.limits}" if field.choices else f", {field.limits}" if field.limits else ""
    if field.path in SHAPES:
        limits = ""
    what = ". ".join(
        part.rstrip(".") for part in (label_of(field.path), hint_of(field.path)) if part
    )
    return f"| `{field.path}` | {kind}{limits} | {_default(field)} | {what} |"


def _default(field: SchemaField) -> str:
    if field.required:
        return "needed"
    if field.default is None or field.default in ("", [], {}):
        return "–"
    if isinstance(field.default, bool):
        return "true" if field.default else "false"
    if isinstance(field.default, list):
        return ", ".join(_plain(one) for one in field.default)
    return _plain(field.default)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
