"""gunicorn in a child process, as `config.serve` starts it, on a free port."""

import math
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.serve import WEB_ENVIRONMENT, WEB_SERVER

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 30.0
STOP_WITHIN_S = 45.0  # gunicorn itself waits 30 s for requests in progress


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its port and the process that started its workers."""

    port: int
    process_id: int

    def processor_s(self) -> float:
        """Seconds of processor time that its workers have taken; NaN where /proc cannot tell."""
        try:
            return sum(_processor_s(child) for child in self.children())
        except OSError:
            return math.nan

    def children(self) -> list[str]:
        """The processes that answer. Raises OSError where /proc cannot tell."""
        listed = Path(f"/proc/{self.process_id}/task/{self.process_id}/children")
        return listed.read_text().split()

    def memory_mib(self) -> float:
        """Memory that its processes hold for themselves (private plus their share of what they
        share), in MiB; NaN where /proc cannot tell."""
        try:
            processes = [str(self.process_id), *self.children()]
            return sum(proportional_kib(one) for one in processes) / 1024
        except OSError:
            return math.nan


def proportional_kib(process_id: str) -> int:
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _processor_s(process_id: str) -> float:
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    user, system = after_name[11:13]  # fields 14 and 15 of proc(5)
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def production(url: str, folder: Path) -> dict[str, str]:
    """The environment of a site behind a proxy, with everything of its own in `folder`."""
    ours = ("MEDIA_ROOT", "TEST_DATABASE_URL")
    return {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": url,
        "GAINSAY_VAR": str(folder),
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def serving(application: str, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve a WSGI application.

    Raises RuntimeError with the end of the server's log where it does not start.
    """
    port = free_port()
    bind = ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with log.open("ab") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, *WEB_SERVER, *bind],
            cwd=ROOT,
            env=WEB_ENVIRONMENT | dict(environment),
            stdout=stream,
            stderr=stream,
        )
    try:
        _wait_until_it_listens(server, port, log)
        yield Server(port, server.pid)
    finally:
        server.terminate()
        server.wait(timeout=STOP_WITHIN_S)


def _wait_until_it_listens(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
