"""Figures that take long to count are kept for a while, and pages say of when they are.

What is counted quickly is counted anew each time, so nothing is ever old on a small site. What
took t seconds is used again for 20 t: however often pages ask, counting takes no more than a
twentieth of one process. When that is over, whoever asks gets what is there at once and it is
counted anew beside; only what nobody has looked at for minutes is waited for.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation

Value = TypeVar("Value")

KEPT_FOR = 20
OLDEST_S = 300.0
MOST_KEPT = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """`counted_at` is None for what was counted for this very answer."""

    value: Value
    counted_at: datetime | None


@dataclass(slots=True)
class _Entry:
    value: Any
    counted_at: datetime
    at_s: float
    took_s: float
    is_counted_anew: bool = False


class Shelf:
    """What is kept, in this process. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, count: Callable[[], Value]) -> Kept[Value]:
        """`count()`, or what it gave a moment ago."""
        key = (name, translation.get_language())
        with self._lock:
            entry = self._entries.get(key)
            age_s = 0.0 if entry is None else self._clock() - entry.at_s
            if entry is not None and age_s > OLDEST_S + KEPT_FOR * entry.took_s:
                entry = None
            is_due = entry is not None and age_s > KEPT_FOR * entry.took_s
            counts_anew = entry is not None and is_due and not entry.is_counted_anew
            if entry is not None and counts_anew:
                entry.is_counted_anew = True
        if entry is None:
            return Kept(self._count(key, count), None)
        if counts_anew:
            threading.Thread(target=self._count_beside, args=(key, count), daemon=True).start()
        return Kept(entry.value, entry.counted_at)

    def _count(self, key: Any, count: Callable[[], Value]) -> Value:
        began_s, now = self._clock(), timezone.now()
        value = count()
        ended_s = self._clock()
        with self._lock:
            self._entries.pop(key, None)
            if ended_s - began_s >= settings.KEEP_WHAT_TAKES_S:
                self._entries[key] = _Entry(value, now, ended_s, ended_s - began_s)
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
        return value

    def _count_beside(self, key: Any, count: Callable[[], Any]) -> None:
        try:
            with translation.override(key[1]):
                self._count(key, count)
        except Exception as error:  # whoever asks next tries again
            logger.warning("figures were not counted anew: %s", error)
            with self._lock:
                self._entries.pop(key, None)
        finally:
            connection.close()


_shelf = Shelf()
kept = _shelf.get
