"""gunicorn in a child process, as `config.serve` starts it, on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.serve import WEB_SERVER

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 30.0
STOP_WITHIN_S = 45.0  # gunicorn itself waits 30 s for requests in progress


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(application: str, log: Path) -> Iterator[int]:
    """Serve a WSGI application in this process's environment; gives the port.

    Raises RuntimeError with the end of the server's log where it does not start.
    """
    port = free_port()
    bind = ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with log.open("ab") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, *WEB_SERVER, *bind],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=stream,
            stderr=stream,
        )
    try:
        _wait_until_it_listens(server, port, log)
        yield port
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
