"""A site on the internet starts with its own secrets or not at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.local_secret import local_secret
from tests.conftest import ROOT

NEEDED = {
    "SECRET_KEY": "x" * 60,
    "ALLOWED_HOSTS": "gainsay.example",
    "DATABASE_URL": "postgres://user@db.example/gainsay",
}
SHOW = (
    "import config.settings.prod as s; "
    "print(s.DEBUG, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
    "s.SECURE_SSL_REDIRECT, s.CSRF_TRUSTED_ORIGINS, len(s.SECRET_KEY))"
)


def load(**environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_all_three_it_starts_and_is_locked_down() -> None:
    done = load(**NEEDED)
    assert done.returncode == 0, done.stderr
    expected = "False ['gainsay.example'] True True True ['https://gainsay.example'] 60"
    assert done.stdout.strip() == expected


@pytest.mark.parametrize("missing", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_without_one_of_them_it_refuses_and_names_it(missing: str, value: str | None) -> None:
    environment = NEEDED | {missing: value or ""}
    if value is None:
        del environment[missing]
    done = load(**environment)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert f"ImproperlyConfigured: {missing} is not set" in last


def test_a_list_of_hosts_without_a_host_is_none() -> None:
    done = load(**NEEDED | {"ALLOWED_HOSTS": " , "})
    assert "ALLOWED_HOSTS names nothing" in done.stderr


def test_on_ones_own_machine_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secret_key"
    first = local_secret(file)
    assert len(first) >= 50
    assert local_secret(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_is_in_the_settings_that_ship() -> None:
    for name in ("base", "dev", "prod"):
        text = (ROOT / "config" / "settings" / f"{name}.py").read_text()
        assert 'SECRET_KEY = "' not in text
