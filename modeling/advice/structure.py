"""What advice is: the answer that its prose says, what lies behind it, and where it comes from."""

import math
from dataclasses import dataclass, field, replace

from analysis.gauge import DEAD_ZONE_DB
from analysis.vectors import STEMS, Balance, Move
from modeling.advice.facts import Fact

INPUTS = ("mix", "stems", "loudness_table", "answer")
"""What a system can declare to hear; "answer" is for the oracle of an evaluation alone."""

_SAME_DB = 1e-6


@dataclass(frozen=True)
class SpokenMove:
    """One piece of advice: raise (positive dB) or lower a stem.

    `low_db` and `high_db` bound the interval of the move, both None where none is stated.
    `certainty` (0 to 1) orders the moves; it is not said, so it does not count in comparisons.

    Raises:
        ValueError: unknown stem, a move of 0 dB or no number, half an interval, or one that does
            not hold the move.
    """

    stem: str
    move_db: float
    low_db: float | None = None
    high_db: float | None = None
    certainty: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.stem not in STEMS:
            raise ValueError(f"stem {self.stem!r} is unknown; use one of {', '.join(STEMS)}")
        if not math.isfinite(self.move_db) or self.move_db == 0.0:
            raise ValueError(f"{self.stem}: a move of {self.move_db} dB says nothing; leave it out")
        if (self.low_db is None) != (self.high_db is None):
            raise ValueError(f"{self.stem}: an interval needs both ends")
        if self.low_db is not None and self.high_db is not None:
            ends = f"{self.stem}: the interval {self.low_db:g} to {self.high_db:g} dB"
            if not (math.isfinite(self.low_db) and math.isfinite(self.high_db)):
                raise ValueError(f"{ends} is not finite")
            if not self.low_db <= self.move_db <= self.high_db:
                raise ValueError(f"{ends} does not hold the move of {self.move_db:g} dB")

    @property
    def direction(self) -> str:
        """ "raise" or "lower"."""
        return "raise" if self.move_db > 0.0 else "lower"


@dataclass(frozen=True)
class Answer:
    """What prose says: the moves, most certain first; none means "leave it as it is".

    `within_db` says within how much a set that is left alone is balanced; None where not stated.

    Raises:
        ValueError: a stem is named twice, or `within_db` stands beside moves or is not positive.
    """

    moves: tuple[SpokenMove, ...] = ()
    within_db: float | None = None

    def __post_init__(self) -> None:
        stems = [move.stem for move in self.moves]
        if len(set(stems)) != len(stems):
            raise ValueError(f"a stem is moved twice: {', '.join(stems)}")
        if self.within_db is not None:
            if self.moves:
                raise ValueError("advice to move stems cannot call them balanced too")
            if not (math.isfinite(self.within_db) and self.within_db > 0.0):
                raise ValueError(f"balanced within {self.within_db} dB says nothing")

    @property
    def leave_it(self) -> bool:
        return not self.moves

    def as_move(self, mask: tuple[bool, ...]) -> Move:
        """The answer as a move: 0 dB where unmoved, None where `mask` is False.

        Raises:
            ValueError: a masked stem is moved.
        """
        values: list[float | None] = [0.0 if active else None for active in mask]
        for move in self.moves:
            index = STEMS.index(move.stem)
            if not mask[index]:
                raise ValueError(f"{move.stem} does not sound here, so it cannot be moved")
            values[index] = move.move_db
        return Move.from_sequence(values)


@dataclass(frozen=True)
class Uncertainty:
    """What a posterior says of the centred correction, per stem (None where masked).

    `expected` is its mean, `sigma_db` its standard deviation, `low_db` and `high_db` bound the
    central interval of probability `level`; `p_error` is the probability of an advisable error.
    """

    expected: Move
    sigma_db: tuple[float | None, ...]
    low_db: tuple[float | None, ...]
    high_db: tuple[float | None, ...]
    p_error: float
    level: float = 0.8

    def __post_init__(self) -> None:
        for name in ("sigma_db", "low_db", "high_db"):
            values = getattr(self, name)
            if len(values) != len(STEMS):
                raise ValueError(f"{name}: expected {len(STEMS)} values, got {len(values)}")
            if tuple(value is not None for value in values) != self.expected.mask:
                raise ValueError(f"{name}: other stems are masked than in the expected move")


@dataclass(frozen=True)
class Provenance:
    """Who said it: system and version, what it declared to hear, its weights, its seed."""

    system: str
    version: str
    hears: tuple[str, ...]
    checkpoint: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.hears) - set(INPUTS))
        if unknown:
            raise ValueError(f"hears: {', '.join(unknown)} is unknown; use {', '.join(INPUTS)}")


@dataclass(frozen=True)
class Advice:
    """Advice on one set of stems.

    `move` is what is advised (0 dB where a stem stays, None where masked), `balance` where it leads
    to. `original_prose` holds an author's own words where `prose` is a rewording of them.

    Raises:
        ValueError: move, balance, answer or uncertainty do not fit each other, a reason rests on
            something that the system does not hear, or there is no prose.
    """

    move: Move
    balance: Balance
    answer: Answer
    prose: str
    provenance: Provenance
    uncertainty: Uncertainty | None = None
    reasons: tuple[Fact, ...] = ()
    original_prose: str = ""

    def __post_init__(self) -> None:
        if self.move.mask != self.balance.mask:
            raise ValueError("advice: move and balance have different stems masked")
        if self.uncertainty is not None and self.uncertainty.expected.mask != self.move.mask:
            raise ValueError("advice: move and uncertainty have different stems masked")
        if not self.prose.strip():
            raise ValueError("advice: the prose is empty")
        self._check_answer()
        for fact in self.reasons:
            missing = sorted(fact.needs - set(self.provenance.hears))
            if missing:
                raise ValueError(
                    f"reason {fact.kind!r} needs {', '.join(missing)}, "
                    f"which {self.provenance.system} does not hear"
                )

    @property
    def leave_it(self) -> bool:
        """Whether the advice is to change nothing."""
        return self.answer.leave_it

    def starting_from(self, present: Balance) -> "Advice":
        """The same advice, applied to the present balance.

        A system hears a set without knowing where its faders stand; whoever shows the advice does.

        Raises:
            ValueError: other stems are masked in `present`.
        """
        return replace(self, balance=present + self.move)

    def _check_answer(self) -> None:
        said = {move.stem: move.move_db for move in self.answer.moves}
        for stem, value_db in self.move.to_mapping().items():
            if stem in said:
                if value_db is None or abs(value_db - said[stem]) > _SAME_DB:
                    raise ValueError(
                        f"advice: the answer moves {stem} by {said[stem]:g} dB, the move by "
                        f"{'nothing' if value_db is None else f'{value_db:g} dB'}"
                    )
            elif value_db is not None and abs(value_db) > DEAD_ZONE_DB + _SAME_DB:
                raise ValueError(f"advice: {stem} moves by {value_db:g} dB, but no move says so")
