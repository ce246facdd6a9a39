"""What a trial's page sends, checked: one clear line for the first thing that is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.services.events import EventError
from annotate.services.payload import (
    CLIENT,
    MAX_LISTENED_S,
    MAX_SEQ,
    SUBMIT_KEY,
    PayloadError,
    finite_number,
    text_within,
    whole_number,
)
from studies.protocol.answers import AnswerError, check_answers
from studies.protocol.hashing import content_hash
from studies.protocol.spec import Block
from studies.services.trial_events import read_trial_events

PHASES = ("before", "after")
MOST_SOUNDS = 32
REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Submission:
    """`values` is {} where there is a `no_answer_reason`. `content_hash` is of what was sent, so
    that the same key with other content is found out."""

    key: str
    phase: str
    values: dict[str, Any]
    no_answer_reason: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    client: str
    page: int
    seq: int
    events: list[dict[str, Any]]
    listened_s: dict[str, float]
    draft: dict[str, Any]
    submission: Submission | None


def read_batch(data: object, block: Block, letters: Sequence[str]) -> Batch:
    """The save request's JSON as a Batch for a trial of this block. Raises PayloadError."""
    if not isinstance(data, dict):
        raise PayloadError("the request must be one JSON object")
    client = data.get("client")
    if not isinstance(client, str) or not CLIENT.fullmatch(client):
        raise PayloadError("client must be 8 to 32 letters or digits")
    submit = data.get("submit")
    try:
        return Batch(
            client=client,
            page=whole_number(data, "page", 0, 2**53),
            seq=whole_number(data, "seq", 1, MAX_SEQ),
            events=read_trial_events(data.get("events", [])),
            listened_s=_listened(data.get("listened_s", {})),
            draft=check_answers(block, letters, data.get("draft") or {}, partial=True),
            submission=None if submit is None else _submission(submit, block, letters),
        )
    except (EventError, AnswerError) as error:
        raise PayloadError(str(error)) from None


def _listened(listened: object) -> dict[str, float]:
    """Seconds since the last batch, by the name of the sound; no zeros."""
    if not isinstance(listened, dict) or len(listened) > MOST_SOUNDS:
        raise PayloadError("listened_s must be an object: {sound: seconds}")
    seconds = {
        text_within(name, "listened_s", 24): finite_number(value, "listened_s", 0.0, MAX_LISTENED_S)
        for name, value in listened.items()
    }
    return {name: value for name, value in seconds.items() if value > 0.0}


def _submission(submit: object, block: Block, letters: Sequence[str]) -> Submission:
    if not isinstance(submit, dict):
        raise PayloadError("submit must be an object or null")
    key, phase = submit.get("key"), submit.get("phase", "before")
    if not isinstance(key, str) or not SUBMIT_KEY.fullmatch(key):
        raise PayloadError("submit.key must be 8 to 64 letters, digits, - or _")
    if phase not in PHASES:
        raise PayloadError("submit.phase must be before or after")
    reason = text_within(
        submit.get("no_answer_reason") or "", "submit.no_answer_reason", REASON_LENGTH
    ).strip()
    values = {} if reason else check_answers(block, letters, submit.get("values"))
    sent = {"phase": phase, "values": values, "no_answer_reason": reason}
    return Submission(key, phase, values, reason, content_hash(sent))
