"""A language in which every translated text wears brackets, so that a page shows what is not."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from unittest import mock

from django.utils.translation import trans_real

OPEN, SHUT = "⟦", "⟧"
SPOKEN_ATTRIBUTES = (
    *("aria-label", "aria-valuetext", "title", "alt", "placeholder"),
    *("data-form", "data-play", "data-stop", "data-name"),
)
# No words of any language: the site's name, units, and what stands on keys and buttons.
PLAIN = re.compile(r"Gainsay|\bdB\b|\b[A-Z]\b")
WRAPPED = re.compile(f"{OPEN}[^{OPEN}{SHUT}]*{SHUT}")
SEPARATOR = trans_real.CONTEXT_SEPARATOR


def wrapped(text: str) -> str:
    return f"{OPEN}{text}{SHUT}"


class Brackets:
    """Takes German's place. `lacking` keeps each text that the real German does not have."""

    def __init__(self) -> None:
        self.real = trans_real.translation("de")
        self.lacking: set[str] = set()
        self.asked: set[str] = set()

    def gettext(self, text: str) -> str:
        self._note(text, text)
        return wrapped(text.rpartition(SEPARATOR)[2])

    def ngettext(self, one: str, many: str, number: int) -> str:
        self._note(one, (one, self.real.plural(number)))
        return wrapped((one if number == 1 else many).rpartition(SEPARATOR)[2])

    def _note(self, text: str, key: Any) -> None:
        self.asked.add(text)
        if self.real._catalog.get(key) is None:
            self.lacking.add(text)

    def language(self) -> str:
        return "de"

    def to_language(self) -> str:
        return "de"


@contextmanager
def brackets() -> Iterator[Brackets]:
    """While it lasts, German is the language of brackets."""
    stand_in = Brackets()
    with mock.patch.dict(trans_real._translations, {"de": stand_in}):
        yield stand_in


class _Reader(HTMLParser):
    """What somebody sees or hears of a page, but for what is marked as another language."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr", "progress-none"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.texts: dict[str, str] = {}
        self.open: list[tuple[str, bool]] = []
        self.script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_silent = tag in ("script", "style") or "address" in (given.get("class") or "")
        is_silent |= tag != "html" and "lang" in given
        if tag not in self.VOID:
            self.open.append((tag, is_silent))
        if tag == "script":
            self.script = given.get("id") or ""
        if not any(silent for _, silent in self.open):
            self.said += [value for name in SPOKEN_ATTRIBUTES if (value := given.get(name))]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] == "script" and self.script == "texts":
            self.said += json.loads(data).values()
        elif not any(silent for _, silent in self.open):
            self.said.append(data)


def unwrapped(html: str) -> list[str]:
    """What a page says in words that wear no brackets."""
    reader = _Reader()
    reader.feed(html)
    return [said.strip() for said in reader.said if _has_words(said)]


def _has_words(said: str) -> bool:
    while WRAPPED.search(said):
        said = WRAPPED.sub(" ", said)
    return bool(re.search(r"[^\W\d_]", PLAIN.sub(" ", said)))
