"""`python -m config.serve`: worker and web server live and end together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "GAINSAY_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "DEBUG": "0",
    }
    environment.pop("DATABASE_URL", None)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "config.serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answered:
                assert answered.status == 200
                return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


def children(process: "subprocess.Popen[bytes]") -> dict[str, int]:
    """Kind of child to its process id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if parent == process.pid:
            found["worker" if "work" in words else "web"] = int(entry.name)
    return found


def test_told_to_stop_it_stops_both(served: "subprocess.Popen[bytes]") -> None:
    ids = children(served)
    assert set(ids) == {"worker", "web"}
    served.terminate()
    assert served.wait(60) == 0
    assert not any(Path(f"/proc/{number}").exists() for number in ids.values())


@pytest.mark.parametrize("kind", ["worker", "web"])
def test_where_one_dies_the_other_is_stopped_and_the_status_says_so(
    served: "subprocess.Popen[bytes]", kind: str
) -> None:
    ids = children(served)
    os.kill(ids[kind], signal.SIGKILL)
    assert served.wait(60) == 1
    assert not any(Path(f"/proc/{number}").exists() for number in ids.values())
