"""CACHE_URL to Django's CACHES entry.

Without one each process keeps its own: nothing to install, no query to the database, and with
several web processes each counts for itself, so limits are up to so many times as wide. Redis is
shared by all processes and machines.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

# Django keeps 300 entries by default: whoever makes up that many names would push out the counts.
MOST_ENTRIES = 100_000
PATIENCE_S = 1.0


def parse(url: str) -> dict[str, Any]:
    """ "" or redis://host:port/number (rediss:// over TLS), ready for CACHES['default']."""
    if not url:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES},
        }
    if not url.startswith(("redis://", "rediss://")):
        raise ImproperlyConfigured("CACHE_URL must be redis://HOST:PORT/NUMBER, or not set")
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "gainsay",
        "OPTIONS": {"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S},
    }
