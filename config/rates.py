"""Rates as settings give them: so many in such a time."""

import re
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}
RATE = re.compile(r"(\d+)/(\d*)(s|min|h|d)")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in each stretch of `every_s` seconds."""

    most: int
    every_s: int


def parse_rate(text: str) -> Rate:
    """
    >>> parse_rate("10/15min")
    Rate(most=10, every_s=900)
    """
    found = RATE.fullmatch(text)
    if found is None or int(found[1]) < 1 or found[2] == "0":
        raise ImproperlyConfigured(f"{text!r} is no rate: write 10/min, 100/15min, 1000/h...")
    return Rate(int(found[1]), int(found[2] or 1) * UNITS_S[found[3]])
