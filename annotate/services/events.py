"""What the desk notes while somebody works: each event checked, and kept with what it needs to say.

Anything else that came along is dropped: the events are stored as they are, and a database refuses
what JSON allows (NUL, halves of surrogate pairs) or what Python's JSON allows (NaN).
"""

from typing import Any

from analysis.vectors import STEMS
from annotate.fields import is_finite_number
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB

PLAIN_KINDS = ("hidden", "visible", "volume")
STEM_KINDS = ("mute", "unmute", "solo", "unsolo")
POSITION_KINDS = ("play", "pause", "seek")
EVENT_KINDS = ("fader", *STEM_KINDS, *POSITION_KINDS, "loop", "ab", "hold", *PLAIN_KINDS)
MAX_EVENTS = 1000
LATEST_MS = 1e12
LONGEST_S = 3600.0


class EventError(ValueError):
    """Names the field and what is expected."""


def read_events(events: object) -> list[dict[str, Any]]:
    """The events of a batch, cleaned. Raises EventError for what the desk never sends."""
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise EventError(f"events must be a list of at most {MAX_EVENTS}")
    return [_event(event) for event in events]


def _event(event: object) -> dict[str, Any]:
    if not isinstance(event, dict) or event.get("kind") not in EVENT_KINDS:
        raise EventError(f"an event's kind must be one of {', '.join(EVENT_KINDS)}")
    kind, time_ms = event["kind"], event.get("t")
    if not is_finite_number(time_ms) or not 0.0 <= time_ms <= LATEST_MS:
        raise EventError(f"event t (ms) must be a number from 0 to {LATEST_MS:g}")
    return {"t": time_ms, "kind": kind, **_details(kind, event)}


def _details(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    if kind == "fader":
        return _fader(event)
    if kind in STEM_KINDS:
        return {"stem": event.get("stem")} if event.get("stem") in STEMS else {}
    if kind in POSITION_KINDS:
        return {"s": event["s"]} if _is_position(event.get("s")) else {}
    if kind == "loop":
        loop = event.get("loop")
        is_window = isinstance(loop, list) and len(loop) == 2 and all(map(_is_position, loop))
        return {"loop": loop if is_window else None}
    if kind == "ab":
        return {"side": "start" if event.get("side") == "start" else "now"}
    if kind == "hold":
        return {"on": event.get("on") is not False}
    return {}


def _fader(event: dict[str, Any]) -> dict[str, Any]:
    stem, level_db = event.get("stem"), event.get("db")
    if stem not in STEMS:
        raise EventError(f"a fader event's stem must be one of {', '.join(STEMS)}")
    if level_db is not None and not (
        is_finite_number(level_db) and FADER_LOW_DB <= level_db <= FADER_HIGH_DB
    ):
        raise EventError(
            f"event db must be null or a number from {FADER_LOW_DB:g} to {FADER_HIGH_DB:+g}"
        )
    return {"stem": stem, "db": level_db}


def _is_position(value: object) -> bool:
    return is_finite_number(value) and 0.0 <= value <= LONGEST_S
