"""How one annotation came about: the desk's events on one time axis, to watch and hear again.

Every page load counts its own time from 0 (a `client`). Loads follow one another with a second
between them; what somebody did not do for long while nothing played is shortened.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Assignment
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from annotate.plots import step_path
from annotate.templatetags.figures import clock, signed

LONGEST_IDLE_S = 5.0
BETWEEN_LOADS_S = 1.0
# Moves of one fader that follow each other so closely are one movement in the list of events.
ONE_MOVEMENT_S = 1.0
# The fader's law of the desk (static/js/scale.js): even room from -20 dB up, less below, then off.
BEND_DB, LOW_PLACE, BEND_PLACE = -20.0, 0.08, 0.32
MARKS_DB = (10.0, 0.0, -10.0, -20.0)
PLAIN_KINDS = ("hidden", "visible", "volume")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened at `at_s` of the replay. `value` depends on the kind: dB or null for
    a fader; the position in the excerpt in seconds for play, pause and seek; [start_s, end_s] or
    null for a loop; true or false for the hold of the loudness; "start" or "now" for what is heard.
    """

    at_s: float
    kind: str
    stem: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """A line in the list of events."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    duration_s: float
    visits: int
    moments: tuple[Moment, ...]

    def rows(self) -> list[EventRow]:
        return [EventRow(moments[0].at_s, _said(moments)) for moments in _movements(self.moments)]

    def paths(self, start_db: StemValues) -> dict[str, str]:
        """Path of each fader over time, in a box of 1000 x 100; empty where the stem is silent."""
        return {
            stem: step_path(
                [(0.0, place(start_db[stem])), *self._moves(stem)],
                duration_s=self.duration_s,
                low=0.0,
                high=1.0,
            )
            if start_db[stem] is not None
            else ""
            for stem in STEMS
        }

    @staticmethod
    def marks() -> list[tuple[float, float]]:
        """Levels to draw a line at, and how far down each is, in per cent."""
        return [(level_db, round(100.0 * (1.0 - place(level_db)), 2)) for level_db in MARKS_DB]

    def _moves(self, stem: str) -> list[tuple[float, float]]:
        return [
            (one.at_s, place(one.value))
            for one in self.moments
            if one.kind == "fader" and one.stem == stem
        ]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def place(fader_db: float | None) -> float:
    """Where a fader stands on its track: 0 (off) to 1 (top)."""
    if fader_db is None:
        return 0.0
    if fader_db < BEND_DB:
        share = (fader_db - FADER_LOW_DB) / (BEND_DB - FADER_LOW_DB)
        return LOW_PLACE + share * (BEND_PLACE - LOW_PLACE)
    return BEND_PLACE + (fader_db - BEND_DB) / (FADER_HIGH_DB - BEND_DB) * (1.0 - BEND_PLACE)


def timeline_of(assignment: Assignment) -> Timeline:
    """All batches of a showing, in the order of page loads and, within each, of their numbers."""
    loads: dict[str, list[Any]] = {}
    for batch in assignment.event_batches.all():
        loads.setdefault(batch.client, []).append(batch)
    visits = [
        [event for batch in sorted(load, key=lambda one: one.seq) for event in batch.events]
        for load in loads.values()
    ]
    return timeline(visits)


def timeline(visits: Sequence[Sequence[dict[str, Any]]]) -> Timeline:
    """`visits`: the events of each page load, with `t` in ms since that load."""
    moments: list[Moment] = []
    now_s = 0.0
    for events in visits:
        if moments:
            now_s += BETWEEN_LOADS_S
            moments.append(Moment(round(now_s, 3), "visit"))
        playing = False
        last_s: float | None = None
        for event in sorted(events, key=lambda one: float(one["t"])):
            event_s = float(event["t"]) / 1000.0
            passed_s = 0.0 if last_s is None else event_s - last_s
            now_s += passed_s if playing else min(passed_s, LONGEST_IDLE_S)
            last_s = event_s
            moment = _moment(event, round(now_s, 3))
            if moment is not None:
                moments.append(moment)
            playing = {"play": True, "pause": False}.get(event["kind"], playing)
    return Timeline(round(now_s + BETWEEN_LOADS_S, 3), len(visits), tuple(moments))


def _moment(event: dict[str, Any], at_s: float) -> Moment | None:
    """None for an event that does not say what it needs to: the desk is in other people's hands."""
    kind, stem = event["kind"], event.get("stem")
    if kind in PLAIN_KINDS:
        return Moment(at_s, kind)
    if kind == "fader":
        return Moment(at_s, kind, stem, event.get("db"))
    if kind in ("mute", "unmute", "solo", "unsolo"):
        return Moment(at_s, kind, stem) if stem in STEMS else None
    if kind in ("play", "pause", "seek"):
        position_s = _seconds(event.get("s"))
        return (
            None if position_s is None and kind == "seek" else Moment(at_s, kind, None, position_s)
        )
    if kind == "loop":
        return Moment(at_s, kind, None, _loop(event))
    if kind == "hold":
        return Moment(at_s, kind, None, event.get("on") is not False)
    if kind == "ab":
        return Moment(at_s, kind, None, "start" if event.get("side") == "start" else "now")
    return None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0.0 <= value <= 3600.0 else None


def _loop(event: dict[str, Any]) -> list[float] | None:
    loop = event.get("loop")
    if not isinstance(loop, list) or len(loop) != 2:
        return None
    start_s, end_s = (_seconds(edge) for edge in loop)
    if start_s is None or end_s is None or end_s <= start_s:
        return None
    return [start_s, end_s]


def _movements(moments: Iterable[Moment]) -> list[list[Moment]]:
    """Moments one by one, but the moves of one fader in quick succession together."""
    movements: list[list[Moment]] = []
    for moment in moments:
        last = movements[-1][-1] if movements else None
        if (
            last is not None
            and moment.kind == last.kind == "fader"
            and moment.stem == last.stem
            and moment.at_s - last.at_s <= ONE_MOVEMENT_S
        ):
            movements[-1].append(moment)
        else:
            movements.append([moment])
    return movements


def _said(moments: Sequence[Moment]) -> str:
    last = moments[-1]
    if last.kind == "fader":
        level = _("off") if last.value is None else f"{signed(last.value)} dB"
        return _("%(stem)s to %(level)s") % {"stem": _stem_name(last.stem), "level": level}
    if last.kind == "seek":
        return _("goes to %(position)s") % {"position": clock(last.value)}
    if last.kind == "loop":
        if last.value is None:
            return _("hears the whole excerpt")
        return _("loops %(start)s to %(end)s") % {
            "start": clock(last.value[0]),
            "end": clock(last.value[1]),
        }
    if last.kind == "hold":
        return _("holds the loudness") if last.value else _("lets the loudness go")
    if last.kind == "ab":
        return _("hears the start") if last.value == "start" else _("hears the present balance")
    return _WORDS[last.kind]().replace("{stem}", _stem_name(last.stem))


_WORDS = {
    "visit": lambda: _("opens the page again"),
    "play": lambda: _("plays"),
    "pause": lambda: _("pauses"),
    "hidden": lambda: _("leaves the page"),
    "visible": lambda: _("comes back to the page"),
    "volume": lambda: _("changes the volume"),
    "mute": lambda: _("mutes {stem}"),
    "unmute": lambda: _("unmutes {stem}"),
    "solo": lambda: _("solos {stem}"),
    "unsolo": lambda: _("ends the solo of {stem}"),
}


def _stem_name(stem: str | None) -> str:
    names = {
        "vocals": _("vocals"),
        "drums": _("drums"),
        "bass": _("bass"),
        "other": _("other"),
    }
    return names.get(stem or "", "")
