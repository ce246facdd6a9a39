"""A running site for browser tests: gunicorn in a child process on a database of its own.

Seeded by commands and looked at through them: the ORM must not be used beside Playwright.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OWNER = "researcher"
PASSWORD = "a long pass phrase for tests"
# For a busy machine; a test that passes waits for nothing.
START_WITHIN_S = 90.0
PATIENCE_MS = 45_000


class Site:
    """`folder` holds its database, media and collected static files."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
            "GAINSAY_VAR": str(folder),
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "LOG_LEVEL": "WARNING",
        }
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        """Run a command; its stdout. Fails with the command's own words."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def seed(self, songs: int) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--username", OWNER, "--email", "r@example.org")
        self.manage("make_demo_songs", "--count", str(songs), "--seed", "7")

    def campaign(self, name: str, *, invite: int = 1, **options: str) -> dict[str, Any]:
        """A new open campaign with the links of its annotators."""
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        answer = self.manage(
            "create_campaign", name, "--owner", OWNER, "--open", "--json",
            f"--invite={invite}", *flags,
        )  # fmt: skip
        made: dict[str, Any] = json.loads(answer)
        made["links"] = [self.url + link for link in made["links"]]
        return made

    def annotations(self, campaign: str) -> list[dict[str, Any]]:
        """Every stored answer of a campaign, as exported."""
        file = self.log.with_name(f"{campaign}.json")
        self.manage("export_annotations", campaign, "--format", "json", "--out", str(file))
        rows: list[dict[str, Any]] = json.loads(file.read_text())["annotations"]
        return rows

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            self.server = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "config.wsgi", "--threads", "8",
                    "--bind", f"127.0.0.1:{self.port}",
                ],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.log.read_text()[-2000:]}")

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker for as long as the block lasts; entered when it takes jobs."""
        said = self.log.with_name("worker.log")
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "work", "--poll", "0.1", "--nice", "0"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + START_WITHIN_S
            while b"takes jobs" not in said.read_bytes():
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, "the worker did not start"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(timeout=20)
            self.server = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
