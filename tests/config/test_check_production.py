"""`manage.py check_production` finds what a site on the internet lacks, and says what to do."""

import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from config import production
from config.models import Worker
from tests.conftest import ROOT
from tests.deploy.nginx import free_port

READY: dict[str, Any] = {
    "SECRET_KEY": "".join(chr(48 + n) for n in range(60)),
    "ALLOWED_HOSTS": ["gainsay.example"],
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "TRUSTED_PROXIES": 1,
    "X_ACCEL_PREFIX": "/stored-media/",
}


@pytest.fixture
def ready(settings: Settings, tmp_path: Path, db: None) -> Settings:
    """A site to which nothing is missing but Redis."""
    for name, value in READY.items():
        setattr(settings, name, value)
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path / "media", tmp_path / "static"
    for folder in (settings.MEDIA_ROOT, settings.STATIC_ROOT):
        folder.mkdir()
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    Worker.objects.create(name="here:1", seen_at=timezone.now())
    return settings


def check() -> dict[str, tuple[str, str]]:
    return {one.what: (one.level, one.message) for one in production.findings()}


def test_a_site_that_lacks_nothing_is_told_so(ready: Settings) -> None:
    told = io.StringIO()
    call_command("check_production", stdout=told)
    assert "MEND" not in told.getvalue()
    found = check()
    assert set(found) == set(production.LOOKS)
    assert found["workers"] == ("good", "1 live, 0 jobs wait")
    advised = {what for what, (level, _) in found.items() if level == "advice"}
    assert advised == {"limits"} | ({"database"} if connection.vendor == "sqlite" else set())


@pytest.mark.parametrize(
    ("setting", "value", "what", "message"),
    [
        ("DEBUG", True, "debugging", "set DJANGO_SETTINGS_MODULE"),
        ("SECRET_KEY", "short", "secret key", "set 50 or more random characters"),
        ("SECRET_KEY", "x" * 60, "secret key", "weak"),
        ("ALLOWED_HOSTS", ["*"], "hosts", "set its own names"),
        ("ALLOWED_HOSTS", ["localhost"], "hosts", "set the names of the site"),
        ("SECURE_SSL_REDIRECT", False, "HTTPS", "SECURE_SSL_REDIRECT"),
        ("SESSION_COOKIE_SECURE", False, "HTTPS", "SESSION_COOKIE_SECURE"),
        ("SECURE_HSTS_SECONDS", 0, "HTTPS", "SECURE_HSTS_SECONDS"),
        ("STATIC_ROOT", Path("/nowhere"), "static files", "collectstatic"),
        ("MEDIA_ROOT", Path("/nowhere"), "media folder", "make it this user's own"),
        ("TRUSTED_PROXIES", 0, "proxies", "set TRUSTED_PROXIES=1"),
        ("X_ACCEL_PREFIX", "stored", "audio", "begin and end with a slash"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(
    ready: Settings, setting: str, value: Any, what: str, message: str
) -> None:
    setattr(ready, setting, value)
    level, said = check()[what]
    assert (level, message in said) == ("mend", True), said
    with pytest.raises(CommandError, match="things must be mended"):
        call_command("check_production", stdout=io.StringIO())


def test_a_site_without_a_worker_or_with_a_silent_one_is_told(ready: Settings) -> None:
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert check()["workers"] == ("mend", "none lives, 0 jobs wait: start `manage.py work`")


def test_redis_that_is_away_is_found_in_both_its_offices(ready: Settings) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    ready.CELERY_BROKER_URL = away
    ready.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": away}
    }
    found = check()
    for what, setting in (("broker", "CELERY_BROKER_URL"), ("limits", "CACHE_URL")):
        level, message = found[what]
        assert level == "mend"
        assert f"start Redis, or mend {setting}" in message


def test_little_room_and_missing_advisors_are_told(
    ready: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "LEAST_FREE_BYTES", 10**18)
    ready.CHECKPOINTS = tmp_path
    found = check()
    assert found["media folder"][0] == "mend"
    assert found["advisors"] == (
        "advice",
        f"{tmp_path} lacks baseline, differential, rules: set CHECKPOINTS, or train",
    )


def test_a_new_site_with_the_production_settings_is_told_all_at_once(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "SECRET_KEY": READY["SECRET_KEY"],
        "ALLOWED_HOSTS": "gainsay.example",
        "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
        "GAINSAY_VAR": str(tmp_path),
        "MEDIA_ROOT": str(tmp_path / "none"),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check_production", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("4 things must be mended")
    told = json.loads(done.stdout)
    assert told["ready"] is False
    levels = {one["what"]: one["level"] for one in told["findings"]}
    to_mend = {what for what, level in levels.items() if level == "mend"}
    assert to_mend == {"migrations", "media folder", "static files", "workers"}
    assert levels["HTTPS"] == "good"
