"""What the site writes while people are at work on it: no link, no platform's id, no system."""

import io
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from config import views
from config.logs import JsonFormatter, RequestIdFilter, without_tokens
from studies.services import experts
from tests.conftest import ROOT
from tests.studies.conftest import _quick, media  # noqa: F401
from tests.studies.study_cast import SYSTEMS, make_excerpts, open_study
from tests.studies.walking import Participant, batch

PERSON = "?PROLIFIC_PID=ada-of-prolific&SESSION_ID=session-one"
CROWD = {"platform": "prolific", "complete_code": "C1"}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything from DEBUG on but SQL, as the site's own handler writes it."""
    written, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(written), root.level
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RequestIdFilter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)
    logging.getLogger("django.db.backends").setLevel(logging.NOTSET)


def test_a_participants_whole_way_leaves_nothing_of_them(
    db: None, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Participant(Client(raise_request_exception=False))
    person.join(open_study(crowd=CROWD), PERSON)
    person.go_to("t")
    trial = person.trial()
    person.save(trial, "no json")
    person.save(trial, batch(trial, draft={"better": "A", "why": "as my wife Ada says"}))
    person.get(person.at("trial", "nothing"))
    person.get(f"{person.home}nothing/at/all/{PERSON}")
    person.client.delete(person.home)
    from studies.views.participant import steps

    monkeypatch.setattr(steps, "to_due_step", lambda *given: {}["due"])
    assert person.get(person.home + PERSON).status_code == 500
    text = lines.getvalue()
    assert "KeyError" in text
    assert text.count("[token]") >= 4
    for secret in (person.token, "ada-of-prolific", "session-one", "my wife", *SYSTEMS):
        assert secret not in text, secret
    for line in text.splitlines():
        assert json.loads(line)["request_id"]


def test_an_experts_link_is_a_key_too(db: None, lines: io.StringIO) -> None:
    from tests.annotate.conftest import NOW

    owner = open_study(songs=4).study.owner
    guest = experts.invite(owner=owner, excerpts=make_excerpts(1), count=1, seed=1, now=NOW)
    Client().get(reverse("expert-task", args=[guest.token, "nothing"]))
    Client().get(f"/e/{guest.token}x/")
    assert guest.token not in lines.getvalue()
    assert "/e/[token]/" in lines.getvalue()


def test_a_query_is_cut_off_and_words_stay() -> None:
    line = "Forbidden: /s/join/abc/?PROLIFIC_PID=ada&SESSION_ID=1 why?"
    assert without_tokens(line) == "Forbidden: /s/join/abc/?[query] why?"


def test_ready_is_said_in_one_word(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/readyz").json() == {"status": "ready"}

    def fail(*given: Any) -> Any:
        raise OperationalError("connection to 10.0.0.5 as gainsay refused")

    monkeypatch.setattr(views, "_was_migrated", False)
    monkeypatch.setattr(views.MigrationExecutor, "migration_plan", lambda *given: ["one"])
    answered = Client().get("/readyz")
    expected = {"status": "not ready", "reason": "migrations"}
    assert (answered.status_code, answered.json()) == (503, expected)
    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", fail)
        answered = Client().get("/readyz")
    expected = {"status": "not ready", "reason": "database"}
    assert (answered.status_code, answered.json()) == (503, expected)
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_gunicorn_writes_no_link_either(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "failing.py").write_text(
        "def application(environ, start):\n    raise ValueError('x')\n"
    )
    command = [sys.executable, "-m", "gunicorn", "failing", "--pythonpath", str(tmp_path)]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--access-logfile", "-"],
        cwd=ROOT,
        stdout=log,
        stderr=log,
    )
    try:
        answered = _ask(port, f"GET /a/{'x' * 43}/?PROLIFIC_PID=ada HTTP/1.0\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 500")
        assert b"Traceback" not in answered
        assert _ask(port, "no request\r\n\r\n").startswith(b"HTTP/1.1 400")
    finally:
        server.terminate()
        server.wait()
        log.close()
    text = (tmp_path / "log").read_text()
    assert "Error handling request GET /a/[token]/?[query]" in text
    assert "Invalid request from ip=[address]" in text
    assert "127.0.0.1:" not in text.replace("http://127.0.0.1:", "")
    assert "ip=127" not in text
    assert "ada" not in text
    assert "x" * 43 not in text
    assert all(json.loads(line)["logger"].startswith("gunicorn") for line in text.splitlines())


def _ask(port: int, request: str) -> bytes:
    until = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                link.sendall(request.encode())
                return b"".join(iter(lambda: link.recv(65536), b""))
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.1)
