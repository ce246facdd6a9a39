"""Reads the raw answer of a chat completion, whatever an endpoint may send instead of one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class BrokenAnswerError(Exception):
    """A body that was cut or garbled on its way: asking again may help."""


class ForeignAnswerError(Exception):
    """A whole body that is no chat completion: asking again will not help."""


@dataclass(frozen=True)
class Completion:
    """The parts of a chat completion that count; tokens None where not counted."""

    text: str
    refusal: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None


def read_completion(raw: str) -> Completion:
    """The completion in a response body.

    Raises:
        BrokenAnswerError: no JSON.
        ForeignAnswerError: JSON of another schema.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BrokenAnswerError("the answer is no JSON") from error
    choice = _first_choice(body)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise ForeignAnswerError("the answer is no chat completion: it has no message")
    text, refusal = message.get("content"), message.get("refusal")
    if not isinstance(text, str | None) or not isinstance(refusal, str | None):
        raise ForeignAnswerError("the answer's message is no text")
    finish = str(choice.get("finish_reason") or "")
    if finish == "content_filter" and not refusal:
        refusal = "the endpoint's content filter stopped the answer"
    input_tokens, output_tokens = read_usage(body)
    return Completion(text or "", refusal or "", finish, input_tokens, output_tokens)


def read_usage(body: object) -> tuple[int | None, int | None]:
    """Tokens in and out that a body counts, None each where it does not."""
    usage = body.get("usage") if isinstance(body, Mapping) else None
    counts = usage if isinstance(usage, Mapping) else {}
    return _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))


def _first_choice(body: object) -> Mapping[str, Any]:
    choices = body.get("choices") if isinstance(body, Mapping) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ForeignAnswerError("the answer is no chat completion: it has no choices")
    return choices[0]


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count and isinstance(value, int) else None
