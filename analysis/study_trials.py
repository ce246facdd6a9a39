"""The trials of an export as columns."""

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.study_parts import (
    TRIAL_KINDS,
    TRIAL_STATES,
    ExportError,
    Item,
    Rater,
    Stimulus,
    Trials,
)
from analysis.study_reading import known, mapping, number_or_nan, shown, text

_WHOLE = ("rater", "item", "block", "position", "repeat", "kind", "state", "order")


def as_numbers(column: "array[Any]", kind: type = np.int64) -> NDArray[Any]:
    """A column as numpy, without a copy where the kinds agree."""
    return (
        np.frombuffer(column, dtype=column.typecode).astype(kind) if column else np.empty(0, kind)
    )


class TrialColumns:
    """Takes one trial after the other; `index` is trial key to row."""

    def __init__(
        self,
        raters: Sequence[Rater],
        items: Sequence[Item],
        stimuli: Sequence[Stimulus],
        blocks: Mapping[str, int],
    ) -> None:
        self.index: dict[str, int] = {}
        self._items, self._blocks = items, blocks
        self._rater_of = {rater.key: number for number, rater in enumerate(raters)}
        self._item_of = {item.key: number for number, item in enumerate(items)}
        self._stimulus_of = {(one.item, one.key): number for number, one in enumerate(stimuli)}
        self._whole = {name: array("i") for name in _WHOLE}
        self._duration_s, self._least_s = array("d"), array("d")
        self._start, self._stimulus, self._listened_s = array("q", [0]), array("i"), array("d")
        self._failures: dict[int, str] = {}

    def add(self, values: object) -> None:
        """One trial of the export. Raises ExportError."""
        row = len(self.index)
        trial = mapping(values, f"trials[{row}]")
        key = text(trial, "trial", f"trials[{row}]")
        where = f"trial {key}"
        if key in self.index:
            raise ExportError(f"{where} stands there twice")
        self.index[key] = row
        item = known(self._item_of, trial.get("item"), "item", where)
        block = self._items[item].block
        if trial.get("block", block) != block:
            raise ExportError(
                f"{where}: block = {shown(trial['block'])}, but its item's is {block}"
            )
        whole = {
            "rater": known(self._rater_of, trial.get("rater"), "rater", where),
            "item": item,
            "block": self._blocks[block],
            "position": _count(trial, "position", where),
            "repeat": _count(trial, "repeat", where),
            "kind": _place(trial.get("kind", "main"), TRIAL_KINDS, "kind", where),
            "state": _place(trial.get("state", "answered"), TRIAL_STATES, "state", where),
            "order": _count(trial, "order", where),
        }
        for name, value in whole.items():
            self._whole[name].append(value)
        self._duration_s.append(number_or_nan(trial, "duration_s", where))
        self._add_sides(trial, item, where)
        if trial.get("failure"):
            self._failures[row] = str(trial["failure"])

    def _add_sides(self, trial: Mapping[str, Any], item: int, where: str) -> None:
        listened = mapping(trial.get("listened_s") or {}, f"{where}: listened_s")
        sides = mapping(trial.get("sides") or {}, f"{where}: sides")
        for place, (letter, stimulus) in enumerate(sorted(sides.items())):
            if letter != chr(ord("A") + place):
                raise ExportError(f"{where}: side {letter!r}: sides are A, B, C... without a gap")
            number = self._stimulus_of.get((item, stimulus))
            if number is None:
                raise ExportError(f"{where}: side {letter} = {shown(stimulus)} is not of its item")
            self._stimulus.append(number)
            self._listened_s.append(number_or_nan(listened, letter, f"{where}: listened_s"))
        times = [number_or_nan(listened, name, f"{where}: listened_s") for name in listened]
        self._least_s.append(min(times, default=math.nan))
        self._start.append(len(self._stimulus))

    def table(self) -> Trials:
        """All trials that were added."""
        whole = {name: as_numbers(column) for name, column in self._whole.items()}
        return Trials(
            key=list(self.index),
            duration_s=as_numbers(self._duration_s, np.float64),
            listened_least_s=as_numbers(self._least_s, np.float64),
            side_start=as_numbers(self._start),
            side_stimulus=as_numbers(self._stimulus),
            side_listened_s=as_numbers(self._listened_s, np.float64),
            failures=self._failures,
            **whole,
        )


def _place(value: object, allowed: tuple[str, ...], field: str, where: str) -> int:
    if value not in allowed:
        raise ExportError(f"{where}: {field} = {shown(value)}: one of {', '.join(allowed)}")
    return allowed.index(str(value))


def _count(values: Mapping[str, Any], field: str, where: str) -> int:
    value = values.get(field)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ExportError(f"{where}: {field} = {shown(value)}: a count is expected")
    return value
