"""The rubric rater: scores advice against the known error. It knows the answer, and is no LLM.

Deterministic, so that demos and tests have a rater whose opinion can be checked by hand. It stands
outside every table of judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.gauge import fewest_moves, moved_stems
from analysis.vectors import STEMS, Move, centre
from studies.protocol.answers import is_per_letter
from studies.protocol.spec import BOTH_BAD, TIE, Block, Question

LABEL = "rubric rater (knows the answer)"
WEIGHTS = {"stem": 0.35, "direction": 0.25, "size": 0.25, "clarity": 0.15}
# Differences under this are about the same, and worth under this is bad.
SAME, BAD = 0.05, 0.3
LONGEST_CLEAR_WORDS = 60
SMALLEST_ERROR_DB = 1.5
# A mix this far from the reference (centred, dB) is worth nothing.
WORTHLESS_DB = 6.0
DEGRADED_WORTH = 0.2


@dataclass(frozen=True)
class Worth:
    """Scores from 0 to 1."""

    stem: float
    direction: float
    size: float
    clarity: float

    @property
    def overall(self) -> float:
        return float(sum(weight * getattr(self, name) for name, weight in WEIGHTS.items()))


def worth_of_advice(error: Move, advised: Move, content: Mapping[str, Any], text: str) -> Worth:
    """How good an advised move is against the injected error.

    `content` is the structured form (modeling.advice.json_form) where there is one: it says whether
    a size and an interval are stated.
    """
    right = Move.from_sequence((-error.to_array()).tolist())
    wanted, said = _moved(right), _moved(advised)
    if not wanted:
        is_silent = not said
        stem = direction = float(is_silent)
    else:
        common = [name for name in said if name in wanted]
        precision = len(common) / len(said) if said else 0.0
        recall = len(common) / len(wanted)
        stem = 0.0 if not common else 2 * precision * recall / (precision + recall)
        agreeing = [name for name in common if (said[name] > 0) == (wanted[name] > 0)]
        direction = len(agreeing) / len(common) if common else 0.0
    return Worth(stem, direction, _size_worth(right, advised), _clarity(content, text))


def _moved(move: Move) -> dict[str, float]:
    """Stems that a move touches in its shortest form, with their dB."""
    form = fewest_moves(move)[0]
    values = form.to_mapping()
    return {stem: values[stem] or 0.0 for stem in moved_stems(form)}


def _size_worth(right: Move, advised: Move) -> float:
    before_db = _centred_mae_db(right.to_array())
    after_db = _centred_mae_db(right.to_array() - advised.to_array())
    return float(np.clip(1.0 - after_db / max(before_db, SMALLEST_ERROR_DB), 0.0, 1.0))


def _centred_mae_db(values_db: Any) -> float:
    centred = centre(values_db)
    return float(np.nanmean(np.abs(centred))) if np.isfinite(centred).any() else 0.0


def _clarity(content: Mapping[str, Any], text: str) -> float:
    moves = content.get("moves") or []
    says_size = all(move.get("db") for move in moves)
    if moves:
        has_interval = all(move.get("low_db") is not None for move in moves)
    else:
        has_interval = content.get("within_db") is not None
    score = 0.5 + 0.25 * says_size + 0.25 * has_interval
    surplus = max(0, len(text.split()) - LONGEST_CLEAR_WORDS)
    return max(0.0, score - surplus / (2 * LONGEST_CLEAR_WORDS))


def worth_of_mix(balance_db: Sequence[float], reference_db: Sequence[float], role: str) -> float:
    """How near a mix is to the reference, from 0 to 1; (4,) by STEMS, NaN where off."""
    if role == "anchor":
        return DEGRADED_WORTH
    distance_db = _centred_mae_db(np.asarray(balance_db) - np.asarray(reference_db))
    return float(np.clip(1.0 - distance_db / WORTHLESS_DB, 0.0, 1.0))


def answers(block: Block, worths: Mapping[str, Worth | float]) -> dict[str, Any]:
    """Answers to all questions of a block, from the worth of each letter."""
    overall = {
        letter: worth.overall if isinstance(worth, Worth) else worth
        for letter, worth in worths.items()
    }
    given: dict[str, Any] = {}
    for question in block.questions:
        if question.kind == "choice":
            given[question.key] = _choice(question, overall)
        elif question.kind == "ranking":
            given[question.key] = sorted(overall, key=lambda letter: (-overall[letter], letter))
        elif question.kind == "text":
            if question.required:
                given[question.key] = _words(overall)
        else:
            numbers = {
                letter: _on_scale(question, _asked_for(question, worth))
                for letter, worth in worths.items()
            }
            per_letter = is_per_letter(block, question)
            given[question.key] = numbers if per_letter else next(iter(numbers.values()))
    return given


def _choice(question: Question, overall: Mapping[str, float]) -> str:
    (first, one), (second, other) = list(overall.items())[:2]
    if question.both_bad and max(one, other) < BAD:
        return BOTH_BAD
    if abs(one - other) < SAME:
        return TIE if question.tie else first
    return first if one > other else second


def _asked_for(question: Question, worth: Worth | float) -> float:
    """Clarity is asked for by its name; every other scale gets the whole."""
    if isinstance(worth, float):
        return worth
    if question.key == "clarity":
        return worth.clarity
    if question.key == "technical-specificity":
        return (worth.clarity + worth.stem + worth.size) / 3
    return worth.overall


def _on_scale(question: Question, share: float) -> float:
    steps = round(share * (question.high - question.low) / question.step)
    return min(question.high, question.low + steps * question.step)


def _words(overall: Mapping[str, float]) -> str:
    return "; ".join(f"{letter}: {worth:.2f} of 1" for letter, worth in overall.items())


def move_of(content: Mapping[str, Any] | None) -> Move:
    """The advised move of a structured advice; no move where there is none."""
    values = (content or {}).get("move_db") or dict.fromkeys(STEMS, 0.0)
    return Move.from_mapping(values)
