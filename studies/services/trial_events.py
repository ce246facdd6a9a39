"""What a trial's page notes while somebody works: plays, switches, focus, device.

An event is {"t": ms, "kind": word, ...}; beside it small values only, since events are stored as
they are and a database refuses what JSON allows (NUL, halves of surrogate pairs) or what Python's
JSON allows (NaN).
"""

import re
from typing import Any

from annotate.fields import is_finite_number, storable_text
from annotate.services.events import LATEST_MS, MAX_EVENTS, EventError

KIND = re.compile(r"[a-z][a-z ]{0,23}")
NAME = re.compile(r"[a-z][a-z_]{0,23}")
MOST_FIELDS = 12
LONGEST_TEXT = 120


def read_trial_events(events: object) -> list[dict[str, Any]]:
    """The events of a batch; fields that are no small values are dropped. Raises EventError."""
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise EventError(f"events must be a list of at most {MAX_EVENTS}")
    return [_event(event) for event in events]


def _event(event: object) -> dict[str, Any]:
    if not isinstance(event, dict) or len(event) > MOST_FIELDS:
        raise EventError(f"an event must be an object of at most {MOST_FIELDS} fields")
    kind, time_ms = event.get("kind"), event.get("t")
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        raise EventError("an event's kind must be a word of lower-case letters")
    if not is_finite_number(time_ms) or not 0.0 <= time_ms <= LATEST_MS:
        raise EventError(f"event t (ms) must be a number from 0 to {LATEST_MS:g}")
    rest = {
        name: storable_text(value) if isinstance(value, str) else value
        for name, value in event.items()
        if name not in ("t", "kind") and NAME.fullmatch(name) and _is_small(value)
    }
    return {"t": time_ms, "kind": kind, **rest}


def _is_small(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    return value is None or isinstance(value, bool) or is_finite_number(value)
