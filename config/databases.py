"""DATABASE_URL to Django's DATABASES entry."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# Django's default (DEFERRED) transactions refuse half the writes of 32 clients with "database is
# locked", since a read lock cannot be upgraded while another writer waits: take the write lock at
# once, and wait for it.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # Each thread has a connection, and each keeps up to 2 MB of pages unless told otherwise.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-512;"
    ),
}


def parse(url: str) -> dict[str, Any]:
    """SQLite (sqlite:///path) or PostgreSQL (postgres://...), ready for DATABASES['default']."""
    try:
        entry: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, dj_database_url.UnknownSchemeError) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    if entry["ENGINE"] == "django.db.backends.sqlite3":
        entry["OPTIONS"] = dict(SQLITE_OPTIONS)
        # Opening the file anew costs more than a save, and the last to close it waits for the disk.
        entry["CONN_MAX_AGE"] = None
    elif entry["ENGINE"] == "django.db.backends.postgresql":
        entry["CONN_MAX_AGE"] = 60
        entry["CONN_HEALTH_CHECKS"] = True
    else:
        raise ImproperlyConfigured("DATABASE_URL must be sqlite:///PATH or postgres://...")
    return entry


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"
