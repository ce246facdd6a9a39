"""Reading a study's export (docs/report.md, "The export"): everything the report is made from.

>>> read_export({"format": "gainsay-annotations"})
Traceback (most recent call last):
    ...
analysis.study_parts.ExportError: format = 'gainsay-annotations': expected gainsay-study
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.json_stream import JsonObject
from analysis.study_answers import AnswerColumns
from analysis.study_parts import ExportError, Study
from analysis.study_reading import (
    keyed,
    listing,
    mapping,
    read_items,
    read_protocol,
    read_raters,
    read_systems,
    shown,
)
from analysis.study_trials import TrialColumns

FORMAT, VERSION = "gainsay-study", 1
_STREAMED = frozenset({"trials", "judgements"})
_NEEDED = ("study", "protocol", "systems", "items", "raters", "trials", "judgements")


class _Given:
    """An export that is in memory already, read in the same way as one in a file."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {key: value for key, value in values.items() if key not in _STREAMED}
        self._lists = {key: values[key] for key in _STREAMED if key in values}

    def __contains__(self, key: str) -> bool:
        return key in self.values or key in self._lists

    def elements(self, key: str) -> Iterator[Any]:
        yield from listing(self._lists.get(key, []), key)


def read_export(source: Path | Mapping[str, Any]) -> Study:
    """A study from its export, a file or the object itself.

    Raises:
        ExportError: the export does not hold together; one line that names the file and the field.
    """
    if isinstance(source, Mapping):
        return _study(_Given(source))
    try:
        return _study(JsonObject(source, _STREAMED))
    except ExportError as error:
        raise ExportError(f"{source}: {error}") from error
    except OSError as error:
        raise ExportError(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise ExportError(f"{source}: no JSON object ({error})") from error


def _study(source: _Given | JsonObject) -> Study:
    values = source.values
    if values.get("format") != FORMAT:
        raise ExportError(f"format = {shown(values.get('format'))}: expected {FORMAT}")
    if values.get("version") != VERSION:
        raise ExportError(f"version = {shown(values.get('version'))}: this reads {VERSION}")
    for key in _NEEDED:
        if key not in source:
            raise ExportError(f"{key} is missing")
    protocol = mapping(values["protocol"], "protocol")
    systems = read_systems(listing(values["systems"], "systems"))
    labels = {system.label: number for number, system in enumerate(systems)}
    blocks, questions = read_protocol(protocol)
    places = {block.key: number for number, block in enumerate(blocks)}
    items, stimuli = read_items(listing(values["items"], "items"), labels, places)
    raters = read_raters(listing(values["raters"], "raters"))
    trials = TrialColumns(raters, items, stimuli, places)
    for one in source.elements("trials"):
        trials.add(one)
    table = trials.table()
    answers = AnswerColumns(table, trials.index, blocks, questions)
    for one in source.elements("judgements"):
        answers.add(one)
    answers.refuse_duplicates()
    return Study(
        about=mapping(values["study"], "study"),
        protocol=protocol,
        software=mapping(values.get("software") or {}, "software"),
        exported_at=str(values.get("exported_at") or ""),
        blocks=blocks,
        questions=questions,
        systems=systems,
        items=items,
        stimuli=stimuli,
        raters=raters,
        trials=table,
        choices=answers.choices(),
        ratings=answers.ratings(),
        rankings=answers.rankings(),
        words=answers.words(),
        n_judgements=answers.n_current,
        n_superseded=answers.n_superseded,
        exclusions=_exclusions(values.get("exclusions") or []),
        log=tuple(mapping(one, "log") for one in listing(values.get("log") or [], "log")),
    )


def _exclusions(values: object) -> tuple[Mapping[str, Any], ...]:
    found = listing(values, "exclusions")
    keyed(found, "name", "exclusions")
    return tuple(found)
