"""Malformed requests against a real gunicorn: it stays up, faults nowhere, and shows no trace."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.malformed import Malformed

SHORT, LONG = 500, 10_000
START_WITHIN_S = 30.0
ANSWER_WITHIN_S = 15.0
# What answers when the head itself asks for what HTTP lets a server refuse.
REFUSALS_OF_HTTP = (501, 505)
SESSION = (
    "import django; django.setup()\n"
    "from django.contrib.auth import get_user_model\n"
    "from django.test import Client\n"
    "c = Client(); c.force_login(get_user_model().objects.get())\n"
    "print(c.cookies['sessionid'].value)\n"
)


@dataclass(frozen=True)
class Running:
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path
    addresses: list[bytes]
    cookie: bytes

    def send(self, request: bytes) -> bytes:
        """The whole answer; b"" where the server hung up without a word."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WITHIN_S) as link:
            answer = b""
            try:
                link.sendall(request)
                link.shutdown(socket.SHUT_WR)
                while part := link.recv(65536):
                    answer += part
            except TimeoutError:
                raise
            except OSError:
                pass  # it hung up: it need not read on once it has refused
            return answer

    def workers(self) -> list[str]:
        own = self.process.pid
        return Path(f"/proc/{own}/task/{own}/children").read_text().split()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("malformed")
    subprocess.run(
        [sys.executable, "-m", "tests.web_process", "prepare", folder], check=True, cwd=ROOT
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.fuzz.settings",
        "TEST_DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "GAINSAY_VAR": str(folder),
    }
    session = subprocess.run(
        [sys.executable, "-c", SESSION], env=environment, cwd=ROOT, capture_output=True, check=True
    )
    found = json.loads((folder / "addresses.json").read_text())
    addresses = [one.encode() for who in found.values() for one in who]
    public = (
        b"/",
        b"/login/",
        b"/advise/",
        b"/models/",
        b"/healthz",
        b"/readyz",
        b"/static/css/app.css",
    )
    more = (
        b"/s/join/nothing/",
        b"/e/" + b"x" * 43 + b"/",
        b"/api/v1/token/",
        b"/audit/",
        b"/power/",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--threads", "4", "--worker-class", "gthread"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=file,
        )
    cookie = b"sessionid=" + session.stdout.strip()
    running = Running(process, port, log, [*addresses, *public, *more], cookie)
    try:
        _wait(running)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=45)


def _wait(running: Running) -> None:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until and running.process.poll() is None:
        try:
            if b" 200 " in running.send(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {running.log.read_text()[-3000:]}")


def attack(site: Running, count: int, seed: int) -> Counter[int]:
    """How often each status was answered (0: hung up without one)."""
    workers, codes = site.workers(), Counter[int]()
    draw = Malformed(site.addresses, site.cookie, seed)
    for number in range(count):
        request = draw.draw()
        answer = site.send(request)
        status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        code = int(status[1]) if status else 0
        codes[code] += 1
        told = f"seed {seed}, request {number}: {request[:600]!r}\n{site.log.read_text()[-3000:]}"
        assert code < 500 or code in REFUSALS_OF_HTTP, told
        for trace in (b"Traceback", b'File "/', str(ROOT).encode()):
            assert trace not in answer, told
    assert site.workers() == workers, "a worker died"
    assert b'"ready"' in site.send(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    log = site.log.read_text()
    assert "Internal Server Error" not in log
    assert "Traceback" not in log, log[-3000:]
    return codes


def test_five_hundred_malformed_requests_break_nothing(site: Running) -> None:
    codes = attack(site, SHORT, seed=1)
    # They got as far as views, and not only to the head's parser.
    assert codes[200] > 5
    assert codes[404] > 20
    assert codes[400] > 50


@pytest.mark.slow
def test_ten_thousand_malformed_requests_break_nothing(site: Running) -> None:
    codes = attack(site, LONG, seed=2)
    assert sum(codes.values()) == LONG
