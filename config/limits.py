"""How often something may be tried: counts in fixed windows, in the cache, by hashed subject.

A count that the cache cannot keep lets people through: a limit is there to slow guessing down, and
must never keep a person from saving.
"""

import ipaddress
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from config.rates import Rate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate for one subject (an address, an account...) under the name of a setting."""

    name: str
    subject: str

    def wait_s(self, now: float) -> int:
        """Seconds until it may be tried again; 0 while it may."""
        rate = _rate(self.name)
        if rate is None or _asked(lambda: cache.get(self._key(rate, now), 0)) < rate.most:
            return 0
        return max(1, int(rate.every_s - now % rate.every_s))

    def count(self, now: float) -> None:
        rate = _rate(self.name)
        if rate is not None:
            key = self._key(rate, now)
            _asked(lambda: _add_one(key, rate.every_s))

    def _key(self, rate: Rate, now: float) -> str:
        # Addresses and names of accounts do not stand in the cache.
        subject = salted_hmac("config.limits", self.subject, algorithm="sha256").hexdigest()[:32]
        return f"limit:{self.name}:{int(now // rate.every_s)}:{subject}"


def _rate(name: str) -> Rate | None:
    rate: Rate | None = settings.RATE_LIMITS.get(name)
    return rate


def _add_one(key: str, every_s: int) -> int:
    if cache.add(key, 1, timeout=every_s + 60):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it went between the two
        return 1


def _asked(ask: Callable[[], int]) -> int:
    try:
        return int(ask())
    except Exception as error:  # whatever keeps the cache from answering
        logger.warning("limits are off: the cache does not answer (%s)", type(error).__name__)
        return 0


def client_address(request: HttpRequest) -> str:
    """Who asks. Only what our own proxies added to X-Forwarded-For counts: whatever stands to the
    left of it anybody can write. A network of IPv6 is one address: a single machine has 2^64."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES:
        given = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(given) >= settings.TRUSTED_PROXIES and given[-settings.TRUSTED_PROXIES]:
            address = given[-settings.TRUSTED_PROXIES]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def too_often(request: HttpRequest, wait_s: int) -> HttpResponse:
    """429: a page for people, one line for scripts."""
    if request.headers.get("Accept", "*/*").startswith("text/html"):
        minutes = -(-wait_s // 60)
        response = render(request, "429.html", {"minutes": minutes}, status=429)
    else:
        line = "Too many tries: wait a little."
        response = JsonResponse({"error": line, "detail": line}, status=429)
    response["Retry-After"] = str(wait_s)
    response["Cache-Control"] = "no-store"
    return response


def clock() -> float:
    """Seconds since 1970; tests put another in its place."""
    return time.time()
