"""How long to wait before asking again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import numpy as np

RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 522, 524, 529})


@dataclass(frozen=True)
class Patience:
    """Exponential back-off with jitter, and when to give up.

    The wait before attempt n+1 is `first_wait_s` times 2 to the n, at most `longest_wait_s`, times
    a random factor from 1/2 to 1. A Retry-After is honoured unless it is longer than
    `longest_retry_after_s`.
    """

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    longest_retry_after_s: float = 300.0

    def wait_s(self, n_failed: int, rng: np.random.Generator) -> float:
        """The wait after the n-th failure in a row, n from 1."""
        full_s = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (n_failed - 1))
        return float(full_s * rng.uniform(0.5, 1.0))


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that a response asks for, in seconds or as a date; None where it asks for none."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if float(text) < float("inf") else None
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
