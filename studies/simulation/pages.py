"""A page as a simulated browser sees it: its forms with their fields, and the JSON it carries."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

CHOSEN = ("radio", "checkbox")
UNSENT = ("submit", "button", "reset", "image", "file")


@dataclass
class Field:
    """One name of a form. `choices` are the values that can be sent; free fields have none."""

    kind: str
    value: str = ""
    choices: list[str] = field(default_factory=list)
    low: float | None = None
    high: float | None = None


@dataclass
class Form:
    """`buttons` are the named submit buttons: {name: value}."""

    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """Forms and JSON of a page. What stands outside a form belongs to the one it names."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: Field | None = None
        self._textarea: str | None = None
        self._script: str | None = None
        self._scripts: dict[str, str] = {}
        self.feed(text)

    def json(self, name: str) -> Any | None:
        """The page's JSON script of this id; None where there is none."""
        text = self._scripts.get(name)
        return None if text is None else json.loads(text)

    def form_for(self, part_of_action: str = "", method: str = "post") -> Form | None:
        """The first form whose action holds these words."""
        found = [
            form for form in self.forms if form.method == method and part_of_action in form.action
        ]
        return found[0] if found else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "script" and given.get("type") == "application/json":
            self._script = given.get("id", "")
            self._scripts[self._script] = ""
        elif self._form is not None:
            self._handle_field(tag, given)

    def _handle_field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, fields = given.get("name", ""), self._form.fields
        if tag == "option" and self._select is not None:
            self._select.choices.append(given.get("value", ""))
        elif not name:
            return
        elif tag == "select":
            self._select = fields[name] = Field("select")
        elif tag == "textarea":
            fields[name] = Field("textarea")
        elif tag == "button":
            self._form.buttons[name] = given.get("value", "")
        elif tag == "input":
            self._handle_input(name, given)

    def _handle_input(self, name: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "text")
        if kind in UNSENT:
            return
        one = self._form.fields.setdefault(name, Field(kind))
        if kind in CHOSEN:
            one.choices.append(given.get("value", "on"))
        else:
            one.value = given.get("value", "")
            one.low, one.high = _number(given.get("min")), _number(given.get("max"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._scripts[self._script] += data


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
