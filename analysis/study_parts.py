"""A study as its export tells it: what was asked, of whom, about what. Frozen values and columns.

Everything that is counted in thousands (trials, votes, ratings) is a table of numpy columns; rows
refer to raters, items, stimuli and questions by their index in the study.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from analysis.annotations import BoolArray, IntArray
from analysis.vectors import FloatArray

PAIRWISE, RATED, MULTI, MUSHRA, RANKING = (
    "pairwise advice", "rated advice", "multi-stimulus", "mushra", "ranking",
)  # fmt: skip
BLOCK_TYPES = (PAIRWISE, RATED, MULTI, MUSHRA, RANKING)
QUESTION_KINDS = ("choice", "scale", "ranking", "text")
PHASES = ("before", "after")
TRIAL_KINDS = ("main", "repeat", "training", "attention")
TRIAL_STATES = ("answered", "open", "failed")
RATER_KINDS = ("person", "simulated", "judge", "rubric")
RUNS = ("main", "pilot", "preview")
RATER_STATES = (
    "complete", "active", "dropped", "withdrawn", "screened out", "attention failed",
)  # fmt: skip
ROLES = ("system", "reference", "anchor", "problem")


class ExportError(ValueError):
    """An export that does not hold together; one line that names the field and what is wrong."""


@dataclass(frozen=True)
class Question:
    """What was asked of a trial; `low`, `high` and `step` are of a scale."""

    block: str
    key: str
    kind: str
    text: str
    low: float
    high: float
    step: float
    low_label: str = ""
    high_label: str = ""


@dataclass(frozen=True)
class Block:
    """Trials of one type; `questions` are indices into the study's."""

    key: str
    type: str
    title: str
    systems: tuple[str, ...]
    questions: tuple[int, ...]


@dataclass(frozen=True)
class System:
    """`label` stands for the system everywhere; `name` is None while the export is blinded."""

    label: str
    name: str | None
    title: str
    version: str
    kind: str
    family: str | None

    @property
    def shown(self) -> str:
        """What figures and tables call it."""
        return self.label if self.name is None else self.name.replace("_", " ")


@dataclass(frozen=True)
class Stimulus:
    """One text or mix of an item; `system` is -1 for a reference, an anchor or the problem."""

    key: str
    item: int
    system: int
    role: str
    text: str | None
    n_words: float
    error_after_db: float
    loudness_lufs: float
    advice: Mapping[str, Any] | None = None
    """The structured form, None for mixes and where it is not known."""
    character: Mapping[str, float] = field(default_factory=dict)
    """Features of the sound by name, with the unit in the name."""


@dataclass(frozen=True)
class Item:
    """One excerpt with one injected error."""

    key: str
    block: str
    kind: str
    song: str
    artist: str
    title: str
    is_balanced: bool | None
    error_db: Mapping[str, float]
    answer: Mapping[str, Any]
    stimuli: tuple[int, ...]
    silent: tuple[str, ...] = ()
    """Stems that the mix does not have."""

    @property
    def shown(self) -> str:
        return self.title or self.song or self.key


@dataclass(frozen=True)
class Rater:
    """A person, a simulated person, or a judge."""

    key: str
    kind: str
    run: str
    state: str
    questionnaire: Mapping[str, Any]
    gates: Mapping[str, Mapping[str, Any]]
    steps: tuple[str, ...]
    verdict: str | None
    judge: Mapping[str, Any] | None
    manner: str | None


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def select(self, rows: BoolArray | IntArray) -> Self:
        """The same with only these rows (a mask or indices)."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class Choices(Table):
    """Answers to "which of the two"; `choice` as `outcome` of analysis.preference_votes."""

    trial: IntArray
    question: IntArray
    phase: IntArray
    choice: IntArray
    confidence: FloatArray


@dataclass(frozen=True, eq=False)
class Ratings(Table):
    """One number for one stimulus."""

    trial: IntArray
    question: IntArray
    phase: IntArray
    stimulus: IntArray
    value: FloatArray
    confidence: FloatArray


@dataclass(frozen=True, eq=False)
class Rankings(Table):
    """One place for one stimulus: 1 is best, equals share the mean of their places."""

    trial: IntArray
    question: IntArray
    phase: IntArray
    stimulus: IntArray
    rank: FloatArray


@dataclass(frozen=True)
class Words:
    """Free text answered to one trial."""

    trial: int
    question: int
    phase: int
    text: str


@dataclass(frozen=True, eq=False)
class Trials:
    """All trials, as columns; `side_start[t]:side_start[t + 1]` are the sides of trial t."""

    key: list[str]
    rater: IntArray
    item: IntArray
    block: IntArray
    position: IntArray
    repeat: IntArray
    kind: IntArray
    """Index into TRIAL_KINDS."""
    state: IntArray
    """Index into TRIAL_STATES."""
    order: IntArray
    """1 or 2 where a judge saw both orders, 0 elsewhere."""
    duration_s: FloatArray
    side_start: IntArray
    side_stimulus: IntArray
    side_listened_s: FloatArray
    """NaN where nothing was recorded."""
    listened_least_s: FloatArray
    """The shortest time among all sounds of the trial; NaN where nothing was recorded."""
    failures: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.key)

    def first_sides(self, trials: IntArray) -> tuple[IntArray, IntArray]:
        """Stimuli on the first and second side of pairwise trials."""
        start = self.side_start[trials]
        return self.side_stimulus[start], self.side_stimulus[start + 1]


@dataclass(frozen=True, eq=False)
class Study:
    """The whole export; the header's plain parts stay as they were."""

    about: Mapping[str, Any]
    protocol: Mapping[str, Any]
    software: Mapping[str, Any]
    exported_at: str
    blocks: tuple[Block, ...]
    questions: tuple[Question, ...]
    systems: tuple[System, ...]
    items: tuple[Item, ...]
    stimuli: tuple[Stimulus, ...]
    raters: tuple[Rater, ...]
    trials: Trials
    choices: Choices
    ratings: Ratings
    rankings: Rankings
    words: tuple[Words, ...]
    n_judgements: int
    n_superseded: int
    exclusions: tuple[Mapping[str, Any], ...]
    log: tuple[Mapping[str, Any], ...]

    @property
    def plan(self) -> Mapping[str, Any]:
        found = self.protocol.get("plan")
        return found if isinstance(found, Mapping) else {}

    @property
    def stimulus_system(self) -> IntArray:
        """System of each stimulus, -1 where it has none."""
        return np.array([one.system for one in self.stimuli], dtype=np.int64)

    def question_index(self, block: str, key: str) -> int | None:
        """The question of this name, None where it was not asked."""
        for number, question in enumerate(self.questions):
            if (question.block, question.key) == (block, key):
                return number
        return None
