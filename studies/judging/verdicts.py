"""The form of a verdict, and how strictly it is read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.fields import is_finite_number
from modeling.endpoint.request import Answer as Reply
from modeling.endpoint.request import one_line
from studies.protocol.answers import AnswerError, check_answers, is_per_letter
from studies.protocol.spec import BOTH_BAD, TIE, Block, Question


class VerdictError(Exception):
    """A verdict that cannot be used, and why, in one line on which the judge can act."""


@dataclass(frozen=True)
class Verdict:
    """Answers by question in the study's own form; `confidence` from 0 to 1."""

    values: dict[str, Any]
    confidence: float
    rationale: str


def schema_of(block: Block, letters: Sequence[str]) -> dict[str, Any]:
    """JSON schema of a verdict: the reasons first, then the answers, then how sure."""
    properties: dict[str, Any] = {"rationale": {"type": "string"}}
    for question in block.questions:
        properties[question.key] = _answer_schema(block, question, letters)
    properties["confidence"] = {"type": "number"}
    return _object_schema(properties)


def _answer_schema(block: Block, question: Question, letters: Sequence[str]) -> dict[str, Any]:
    if question.kind == "choice":
        return {"type": "string", "enum": allowed_choices(question, letters)}
    if question.kind == "text":
        return {"type": "string"}
    if question.kind == "ranking":
        return {"type": "array", "items": {"type": "string", "enum": list(letters)}}
    # Bounds are told in words and checked on reading: not every endpoint takes them here.
    number = {"type": "number"}
    if is_per_letter(block, question):
        return _object_schema({letter: dict(number) for letter in letters})
    return number


def _object_schema(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def allowed_choices(question: Question, letters: Sequence[str]) -> list[str]:
    """What a choice can be answered with."""
    more = [TIE] * question.tie + [BOTH_BAD] * question.both_bad
    return [*letters[:2], *more]


def read_verdict(reply: Reply, block: Block, letters: Sequence[str]) -> Verdict:
    """The verdict in a reply.

    Raises:
        VerdictError: a refusal, a cut, no JSON, another form, or answers off their scales.
    """
    if reply.refusal:
        raise VerdictError(f"it refuses to answer ({one_line(reply.refusal)})")
    if reply.finish_reason == "length":
        raise VerdictError("it is too long and was cut off")
    values = _object(reply.text)
    expected = {"rationale", "confidence", *(question.key for question in block.questions)}
    if set(values) != expected:
        missing, unknown = sorted(expected - set(values)), sorted(set(values) - expected)
        raise VerdictError(
            f"missing: {', '.join(missing) or 'none'}; "
            f"unknown: {one_line(', '.join(unknown)) or 'none'}"
        )
    confidence, rationale = values.pop("confidence"), values.pop("rationale")
    if not is_finite_number(confidence) or not 0.0 <= confidence <= 1.0:
        raise VerdictError(f"confidence is {one_line(str(confidence))}; use 0 to 1")
    if not isinstance(rationale, str):
        raise VerdictError("rationale must be text")
    try:
        checked = check_answers(block, letters, values)
    except AnswerError as error:
        raise VerdictError(one_line(str(error))) from error
    return Verdict(checked, float(confidence), rationale)


def _object(text: str) -> dict[str, Any]:
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", text, re.DOTALL)
    try:
        values = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        raise VerdictError("it is no JSON") from error
    if not isinstance(values, dict):
        raise VerdictError("it is no JSON object")
    return values
