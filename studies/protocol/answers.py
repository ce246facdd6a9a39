"""Whether an answer fits its question: the one rule for people, simulated raters and judges."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotate.fields import is_finite_number, storable_text
from studies.protocol.spec import BOTH_BAD, TIE, Block, Question

# A scale's answer may be off its grid by what floats lose.
GRID_TOLERANCE = 1e-6


class AnswerError(ValueError):
    """One line: the question, what was answered, and what is allowed."""


def letters_of(n_stimuli: int) -> list[str]:
    """A, B, C... in the order shown.

    >>> letters_of(3)
    ['A', 'B', 'C']
    """
    return [chr(ord("A") + place) for place in range(n_stimuli)]


def is_per_letter(block: Block, question: Question) -> bool:
    """Whether a scale is answered for each stimulus, not once for the trial."""
    return question.kind == "scale" and block.type != "rated advice"


def check_answers(
    block: Block, letters: Sequence[str], values: object, *, partial: bool = False
) -> dict[str, Any]:
    """Answers by question, checked and in plain form; empty ones of optional questions left out.

    `partial` lets required questions stay open, as in a draft.

    Raises:
        AnswerError: an unknown question, an answer off its scale, a required one that is missing.
    """
    if not isinstance(values, Mapping):
        raise AnswerError("answers must be an object with one value for each question")
    questions = {question.key: question for question in block.questions}
    unknown = sorted(str(key)[:40] for key in set(values) - set(questions))
    if unknown:
        raise AnswerError(f"{unknown[0]}: no such question; asked are {', '.join(questions)}")
    checked = {}
    for key, question in questions.items():
        value = values.get(key)
        if value is None or value == "" or value == {}:
            if question.required and not partial:
                raise AnswerError(f"{key}: an answer is needed")
            continue
        checked[key] = _checked(block, question, letters, value, partial)
    return checked


def _checked(
    block: Block, question: Question, letters: Sequence[str], value: object, partial: bool
) -> Any:
    if question.kind == "choice":
        return _choice(question, letters, value)
    if question.kind == "text":
        return _words(question, value)
    if question.kind == "ranking":
        return _ranking(question, letters, value)
    if is_per_letter(block, question):
        return _numbers(question, letters, value, partial)
    return _number(question, value)


def _choice(question: Question, letters: Sequence[str], value: object) -> str:
    allowed = [*letters[:2]]
    allowed += [TIE] if question.tie else []
    allowed += [BOTH_BAD] if question.both_bad else []
    if not isinstance(value, str) or value not in allowed:
        raise AnswerError(f"{question.key} = {_shown(value)}: choose one of {', '.join(allowed)}")
    return value


def _words(question: Question, value: object) -> str:
    if not isinstance(value, str):
        raise AnswerError(f"{question.key} = {_shown(value)}: must be text")
    if len(value) > question.max_length:
        raise AnswerError(
            f"{question.key} has {len(value)} characters: at most {question.max_length}"
        )
    return storable_text(value)


def _number(question: Question, value: object) -> float:
    if not is_finite_number(value):
        raise AnswerError(f"{question.key} = {_shown(value)}: must be a number")
    number = float(value)
    if not question.low <= number <= question.high:
        raise AnswerError(
            f"{question.key} = {number:g}: outside {question.low:g} to {question.high:g}"
        )
    steps = (number - question.low) / question.step
    if abs(steps - round(steps)) > GRID_TOLERANCE:
        raise AnswerError(
            f"{question.key} = {number:g}: not a step of {question.step:g} from {question.low:g}"
        )
    return number


def _numbers(
    question: Question, letters: Sequence[str], value: object, partial: bool
) -> dict[str, float]:
    if not isinstance(value, Mapping) or not set(value) <= set(letters):
        raise AnswerError(
            f"{question.key}: must be an object with a number for each of {', '.join(letters)}"
        )
    missing = [letter for letter in letters if value.get(letter) is None]
    if missing and not partial and question.required:
        raise AnswerError(f"{question.key}: no number for {missing[0]}")
    return {
        letter: _number(question, value[letter])
        for letter in letters
        if value.get(letter) is not None
    }


def _ranking(question: Question, letters: Sequence[str], value: object) -> list[Any]:
    """Every letter once, best first; equals stand in a list of their own where ties are allowed."""
    told = f"{question.key}: must list each of {', '.join(letters)} once, best first"
    if not isinstance(value, list):
        raise AnswerError(told)
    places: list[Any] = []
    seen: list[str] = []
    for place in value:
        group = place if isinstance(place, list) else [place]
        if len(group) > 1 and not question.tie:
            raise AnswerError(f"{question.key}: equal places are not allowed here")
        if not group or any(not isinstance(letter, str) for letter in group):
            raise AnswerError(told)
        seen += group
        places.append(sorted(group) if len(group) > 1 else group[0])
    if sorted(seen) != sorted(letters):
        raise AnswerError(told)
    return places


def _shown(value: object) -> str:
    return repr(value)[:40]
