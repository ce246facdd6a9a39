"""Large JSON objects without their objects: the elements of a long list, one at a time.

A study of a million judgements is a text of a few hundred megabytes; as Python objects it would be
several times that.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class JsonObject:
    """One JSON object of a file; the lists named in `streamed` are decoded anew at each pass.

    Raises:
        ValueError: the text is no JSON object, or says a key twice.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path, streamed: frozenset[str]) -> None:
        self._text = path.read_text(encoding="utf-8")
        self.values: dict[str, Any] = {}
        self._lists: dict[str, int] = {}
        self._read(streamed)

    def elements(self, key: str) -> Iterator[Any]:
        """The elements of a streamed list, in order; none where the object has no such list."""
        if key in self._lists:
            place = self._lists[key]
            while True:
                place = self._after_space(place + 1)
                if self._text[place] == "]":
                    return
                value, place = self._decoded(place)
                yield value
                place = self._after_space(place)
                if self._text[place] == "]":
                    return

    def __contains__(self, key: str) -> bool:
        return key in self.values or key in self._lists

    def _read(self, streamed: frozenset[str]) -> None:
        place = self._expect(self._after_space(0), "{")
        place = self._after_space(place)
        if self._text[place : place + 1] == "}":
            return
        while True:
            key, place = self._decoded(self._after_space(place))
            if not isinstance(key, str):
                raise ValueError(f"a key is expected at character {place}")
            if key in self:
                raise ValueError(f"{key} stands there twice")
            place = self._after_space(self._expect(self._after_space(place), ":"))
            if key in streamed and self._text[place : place + 1] == "[":
                self._lists[key] = place
                place = self._after_list(place)
            else:
                self.values[key], place = self._decoded(place)
            place = self._after_space(place)
            if self._text[place : place + 1] == "}":
                break
            place = self._expect(place, ",")
        if self._after_space(place + 1) != len(self._text):
            raise ValueError(f"something follows the object at character {place + 1}")

    def _after_list(self, place: int) -> int:
        """Past the list that begins here, each element checked."""
        place = self._after_space(place + 1)
        if self._text[place : place + 1] == "]":
            return place + 1
        while True:
            _, place = self._decoded(self._after_space(place))
            place = self._after_space(place)
            if self._text[place : place + 1] == "]":
                return place + 1
            place = self._expect(place, ",")

    def _decoded(self, place: int) -> tuple[Any, int]:
        try:
            return _DECODER.raw_decode(self._text, place)
        except json.JSONDecodeError as error:
            raise ValueError(f"{error.msg} at line {error.lineno}") from error

    def _after_space(self, place: int) -> int:
        found = _SPACE.match(self._text, place)
        return place if found is None else found.end()

    def _expect(self, place: int, mark: str) -> int:
        if self._text[place : place + 1] != mark:
            raise ValueError(f"{mark} is expected at character {place}")
        return place + 1
