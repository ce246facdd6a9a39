"""The judgements of an export as columns, sides mapped back to stimuli."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.preference_votes import ANSWERS
from analysis.study_parts import (
    PHASES,
    RATED,
    Block,
    Choices,
    ExportError,
    Question,
    Rankings,
    Ratings,
    Trials,
    Words,
)
from analysis.study_reading import mapping, number, number_or_nan, shown, text
from analysis.study_trials import as_numbers

_ROUNDING = 1e-6


class AnswerColumns:
    """Takes one judgement after the other; superseded revisions are counted and left out."""

    def __init__(
        self,
        trials: Trials,
        index: Mapping[str, int],
        blocks: Sequence[Block],
        questions: Sequence[Question],
    ) -> None:
        self._index, self._questions, self._trials = index, questions, trials
        self._sides = np.diff(trials.side_start)
        self._first_side = trials.side_start
        self._block = trials.block.tolist()
        self._rated = [block.type == RATED for block in blocks]
        self._question_of = [
            {questions[number].key: number for number in block.questions} for block in blocks
        ]
        self.n_current = self.n_superseded = 0
        self._seen, self._seen_current = array("q"), array("q")
        self._vote = [array("i") for _ in range(4)]
        self._rating = [array("i") for _ in range(4)]
        self._ranking = [array("i") for _ in range(4)]
        self._vote_confidence, self._rating_confidence = array("d"), array("d")
        self._value, self._rank = array("d"), array("d")
        self._words: list[Words] = []

    def add(self, values: object) -> None:
        """One judgement of the export. Raises ExportError."""
        row = self.n_current + self.n_superseded
        judgement = mapping(values, f"judgements[{row}]")
        trial = self._index.get(judgement.get("trial", ""))
        if trial is None:
            raise ExportError(f"judgements[{row}]: no trial {shown(judgement.get('trial'))}")
        where = f"judgement {row} on trial {judgement['trial']}"
        block = self._block[trial]
        question = self._question_of[block].get(judgement.get("question", ""))
        if question is None:
            asked = ", ".join(self._question_of[block])
            raise ExportError(
                f"{where}: question = {shown(judgement.get('question'))}: asked were {asked}"
            )
        phase = judgement.get("phase", "before")
        if phase not in PHASES:
            raise ExportError(f"{where}: phase = {shown(phase)}: one of {', '.join(PHASES)}")
        self._note(judgement, trial, question, PHASES.index(phase), where)

    def _note(
        self, judgement: Mapping[str, Any], trial: int, question: int, phase: int, where: str
    ) -> None:
        revision = judgement.get("revision", 1)
        if isinstance(revision, bool) or not isinstance(revision, int) or not 0 < revision < 2**12:
            raise ExportError(f"{where}: revision = {shown(revision)}: 1 or more is expected")
        cell = (trial * len(self._questions) + question) * len(PHASES) + phase
        self._seen.append(cell * 2**12 + revision)
        if judgement.get("is_current", True) is not True:
            self.n_superseded += 1
            return
        self.n_current += 1
        self._seen_current.append(cell)
        confidence = number_or_nan(judgement, "confidence", where)
        where = f"{where}: {self._questions[question].key}"
        self._answer(judgement.get("value"), (trial, question, phase), confidence, where)

    def _answer(
        self, value: object, place: tuple[int, int, int], confidence: float, where: str
    ) -> None:
        trial, question, phase = place
        kind = self._questions[question].kind
        if kind == "choice":
            _append(self._vote, *place, self._choice(value, trial, where))
            self._vote_confidence.append(confidence)
        elif kind == "scale":
            for stimulus, rated in self._numbers(value, trial, question, where):
                _append(self._rating, *place, stimulus)
                self._value.append(rated)
                self._rating_confidence.append(confidence)
        elif kind == "ranking":
            for stimulus, rank in self._ranks(value, trial, where):
                _append(self._ranking, *place, stimulus)
                self._rank.append(rank)
        else:
            words = text({"value": value}, "value", where) if value != "" else ""
            self._words.append(Words(trial, question, phase, words))

    def _choice(self, value: object, trial: int, where: str) -> int:
        if not isinstance(value, str) or value not in ANSWERS:
            raise ExportError(f"{where} = {shown(value)}: one of {', '.join(ANSWERS)}")
        if self._sides[trial] != 2:
            raise ExportError(f"{where}: its trial has {self._sides[trial]} sides, not 2")
        return ANSWERS[value]

    def _numbers(
        self, value: object, trial: int, question: int, where: str
    ) -> list[tuple[int, float]]:
        if self._rated[self._block[trial]]:
            if self._sides[trial] != 1:
                raise ExportError(f"{where}: its trial has {self._sides[trial]} sides, not 1")
            return [(self._stimulus("A", trial, where), self._in_scale(value, question, where))]
        values = mapping(value, where)
        return [
            (self._stimulus(side, trial, where), self._in_scale(rated, question, where))
            for side, rated in values.items()
            if rated is not None
        ]

    def _in_scale(self, value: object, question: int, where: str) -> float:
        rated, asked = number(value, where), self._questions[question]
        if not asked.low - _ROUNDING <= rated <= asked.high + _ROUNDING:
            raise ExportError(f"{where} = {rated:g}: outside {asked.low:g} to {asked.high:g}")
        return rated

    def _ranks(self, value: object, trial: int, where: str) -> list[tuple[int, float]]:
        if not isinstance(value, list):
            raise ExportError(f"{where} = {shown(value)}: a list of sides is expected, best first")
        places = [place if isinstance(place, list) else [place] for place in value]
        letters = [letter for place in places for letter in place]
        if sorted(map(str, letters)) != [chr(ord("A") + n) for n in range(self._sides[trial])]:
            raise ExportError(f"{where} = {shown(value)}: each side must stand there once")
        ranks: list[tuple[int, float]] = []
        for place in places:
            shared = len(ranks) + (len(place) + 1) / 2
            stimuli = [self._stimulus(letter, trial, where) for letter in place]
            ranks += [(stimulus, shared) for stimulus in stimuli]
        return ranks

    def _stimulus(self, letter: object, trial: int, where: str) -> int:
        place = ord(letter) - ord("A") if isinstance(letter, str) and len(letter) == 1 else -1
        if not 0 <= place < self._sides[trial]:
            raise ExportError(f"{where}: no side {shown(letter)} in its trial")
        return int(self._trials.side_stimulus[self._first_side[trial] + place])

    def refuse_duplicates(self) -> None:
        """Refuse two answers to one question of one trial. Raises ExportError."""
        for column, shift in ((self._seen_current, 1), (self._seen, 2**12)):
            cells = np.sort(as_numbers(column))
            twice = cells[1:][cells[1:] == cells[:-1]]
            if len(twice):
                cell = int(twice[0]) // shift // len(PHASES)
                trial, question = divmod(cell, len(self._questions))
                raise ExportError(
                    f"judgements: two of {self._questions[question].key} on trial "
                    f"{self._trials.key[trial]}; one person answers a question once"
                )

    def choices(self) -> Choices:
        trial, question, phase, choice = map(as_numbers, self._vote)
        confidence = as_numbers(self._vote_confidence, np.float64)
        return Choices(trial, question, phase, choice, confidence)

    def ratings(self) -> Ratings:
        trial, question, phase, stimulus = map(as_numbers, self._rating)
        confidence = as_numbers(self._rating_confidence, np.float64)
        value = as_numbers(self._value, np.float64)
        return Ratings(trial, question, phase, stimulus, value, confidence)

    def rankings(self) -> Rankings:
        trial, question, phase, stimulus = map(as_numbers, self._ranking)
        rank = as_numbers(self._rank, np.float64)
        return Rankings(trial, question, phase, stimulus, rank)

    def words(self) -> tuple[Words, ...]:
        return tuple(self._words)


def _append(columns: list["array[int]"], *values: int) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)
