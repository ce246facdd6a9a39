"""What a site on the internet needs, looked at one by one: what was found, and what to do."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.core.cache import cache
from django.core.checks import WARNING, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config import sending
from config.models import Job, Worker

Level = Literal["good", "advice", "mend"]

OLDEST_POSTGRESQL = 14
LEAST_FREE_BYTES = 5 * 10**9
LEAST_KEY_LENGTH, LEAST_KEY_LETTERS = 50, 5
MOST_CLOCK_DIFFERENCE_S = 5.0


@dataclass(frozen=True)
class Finding:
    """`level` "mend" must be mended before people come; "advice" may be meant so."""

    what: str
    level: Level
    message: str


def findings() -> Iterator[Finding]:
    for what, look in LOOKS.items():
        try:
            for level, message in look():
                yield Finding(what, level, " ".join(message.split()))
        except Exception as error:  # one thing that breaks must not hide the others
            yield Finding(what, "mend", " ".join(f"cannot be looked at: {error}".split()))


Found = Iterator[tuple[Level, str]]


def _debugging() -> Found:
    if settings.DEBUG:
        yield "mend", "DEBUG is on: set DJANGO_SETTINGS_MODULE=config.settings.prod"
    else:
        yield "good", "off"


def _secret_key() -> Found:
    key = settings.SECRET_KEY
    if len(key) < LEAST_KEY_LENGTH or len(set(key)) < LEAST_KEY_LETTERS:
        yield "mend", f"SECRET_KEY is weak: set {LEAST_KEY_LENGTH} or more random characters"
    else:
        yield "good", f"{len(key)} characters"


def _hosts() -> Found:
    hosts = settings.ALLOWED_HOSTS
    if "*" in hosts:
        yield "mend", "ALLOWED_HOSTS=* lets anybody name the site: set its own names"
    elif not set(hosts) - {"localhost", "127.0.0.1", "[::1]"}:
        yield "mend", "ALLOWED_HOSTS names this machine alone: set the names of the site"
    else:
        yield "good", ", ".join(hosts)


def _database() -> Found:
    try:
        connection.ensure_connection()
    except Exception as error:  # of whatever library
        yield "mend", f"does not answer ({error}): start it, or mend DATABASE_URL"
        return
    if connection.vendor == "sqlite":
        yield "advice", "SQLite serves one machine: for more set DATABASE_URL=postgres://..."
        return
    version = connection.pg_version // 10_000  # type: ignore[attr-defined]
    if version < OLDEST_POSTGRESQL:
        yield "mend", f"PostgreSQL {version} is too old: upgrade it to {OLDEST_POSTGRESQL} or newer"
    else:
        yield "good", f"PostgreSQL {version}"


def _migrations() -> Found:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield "mend", f"{len(plan)} are not applied: run `manage.py migrate`"
    else:
        yield "good", "all applied"


def _media() -> Found:
    root = Path(settings.MEDIA_ROOT)
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        yield "mend", f"{root} cannot be written to ({error.strerror}): make it this user's own"
        return
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE_BYTES:
        yield "mend", f"{root} has {free / 1e9:.1f} GB left: make room, or move it (MEDIA_ROOT)"
    else:
        yield "good", f"{root}, {free / 1e9:.0f} GB free"


def _broker() -> Found:
    if not settings.CELERY_BROKER_URL:
        yield "good", "none set: workers look into the database"
        return
    try:
        waiting = sending.messages_waiting()
    except Exception as error:  # of whatever library
        yield "mend", f"does not answer ({error}): start Redis, or mend CELERY_BROKER_URL"
        return
    yield "good", f"answers, {waiting} messages wait"


def _workers() -> Found:
    now = timezone.now()
    alive = Worker.objects.alive(now).count()
    waiting = Job.objects.takeable(now).count()
    if not alive:
        yield "mend", f"none lives, {waiting} jobs wait: start `manage.py work`"
    else:
        yield "good", f"{alive} live, {waiting} jobs wait"


def _static() -> Found:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.is_file():
        yield "mend", f"{settings.STATIC_ROOT} has none: run `manage.py collectstatic --noinput`"
    elif not _is_up_to_date(manifest.stat().st_mtime):
        yield "mend", "older than the site's own: run `manage.py collectstatic --noinput`"
    else:
        yield "good", "collected"


def _is_up_to_date(collected_at: float) -> bool:
    sources = [path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*")]
    return all(path.stat().st_mtime <= collected_at for path in sources if path.is_file())


def _limits() -> Found:
    if "locmem" in settings.CACHES["default"]["BACKEND"]:
        yield (
            "advice",
            "each web process counts for itself: set CACHE_URL=redis://... for one count",
        )
        return
    try:
        cache.set("check_production", "kept", 10)
        kept = cache.get("check_production")
    except Exception as error:  # of whatever library
        kept = error
    if kept != "kept":
        yield "mend", f"the cache does not keep ({kept}): start Redis, or mend CACHE_URL"
    else:
        yield "good", "one count for all processes"


def _proxies() -> Found:
    if settings.X_ACCEL_PREFIX and not settings.TRUSTED_PROXIES:
        yield "mend", "behind nginx all people share one address: set TRUSTED_PROXIES=1"
    elif not settings.TRUSTED_PROXIES:
        yield "advice", "none trusted: with nginx in front set TRUSTED_PROXIES=1"
    else:
        yield "good", f"{settings.TRUSTED_PROXIES} in front"


def _audio() -> Found:
    prefix = settings.X_ACCEL_PREFIX
    if not prefix:
        yield "advice", "web processes send it: with nginx in front set X_ACCEL_PREFIX"
    elif not (prefix.startswith("/") and prefix.endswith("/")):
        yield "mend", f"X_ACCEL_PREFIX={prefix} must begin and end with a slash"
    else:
        yield "good", f"nginx sends it from {prefix}"


def _https() -> Found:
    """Django's own checks of deployment."""
    found = [
        message
        for message in run_checks(include_deployment_checks=True)
        if message.level >= WARNING and (message.id or "").startswith("security.")
    ]
    # Told of above, in the site's own words.
    mine = {"security.W009", "security.W018", "security.W020"}
    told = [message for message in found if message.id not in mine]
    for message in told:
        yield "mend", f"{message.id}: {message.msg}"
    if not told:
        yield "good", f"insisted on for {settings.SECURE_HSTS_SECONDS // 86_400} days"


def _checkpoints() -> Found:
    missing = [
        name
        for name in ("baseline", "differential", "rules")
        if not (settings.CHECKPOINTS / name).is_dir()
    ]
    if missing:
        yield (
            "advice",
            f"{settings.CHECKPOINTS} lacks {', '.join(missing)}: set CHECKPOINTS, or train",
        )
    else:
        yield "good", str(settings.CHECKPOINTS)


def _clock() -> Found:
    """Against the database's, where that is another machine's."""
    if connection.vendor != "postgresql":
        yield "good", f"{timezone.now():%Y-%m-%d %H:%M} UTC"
        return
    asked = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        told = float(cursor.fetchone()[0])
    difference = told - (asked + time.time()) / 2
    if abs(difference) > MOST_CLOCK_DIFFERENCE_S:
        yield "mend", f"{abs(difference):.0f} s off the database's: let both follow a time server"
    else:
        yield "good", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, as the database's"


def _python() -> Found:
    yield "good", sys.version.split()[0]


LOOKS: dict[str, Callable[[], Found]] = {
    "debugging": _debugging,
    "secret key": _secret_key,
    "hosts": _hosts,
    "HTTPS": _https,
    "database": _database,
    "migrations": _migrations,
    "media folder": _media,
    "static files": _static,
    "broker": _broker,
    "workers": _workers,
    "limits": _limits,
    "proxies": _proxies,
    "audio": _audio,
    "advisors": _checkpoints,
    "clock": _clock,
    "Python": _python,
}
