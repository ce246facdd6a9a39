"""What the desk sends, checked: one clear line for the first thing that is wrong."""

import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from analysis.vectors import STEMS
from annotate.fields import StemValues, check_stem_values, is_finite_number, storable_text
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from annotate.services.events import EventError, read_events

CLIENT = re.compile(r"[0-9a-zA-Z_-]{8,32}")
SUBMIT_KEY = re.compile(r"[0-9a-zA-Z_-]{8,64}")
MAX_LISTENED_S = 600.0
MAX_SEQ = 10_000_000
COMMENT_LENGTH = 2000
REASON_LENGTH = 500


class PayloadError(ValueError):
    """Names the field, its value and what is expected."""


@dataclass(frozen=True, slots=True)
class Submission:
    key: str
    fader_db: StemValues
    confidence: int | None
    comment: str
    cannot_judge_reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    client: str
    page: int
    seq: int
    events: list[dict[str, Any]]
    moves: int
    listened_s: float
    desk: dict[str, Any]
    submission: Submission | None


def read_batch(data: object) -> Batch:
    """The save request's JSON as a Batch. Raises PayloadError."""
    if not isinstance(data, dict):
        raise PayloadError("the request must be one JSON object")
    client = data.get("client")
    if not isinstance(client, str) or not CLIENT.fullmatch(client):
        raise PayloadError("client must be 8 to 32 letters or digits")
    events = _events(data.get("events", []))
    desk = data.get("desk", {})
    submit = data.get("submit")
    return Batch(
        client=client,
        page=whole_number(data, "page", 0, 2**53),
        seq=whole_number(data, "seq", 1, MAX_SEQ),
        events=events,
        moves=sum(event["kind"] == "fader" for event in events),
        listened_s=finite_number(data.get("listened_s", 0.0), "listened_s", 0.0, MAX_LISTENED_S),
        desk=_desk(desk),
        submission=None if submit is None else _submission(submit),
    )


def check_faders(values: object, name: str = "faders_db") -> StemValues:
    """Four values from -40 to +12 dB, or null for off."""
    try:
        faders = check_stem_values(values)
    except ValidationError as error:
        raise PayloadError(f"{name}: {error.messages[0]}") from None
    for stem, value in faders.items():
        if value is not None and not FADER_LOW_DB <= value <= FADER_HIGH_DB:
            raise PayloadError(
                f"{name}.{stem} = {value} is outside {FADER_LOW_DB:g} to {FADER_HIGH_DB:+g} dB"
            )
    return faders


def whole_number(data: dict[str, Any], name: str, low: int, high: int) -> int:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PayloadError(f"{name} must be a whole number from {low} to {high}")
    return value


def finite_number(value: object, name: str, low: float, high: float) -> float:
    if not is_finite_number(value):
        raise PayloadError(f"{name} must be a finite number")
    if not low <= value <= high:
        raise PayloadError(f"{name} = {value} is outside {low:g} to {high:g}")
    return float(value)


def _events(events: object) -> list[dict[str, Any]]:
    try:
        return read_events(events)
    except EventError as error:
        raise PayloadError(str(error)) from None


def _desk(desk: object) -> dict[str, Any]:
    if not isinstance(desk, dict):
        raise PayloadError("desk must be an object")
    kept: dict[str, Any] = {}
    if "faders_db" in desk:
        kept["faders_db"] = check_faders(desk["faders_db"], "desk.faders_db")
    for name in ("mute", "solo"):
        roles = desk.get(name, [])
        if not isinstance(roles, list) or any(role not in STEMS for role in roles):
            raise PayloadError(f"desk.{name} must list stems")
        kept[name] = list(dict.fromkeys(roles))
    kept["loop"] = _loop(desk.get("loop"))
    kept["hold"] = desk.get("hold") is not False
    kept["confidence"] = _confidence(desk.get("confidence"))
    kept["comment"] = text_within(desk.get("comment", ""), "desk.comment", COMMENT_LENGTH)
    return kept


def _loop(loop: object) -> list[float] | None:
    if loop is None:
        return None
    if not isinstance(loop, list) or len(loop) != 2:
        raise PayloadError("desk.loop must be [start_s, end_s] or null")
    start_s, end_s = (finite_number(edge, "desk.loop", 0.0, 3600.0) for edge in loop)
    if end_s <= start_s:
        raise PayloadError("desk.loop must end after it starts")
    return [start_s, end_s]


def _confidence(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise PayloadError(f"confidence = {str(value)[:20]} must be 1 to 5 or null")
    return value


def text_within(value: object, name: str, length: int) -> str:
    if not isinstance(value, str):
        raise PayloadError(f"{name} must be text")
    if len(value) > length:
        raise PayloadError(f"{name} has {len(value)} characters: at most {length}")
    return storable_text(value)


def _submission(submit: object) -> Submission:
    if not isinstance(submit, dict):
        raise PayloadError("submit must be an object or null")
    key = submit.get("key")
    if not isinstance(key, str) or not SUBMIT_KEY.fullmatch(key):
        raise PayloadError("submit.key must be 8 to 64 letters, digits, - or _")
    return Submission(
        key=key,
        fader_db=check_faders(submit.get("faders_db"), "submit.faders_db"),
        confidence=_confidence(submit.get("confidence")),
        comment=text_within(submit.get("comment", ""), "submit.comment", COMMENT_LENGTH),
        cannot_judge_reason=text_within(
            submit.get("cannot_judge", ""), "submit.cannot_judge", REASON_LENGTH
        ).strip(),
    )
