"""The small parts of an export, checked: header, protocol, systems, items, raters.

Every fault is one line that names the part and the field, so that a hand-edited file can be mended.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.study_parts import (
    BLOCK_TYPES,
    QUESTION_KINDS,
    RATER_KINDS,
    RATER_STATES,
    ROLES,
    RUNS,
    TRIAL_KINDS,
    Block,
    ExportError,
    Item,
    Question,
    Rater,
    Stimulus,
    System,
)

Plain = Mapping[str, Any]


def mapping(value: object, where: str) -> Plain:
    """The value if it is an object."""
    if not isinstance(value, Mapping):
        raise ExportError(f"{where}: an object is expected, not {shown(value)}")
    return value


def listing(value: object, where: str) -> Sequence[Any]:
    """The value if it is a list."""
    if not isinstance(value, list | tuple):
        raise ExportError(f"{where}: a list is expected, not {shown(value)}")
    return value


def text(values: Plain, field: str, where: str) -> str:
    """A text that must be there and not be empty."""
    value = values.get(field)
    if not isinstance(value, str) or not value:
        raise ExportError(f"{where}: {field} = {shown(value)}: a text is expected")
    return value


def words(value: object) -> str:
    """A text in one language or several, in the first of them; empty where there is none."""
    if isinstance(value, Mapping):
        value = value.get("en") or next(iter(value.values()), "")
    return value if isinstance(value, str) else ""


def number(value: object, where: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ExportError(f"{where} = {shown(value)}: a number is expected")
    return float(value)


def number_or_nan(values: Plain, field: str, where: str) -> float:
    """A finite number, NaN where it is null or left out."""
    value = values.get(field)
    return math.nan if value is None else number(value, f"{where}: {field}")


def one_of(values: Plain, field: str, allowed: Sequence[str], where: str) -> str:
    """One of the allowed words."""
    value = values.get(field)
    if not isinstance(value, str) or value not in allowed:
        raise ExportError(f"{where}: {field} = {shown(value)}: one of {', '.join(allowed)}")
    return value


def shown(value: object) -> str:
    """A value in a message, cut short."""
    return repr(value)[:60]


def known(index: Mapping[str, int], key: object, what: str, where: str) -> int:
    """Where a key stands; refuses one that the export does not define."""
    found = index.get(key) if isinstance(key, str) else None
    if found is None:
        raise ExportError(f"{where}: no {what} {shown(key)} in this export")
    return found


def keyed(parts: Iterable[Any], field: str, what: str) -> dict[str, int]:
    """Key to index; refuses a key that stands twice."""
    index: dict[str, int] = {}
    for number_, part in enumerate(parts):
        key = text(mapping(part, f"{what}[{number_}]"), field, f"{what}[{number_}]")
        if key in index:
            raise ExportError(f"{what}: {field} {key!r} stands there twice")
        index[key] = number_
    return index


def read_systems(values: Sequence[Any]) -> tuple[System, ...]:
    keyed(values, "system", "systems")
    return tuple(
        System(
            label=str(one["system"]),
            name=one.get("name") if isinstance(one.get("name"), str) else None,
            title=words(one.get("title")),
            version=words(one.get("version")),
            kind=words(one.get("kind")),
            family=one.get("model_family") if isinstance(one.get("model_family"), str) else None,
        )
        for one in values
    )


def read_protocol(protocol: Plain) -> tuple[tuple[Block, ...], tuple[Question, ...]]:
    """The blocks and all their questions, in order."""
    blocks: list[Block] = []
    questions: list[Question] = []
    values = listing(protocol.get("blocks"), "protocol.blocks")
    keyed(values, "key", "protocol.blocks")
    for one in values:
        where = f"protocol.blocks {one['key']}"
        asked = listing(one.get("questions"), f"{where}: questions")
        keyed(asked, "key", f"{where}: questions")
        first = len(questions)
        questions += [_question(one["key"], question, where) for question in asked]
        blocks.append(
            Block(
                key=one["key"],
                type=one_of(one, "type", BLOCK_TYPES, where),
                title=words(one.get("title")),
                systems=tuple(map(str, listing(one.get("systems", []), f"{where}: systems"))),
                questions=tuple(range(first, len(questions))),
            )
        )
    return tuple(blocks), tuple(questions)


def _question(block: str, values: Plain, where: str) -> Question:
    where = f"{where}: question {values['key']}"
    kind = one_of(values, "kind", QUESTION_KINDS, where)
    low, high, step = (number_or_nan(values, field, where) for field in ("low", "high", "step"))
    if kind == "scale" and not low < high:
        raise ExportError(f"{where}: low = {low:g} must be under high = {high:g}")
    return Question(
        block=block,
        key=values["key"],
        kind=kind,
        text=words(values.get("text")),
        low=low,
        high=high,
        step=step if step > 0 else 0.0,
        low_label=words(values.get("low_label")),
        high_label=words(values.get("high_label")),
    )


def read_items(
    values: Sequence[Any], systems: Mapping[str, int], blocks: Mapping[str, int]
) -> tuple[tuple[Item, ...], tuple[Stimulus, ...]]:
    """All items, and all their stimuli one after the other."""
    keyed(values, "item", "items")
    items: list[Item] = []
    stimuli: list[Stimulus] = []
    for place, one in enumerate(values):
        where = f"item {one['item']}"
        block = text(one, "block", where)
        known(blocks, block, "block", where)
        first = len(stimuli)
        for stimulus in listing(one.get("stimuli", []), f"{where}: stimuli"):
            stimuli.append(_stimulus(mapping(stimulus, f"{where}: stimuli"), place, systems, where))
        items.append(_item(one, block, where, tuple(range(first, len(stimuli)))))
    return tuple(items), tuple(stimuli)


def _item(values: Plain, block: str, where: str, stimuli: tuple[int, ...]) -> Item:
    error_db = mapping(values.get("error_db") or {}, f"{where}: error_db")
    problem_db = mapping(values.get("problem_db") or {}, f"{where}: problem_db")
    balanced = values.get("is_balanced")
    return Item(
        key=values["item"],
        block=block,
        kind=one_of({"kind": "main", **values}, "kind", TRIAL_KINDS, where),
        song=words(values.get("song")),
        artist=words(values.get("artist")),
        title=words(values.get("title")),
        is_balanced=balanced if isinstance(balanced, bool) else None,
        error_db={
            stem: number(moved, f"{where}: error_db {stem}")
            for stem, moved in error_db.items()
            if moved is not None
        },
        answer=mapping(values.get("answer") or {}, f"{where}: answer"),
        stimuli=stimuli,
        silent=tuple(stem for stem, level in problem_db.items() if level is None),
    )


def _stimulus(values: Plain, item: int, systems: Mapping[str, int], where: str) -> Stimulus:
    key = text(values, "stimulus", where)
    where = f"{where}: stimulus {key}"
    system = values.get("system")
    return Stimulus(
        key=key,
        item=item,
        system=-1 if system is None else known(systems, system, "system", where),
        role=one_of({"role": "system", **values}, "role", ROLES, where),
        text=values.get("text") if isinstance(values.get("text"), str) else None,
        n_words=number_or_nan(values, "n_words", where),
        error_after_db=number_or_nan(values, "error_after_db", where),
        loudness_lufs=number_or_nan(values, "loudness_lufs", where),
        advice=mapping(values["advice"], f"{where}: advice") if values.get("advice") else None,
        character={
            name: number(value, f"{where}: character {name}")
            for name, value in mapping(values.get("character") or {}, where).items()
        },
    )


def read_raters(values: Sequence[Any]) -> tuple[Rater, ...]:
    keyed(values, "rater", "raters")
    return tuple(_rater(one, f"rater {one['rater']}") for one in values)


def _rater(values: Plain, where: str) -> Rater:
    gates = mapping(values.get("gates") or {}, f"{where}: gates")
    review = mapping(values.get("review") or {}, f"{where}: review")
    judge, simulated = values.get("judge"), values.get("simulated")
    steps = listing(values.get("steps") or [], f"{where}: steps")
    return Rater(
        key=values["rater"],
        kind=one_of(values, "kind", RATER_KINDS, where),
        run=one_of({"run": "main", **values}, "run", RUNS, where),
        state=one_of({"state": "complete", **values}, "state", RATER_STATES, where),
        questionnaire=mapping(values.get("questionnaire") or {}, f"{where}: questionnaire"),
        gates={
            name: mapping(gate, f"{where}: gate {name}") for name, gate in gates.items() if gate
        },
        steps=tuple(words(mapping(step, f"{where}: steps").get("step")) for step in steps),
        verdict=words(review.get("verdict")) or None,
        judge=None if judge is None else mapping(judge, f"{where}: judge"),
        manner=words(mapping(simulated, f"{where}: simulated").get("manner"))
        if simulated
        else None,
    )
