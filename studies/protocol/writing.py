"""A spec as TOML that reads back as the same spec. (The standard library reads TOML only.)"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studies.protocol.spec import Spec

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+$")


def spec_toml(spec: Spec) -> str:
    """The whole spec. What is null is left out, as TOML has no word for it; where a preset would
    fill it in again, the preset is named in a comment only."""
    text = to_toml(spec.as_data())
    if not spec.preset:
        return text
    from studies.protocol.reading import SpecError, read_spec

    try:
        same = read_spec(tomllib.loads(text)) == spec
    except SpecError:
        same = False
    if same:
        return text
    return f"# Began with the preset {_text(spec.preset)}.\n" + to_toml(
        spec.as_data() | {"preset": ""}
    )


def to_toml(data: Mapping[str, Any]) -> str:
    """Plain data (text, numbers, truth values, lists, tables) as TOML; null is left out."""
    return "\n".join(_table("", data)).strip() + "\n"


def _table(path: str, table: Mapping[str, Any]) -> Iterator[str]:
    plain = {k: v for k, v in table.items() if v is not None and not _is_deep(v)}
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if value is None or not _is_deep(value):
            continue
        below = f"{path}.{_key(key)}" if path else _key(key)
        if isinstance(value, Mapping):
            yield f"\n[{below}]"
            yield from _table(below, value)
        else:
            for one in value:
                yield f"\n[[{below}]]"
                yield from _table(below, one)


def _is_deep(value: Any) -> bool:
    """Whether a value stands under a heading of its own."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(one) for one in value)}]"
    raise TypeError(f"{value!r} cannot be written as TOML")


def _text(text: str) -> str:
    """JSON's escapes are TOML's; text of several lines stays so."""
    lines = [json.dumps(line, ensure_ascii=False)[1:-1] for line in text.split("\n")]
    lines = [line.replace("\x7f", "\\u007f") for line in lines]
    return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'


def _key(key: str) -> str:
    return key if _BARE_KEY.match(key) else _text(key).replace("\n", "\\n")
