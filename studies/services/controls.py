"""Training and attention trials: made by the site itself, so that they tell nothing of any system.

Texts come from the one writer that words every system's advice. The text of an attention check ends
with a sentence that says what to answer; among mixes one has a stem that is 15 dB too loud.
"""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.vectors import STEMS
from annotate.fields import StemValues
from modeling.advice.structure import Answer, SpokenMove
from modeling.advice.writer import write
from studies.protocol.spec import Block

BROKEN_DB = 15.0
PLEASE_CHOOSE = "This one is here to see that advice is read: please choose it."
PLEASE_LOWEST = "This one is here to see that advice is read: please give it the lowest value."
PLEASE_LAST = "This one is here to see that advice is read: please rank it last."
_SIZES_DB = (2.0, 3.0, 4.0, 5.0, 6.0)
_DRAFTS = 40


@dataclass(frozen=True, slots=True)
class Control:
    """One stimulus of a training or attention trial."""

    text: str
    balance_db: StemValues


def training_controls(
    block: Block, n_stimuli: int, problem_db: StemValues, rng: random.Random
) -> list[Control]:
    """Stimuli to practise with: none is right or wrong."""
    if block.is_about_advice:
        return _advised(block, n_stimuli, problem_db, rng)
    return _mixes(n_stimuli, problem_db, rng)


def attention_controls(
    block: Block, n_stimuli: int, problem_db: StemValues, rng: random.Random
) -> tuple[list[Control], dict[str, Any]]:
    """Stimuli of which the first is the one to find, and the right answer by question."""
    key = _asked(block)
    if not block.is_about_advice:
        controls = _mixes(n_stimuli, problem_db, rng)
        stem = rng.choice(_sounding(problem_db))
        broken = dict(problem_db) | {stem: (problem_db[stem] or 0.0) + BROKEN_DB}
        controls[0] = Control("", broken)
        rule = {"last": 1} if block.type == "ranking" else {"lowest": 1}
        return controls, {key: rule}
    plea, answer = _plea(block, key)
    return _advised(block, n_stimuli, problem_db, rng, plea), answer


def _asked(block: Block) -> str:
    """The question that a check is on: the first that is not free text."""
    wanted = {"pairwise advice": "choice", "ranking": "ranking"}.get(block.type, "scale")
    return next(question.key for question in block.questions if question.kind == wanted)


def _plea(block: Block, key: str) -> tuple[str, dict[str, Any]]:
    if block.type == "pairwise advice":
        return PLEASE_CHOOSE, {key: {"choose": 1}}
    if block.type == "ranking":
        return PLEASE_LAST, {key: {"last": 1}}
    scales = [question for question in block.questions if question.kind == "scale"]
    return PLEASE_LOWEST, {question.key: {"exactly": question.low} for question in scales}


def _advised(
    block: Block, count: int, problem_db: StemValues, rng: random.Random, plea: str = ""
) -> list[Control]:
    """Different advice on one stem each, in the writer's words; the plea ends the first."""
    sounding = _sounding(problem_db)
    moves = [(stem, sign * size) for stem in sounding for size in _SIZES_DB for sign in (1, -1)]
    controls = []
    for number, (stem, move_db) in enumerate(rng.sample(moves, count)):
        ending = plea if number == 0 else ""
        text = _worded(block, Answer((SpokenMove(stem, move_db),)), ending, rng)
        after = dict(problem_db) | {stem: (problem_db[stem] or 0.0) + move_db}
        controls.append(Control(text, after))
    return controls


def _worded(block: Block, answer: Answer, ending: str, rng: random.Random) -> str:
    """Within the block's length band where the writer gets there; else as near as it does."""
    low, high = block.advice.min_words, block.advice.max_words
    drafts = []
    for _ in range(_DRAFTS):
        words = write(answer, (), np.random.default_rng(rng.getrandbits(32)), reasons=False)
        text = f"{words} {ending}".strip()
        n_words = len(text.split())
        if low <= n_words <= high:
            return text
        drafts.append((max(low - n_words, n_words - high), text))
    return min(drafts)[1]


def _mixes(count: int, problem_db: StemValues, rng: random.Random) -> list[Control]:
    """Mixes a little off, each in another way."""
    sounding = _sounding(problem_db)
    moves = [(stem, sign * size) for size in (1, 2, 3) for stem in sounding for sign in (1, -1)]
    chosen = rng.sample(moves, min(count, len(moves)))
    return [
        Control("", dict(problem_db) | {stem: (problem_db[stem] or 0.0) + float(move)})
        for stem, move in chosen
    ]


def _sounding(balance_db: StemValues) -> list[str]:
    return [stem for stem in STEMS if balance_db[stem] is not None]
