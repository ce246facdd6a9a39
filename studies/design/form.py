"""The builder's form: fields of the spec with their present values, choices and faults."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studies.design.form_data import write_listed
from studies.design.schema import SchemaField, pattern_of, spec_fields
from studies.design.words import CHOICES, choice_label, hint_of, label_of

_FAULT = re.compile(
    r"^([a-z_][\w.]*(?:\[\d+\][\w.]*)*)(?: \([^)]*\)((?:[\w.]|\[\d+\])*))?(.*)$", re.S
)
_NO_ID = re.compile(r"[^a-z0-9]+")
# Texts of a line or two; the others are long.
SHORT_TEXTS = ("title", "text", "help", "low_label", "high_label", "contact")


@dataclass(frozen=True, slots=True)
class Input:
    """One control: of a field, or of a field in one language."""

    name: str
    id: str
    value: str
    language: str = ""
    label: str = ""
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool
    id: str


@dataclass(slots=True)
class FieldView:
    """A field as the template draws it."""

    path: str
    id: str
    label: str
    hint: str
    kind: str
    schema: SchemaField
    inputs: list[Input] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    is_on: bool = False
    rows: int = 1
    error: str = ""
    wants_focus: bool = False

    @property
    def optional(self) -> bool:
        is_text = self.kind in {"line", "text", "number", "integer"}
        return is_text and (self.schema.may_be_null or self.schema.default == "")


def id_of(path: str) -> str:
    """A path as the id of an element.

    >>> id_of("blocks[0].questions[1].high")
    'f-blocks-0-questions-1-high'
    """
    return "f-" + _NO_ID.sub("-", path.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of `SpecError`, taken apart: the path of its field, and what is wrong there."""

    path: str
    message: str
    line: str

    @classmethod
    def of_line(cls, line: str) -> "Fault":
        found = _FAULT.match(line)
        if found is None or not found.group(3).strip():
            return cls("", line, line)
        message = found.group(3).strip().removeprefix(":").strip()
        if message.startswith("= "):
            message = message[2:]
        return cls(found.group(1) + (found.group(2) or ""), message, line)


class DesignForm:
    """Asks for fields by path and remembers which it gave out, so that every fault finds the field
    that it is about, or the list of faults that are about none."""

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        systems: Sequence[tuple[str, str]] = (),
        faults: Iterable[str] = (),
        look_at: str = "",
    ) -> None:
        self.data = data
        self.systems = systems
        self.faults = [Fault.of_line(line) for line in faults]
        self.look_at = look_at
        given = data.get("languages")
        known = [one for one in given if one in CHOICES] if isinstance(given, list) else []
        self.languages = known or ["en"]
        self.fields: dict[str, FieldView] = {}
        self.groups: dict[str, FieldView] = {}

    def value(self, path: str) -> Any:
        """The value at a path, else the schema's default."""
        found: Any = self.data
        for name, number in re.findall(r"([a-z_]+)|\[(\d+)\]", path):
            if name and isinstance(found, Mapping):
                found = found.get(name)
            elif number and isinstance(found, Sequence) and int(number) < len(found):
                found = found[int(number)]
            else:
                found = None
            if found is None:
                break
        schema = spec_fields().get(pattern_of(path))
        if found is None and schema is not None and not schema.may_be_null:
            return schema.default
        return found

    def rows(self, path: str) -> list[str]:
        """The paths of a list's entries."""
        found = self.value(path)
        return [f"{path}[{n}]" for n in range(len(found))] if isinstance(found, list) else []

    def field(self, path: str, **changed: Any) -> FieldView:
        """A field by its path, with label, value, choices and what is wrong with it."""
        pattern = pattern_of(path)
        schema = spec_fields()[pattern]
        view = FieldView(
            path=path,
            id=id_of(path),
            label=changed.get("label") or label_of(pattern),
            hint=changed.get("hint", hint_of(pattern)),
            kind=changed.get("kind", schema.kind),
            schema=schema,
            rows=changed.get("rows", 1),
        )
        self._fill(view, self.value(path))
        return self._placed(view)

    def _placed(self, view: FieldView) -> FieldView:
        path = view.path
        self.fields[path] = view
        view.error = " ".join(fault.message for fault in self.faults if self._is_here(fault, path))
        if self.look_at and path.startswith(self.look_at):
            view.wants_focus, self.look_at = True, ""
        return view

    def _fill(self, view: FieldView, value: Any) -> None:
        schema = view.schema
        if view.kind == "flag":
            view.is_on = value in (True, "true", "on", "1")
        elif view.kind in {"choice", "choices"}:
            chosen = value if isinstance(value, list) else [value]
            self._choose(view, [(one, choice_label(one, pattern_of(view.path))) for one in
                                schema.choices], [str(one) for one in chosen])  # fmt: skip
        elif view.kind == "systems":
            chosen = [str(one) for one in value or []]
            known = [name for name, _title in self.systems]
            self._choose(view, self.systems, chosen)
            others = ", ".join(name for name in chosen if name not in known)
            view.inputs = [Input(f"{view.path}[]", f"{view.id}-other", others)]
        elif view.kind == "text":
            view.inputs = self._by_language(view, value)
            view.rows = view.rows if view.path.rpartition(".")[2] in SHORT_TEXTS else 5
        elif view.kind == "lines" and view.schema.kind == "names":
            view.inputs = [Input(view.path, view.id, "\n".join(str(one) for one in value or []))]
        else:
            view.inputs = [Input(view.path, view.id, shown(value))]

    def _choose(
        self, view: FieldView, choices: Iterable[tuple[str, str]], chosen: Sequence[str]
    ) -> None:
        view.choices = [
            Choice(value, label, value in chosen, f"{view.id}-{number}")
            for number, (value, label) in enumerate(choices)
        ]

    def _by_language(self, view: FieldView, value: Any) -> list[Input]:
        """One control for each language of the study; texts in another are kept, unseen."""
        one_for_all = not isinstance(value, Mapping)
        texts = dict.fromkeys(self.languages, value) if one_for_all else dict(value)
        if one_for_all:
            texts = {self.languages[0]: value}
        kept = [one for one in texts if one not in self.languages and texts[one]]
        return [
            Input(
                name=f"{view.path}.{language}",
                id=f"{view.id}-{language}" if place else view.id,
                value=shown(texts.get(language)),
                language=language,
                label=str(CHOICES[language]) if len(self.languages) > 1 else "",
                is_hidden=language in kept,
            )
            for place, language in enumerate([*self.languages, *kept])
            if language in CHOICES
        ]

    def _is_here(self, fault: Fault, path: str) -> bool:
        return fault.path == path or fault.path.startswith((f"{path}.", f"{path}["))

    def select(
        self, path: str, choices: Sequence[tuple[str, str]], *, label: str = "", hint: str = ""
    ) -> FieldView:
        """A field whose choices are the design's own: its blocks, questions, systems. What it holds
        is among them even where they hold it no longer."""
        pattern = pattern_of(path)
        schema = spec_fields().get(pattern) or spec_fields()[pattern.rstrip("[]")]
        view = FieldView(
            path=path, id=id_of(path), label=label or label_of(schema.path),
            hint=hint, kind="choice", schema=schema,
        )  # fmt: skip
        value = shown(self.value(path))
        known = [one for one, _label in choices]
        kept = [] if value in known or not value else [(value, value)]
        self._choose(view, [("", "–"), *choices, *kept], [value])
        return self._placed(view)

    def group(self, path: str) -> FieldView:
        """A place for what is wrong with a list or a table as a whole."""
        view = FieldView(path, id_of(path), "", "", "group", spec_fields()["title"])
        self.groups[path] = view
        view.error = " ".join(fault.message for fault in self.faults if fault.path == path)
        return view

    def errors(self) -> dict[str, str]:
        """What stands below each field and group, by id; "" where nothing is wrong."""
        views = [*self.fields.values(), *self.groups.values()]
        return {view.id: view.error for view in views}

    def elsewhere(self) -> list[Fault]:
        """Faults that no field given out so far is about."""
        return [
            fault
            for fault in self.faults
            if fault.path not in self.groups
            and not any(self._is_here(fault, path) for path in self.fields)
        ]

    def listed(self) -> FieldView:
        """The items listed by hand, as lines."""
        view = self.field("items.listed", kind="lines", rows=4)
        found = self.value("items.listed")
        text = write_listed([one for one in found or [] if isinstance(one, Mapping)])
        view.inputs = [Input("items.listed", view.id, text)]
        return view


def shown(value: Any) -> str:
    """A value as a control holds it.

    >>> shown([3.0, 6.5]), shown(None), shown(0.05)
    ('3, 6.5', '', '0.05')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(shown(one) for one in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
