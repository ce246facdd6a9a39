"""How simulated raters answer: a worth for each thing compared, and a manner of going by it.

The worths come from the known error (studies.judging.rubric), so that a study of simulated raters
has a truth that its report must find.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from studies.protocol.answers import is_per_letter
from studies.protocol.spec import BOTH_BAD, TIE, Block, Question

MannerName = Literal["good", "noisy", "position-biased", "careless", "drop-out"]
MANNERS: tuple[MannerName, ...] = get_args(MannerName)
# Who comes, unless said otherwise: as crowd studies find them.
SHARES: dict[MannerName, float] = {
    "good": 0.55,
    "noisy": 0.2,
    "position-biased": 0.1,
    "careless": 0.05,
    "drop-out": 0.1,
}


@dataclass(frozen=True)
class Manner:
    """`noise` is the SD added to worths from 0 to 1, `lean` what the first is worth for being
    first; `attends` whether instructions are read; `leaves` is the chance to leave before each
    trial."""

    name: MannerName
    noise: float
    lean: float = 0.0
    attends: bool = True
    leaves: float = 0.0


KNOWN: dict[MannerName, Manner] = {
    "good": Manner("good", noise=0.12),
    "noisy": Manner("noisy", noise=0.35),
    "position-biased": Manner("position-biased", noise=0.15, lean=0.4),
    "careless": Manner("careless", noise=0.0, attends=False),
    "drop-out": Manner("drop-out", noise=0.15, leaves=0.15),
}
SAME, BAD = 0.08, 0.2
REASONS = ("clear and to the point", "the size seems right", "hard to say", "")


def draw_manner(rng: np.random.Generator, shares: Mapping[MannerName, float] = SHARES) -> Manner:
    """One person of the crowd."""
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    return KNOWN[names[int(rng.choice(len(names), p=weights / weights.sum()))]]


def answer(
    block: Block, worths: Mapping[str, float], manner: Manner, rng: np.random.Generator
) -> dict[str, Any]:
    """Answers to every question of a trial; `worths` by letter, from 0 to 1."""
    letters = list(worths)
    felt = {
        letter: _felt(worths[letter], place, manner, rng) for place, letter in enumerate(letters)
    }
    return {
        question.key: _one(block, question, felt, rng)
        for question in block.questions
        if question.required or rng.random() < 0.5
    }


def _felt(worth: float, place: int, manner: Manner, rng: np.random.Generator) -> float:
    if not manner.attends:
        return float(rng.random())
    lean = manner.lean if place == 0 else 0.0
    return worth + lean + float(rng.normal(0.0, manner.noise))


def _one(
    block: Block, question: Question, felt: Mapping[str, float], rng: np.random.Generator
) -> Any:
    if question.kind == "choice":
        return _choice(question, felt)
    if question.kind == "ranking":
        return sorted(felt, key=lambda letter: -felt[letter])
    if question.kind == "text":
        words = REASONS[int(rng.integers(len(REASONS)))]
        return words or ("no more to say" if question.required else "")
    numbers = {letter: on_scale(question, worth) for letter, worth in felt.items()}
    return numbers if is_per_letter(block, question) else next(iter(numbers.values()))


def _choice(question: Question, felt: Mapping[str, float]) -> str:
    (first, one), (second, other) = list(felt.items())[:2]
    if question.both_bad and max(one, other) < BAD:
        return BOTH_BAD
    if question.tie and abs(one - other) < SAME:
        return TIE
    return first if one >= other else second


def on_scale(question: Question, share: float) -> float:
    """A worth from 0 to 1 as a step of the scale."""
    span = question.high - question.low
    steps = round(min(1.0, max(0.0, share)) * span / question.step)
    return min(question.high, question.low + steps * question.step)


def attentive_answer(
    block: Block,
    right: Mapping[str, Any],
    letters: Sequence[str],
    manner: Manner,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Answers to an attention check: right for whoever attends, else as it comes."""
    guessed = answer(block, dict.fromkeys(letters, 0.5), manner, rng)
    return {**guessed, **right} if manner.attends else guessed
