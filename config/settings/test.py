"""For the tests: SQLite, or PostgreSQL when TEST_DATABASE_URL says so."""

import os
import tempfile
from pathlib import Path

from config import databases, env
from config.settings.base import *  # noqa: F403
from config.settings.base import RATE_LIMITS, REST_FRAMEWORK

SECRET_KEY = "for tests only, never for a running site"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

DATABASES = {"default": databases.parse(env.text("TEST_DATABASE_URL", "sqlite:///unused.sqlite3"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of the race tests open connections of their own.
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.gettempdir()) / f"gainsay-test-{os.getpid()}.sqlite3")
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Looks for static files as they are asked for: a fresh clone has none collected.
WHITENOISE_AUTOREFRESH = True
MEDIA_ROOT = Path(tempfile.gettempdir()) / "gainsay-test-media"
# A busy machine must not make a page of a test show what was counted before.
KEEP_WHAT_TAKES_S = float("inf")
# All tests come from one address; those of limits set their own.
RATE_LIMITS.clear()
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
LOGGING = {"version": 1, "disable_existing_loggers": False}
