"""Logs: JSON lines with a request id, and never a link that opens somebody's work."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from django.test import Client

from annotate.models import Annotator
from config.logs import JsonFormatter, RequestIdFilter, without_tokens


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the site's own handler writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def read(lines: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_logger_and_request(lines: io.StringIO) -> None:
    logging.getLogger("gainsay.test").warning("two\nlines and a %s", "ümlaut")
    (line,) = read(lines)
    assert set(line) == {"at", "level", "logger", "request_id", "message"}
    assert line["message"] == "two\nlines and a ümlaut"
    assert (line["level"], line["request_id"]) == ("warning", "-")
    assert line["at"].endswith("+00:00")


@pytest.mark.django_db
@pytest.mark.parametrize("rest", ["", "mix/abc/", "mix/abc/save/", "nothing/of/the/kind"])
def test_a_link_that_is_refused_is_not_written_down(lines: io.StringIO, rest: str) -> None:
    token = Annotator.new_token()
    Client().get(f"/a/{token}/{rest}")
    assert ": /a/[token]/" in read(lines)[0]["message"]
    assert token not in lines.getvalue()


def test_tokens_are_taken_out_of_faults_too(lines: io.StringIO) -> None:
    token = Annotator.new_token()
    try:
        raise ValueError(f"no such page: /a/{token}/mix/")
    except ValueError:
        logging.getLogger("gainsay.test").exception("a fault at /s/%s/", token)
    assert token not in lines.getvalue()
    assert "/s/[token]/" in read(lines)[0]["message"]


def test_what_is_no_token_stays_readable() -> None:
    line = "Not Found: /songs/abcdefghijklmnopqrstuvwxyz/ and /a/short/"
    assert without_tokens(line) == line


@pytest.mark.django_db
def test_every_answer_carries_a_request_id_that_the_log_has_too(lines: io.StringIO) -> None:
    answered = Client().get("/nowhere/")
    assert answered["X-Request-ID"] == read(lines)[0]["request_id"]
    other = Client().get("/nowhere/")
    assert other["X-Request-ID"] != answered["X-Request-ID"]


def test_every_answer_tells_how_long_the_site_was_at_work() -> None:
    told = re.fullmatch(r"app;dur=(\d+\.\d)", Client().get("/healthz")["Server-Timing"])
    assert told is not None
    assert 0.0 <= float(told[1]) < 60_000.0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("offered", "kept"),
    [("abcd-1234-proxy", True), ("short", False), ("x" * 65, False), ('a"}\n{"b": 12345', False)],
)
def test_a_proxys_id_is_kept_when_it_looks_like_one(offered: str, kept: bool) -> None:
    answered = Client().get("/healthz", headers={"X-Request-ID": offered})
    assert (answered["X-Request-ID"] == offered) is kept


@pytest.mark.django_db
def test_health_is_told_to_everybody() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"status": "ready"}
