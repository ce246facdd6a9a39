"""What can pass is tried again with patience; what cannot is told at once, in one line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from modeling.endpoint.client import Clocks, Endpoint
from modeling.endpoint.request import Answer, Connection, EndpointError, Prices, Request
from modeling.endpoint.waiting import Patience, retry_after_s
from tests.endpoint_server import (
    Behaviour,
    EndpointServer,
    completion,
    drops,
    fails,
    late,
    partly,
    refuses,
    running_endpoint,
    says,
    sends,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
KEY = "sk-very-secret"
REQUEST = Request("Answer.", (("user", "Hello"),))


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        yield running


class Asked:
    """One question with the waits that it took."""

    def __init__(self, url: str, folder: Path, seed: int = 0) -> None:
        self.waits_s: list[float] = []
        self.url, self.folder, self.seed = url, folder, seed

    def __call__(self, request: Request = REQUEST) -> Answer:
        connection = Connection(self.url, "m", Prices(1.0, 2.0), api_key=KEY, timeout_s=0.5)
        clocks = Clocks(now=lambda: NOW, sleep=self.waits_s.append)
        rng = np.random.default_rng(self.seed)
        with Endpoint(connection, self.folder, 1.0, rng, clocks=clocks) as endpoint:
            return endpoint.ask(request)


@pytest.fixture
def ask(server: EndpointServer, tmp_path: Path) -> Asked:
    return Asked(server.url, tmp_path)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(fails(429), id="too many requests"),
        pytest.param(fails(500), id="server error"),
        pytest.param(fails(503), id="unavailable"),
        pytest.param(drops, id="dropped connection"),
        pytest.param(late(1.0, says("too late")), id="too late"),
        pytest.param(partly(json.dumps(completion("half")), 60), id="half an answer"),
        pytest.param(sends('{"choices": [{"mess'), id="malformed JSON"),
        pytest.param(sends("<html>busy</html>"), id="a web page"),
        pytest.param(sends(""), id="an empty answer"),
    ],
)
def test_passing_trouble_is_sat_out(server: EndpointServer, ask: Asked, trouble: Behaviour) -> None:
    server.will(trouble, says("Good."))
    answer = ask()
    assert (answer.text, answer.attempts) == ("Good.", 2)
    assert len(ask.waits_s) == 1


def test_waits_double_with_jitter_and_end(server: EndpointServer, ask: Asked) -> None:
    server.will(*[fails(500)] * 6)
    with pytest.raises(EndpointError, match=r"after 6 attempts: it answered 500 \(no luck\)"):
        ask()
    assert len(ask.waits_s) == 5
    for n_failed, wait_s in enumerate(ask.waits_s):
        assert 0.5 * 2.0**n_failed <= wait_s <= 2.0**n_failed
    other = Asked(server.url, ask.folder, seed=1)
    server.will(fails(500), says("Good."))
    other()
    assert other.waits_s[0] != ask.waits_s[0]


def test_no_wait_is_longer_than_the_longest() -> None:
    waits_s = [Patience().wait_s(n, np.random.default_rng(n)) for n in range(1, 40)]
    assert max(waits_s) <= 60.0


@pytest.mark.parametrize("header", ["17", "Thu, 01 Jan 2026 12:00:17 GMT"])
def test_retry_after_is_honoured(server: EndpointServer, ask: Asked, header: str) -> None:
    server.will(fails(429, Retry_After=header), says("Good."))
    assert ask().text == "Good."
    assert ask.waits_s == [17.0]


def test_a_retry_after_of_hours_is_told_instead_of_waited_for(
    server: EndpointServer, ask: Asked
) -> None:
    server.will(fails(429, Retry_After="7200"))
    with pytest.raises(EndpointError, match="it asks to wait 7200 s, run again after that"):
        ask()
    assert ask.waits_s == []


@pytest.mark.parametrize("header", ["", "soon", "nan", "inf"])
def test_an_odd_retry_after_is_overlooked(header: str) -> None:
    assert retry_after_s({"retry-after": header}, NOW) is None


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (fails(401, f"wrong key {KEY}"), "401 (wrong key …); check the key in OPENAI_API_KEY"),
        (fails(403), "check the key"),
        (fails(404), "check the address and the model's name"),
        (fails(400, "no such\nparameter"), "400 (no such parameter); check that the model takes"),
        (fails(413), "send less audio"),
        (fails(429, code="insufficient_quota"), "out of credit, top it up"),
        (sends('{"result": "ok"}'), "no chat completion: it has no choices"),
        (sends('{"choices": []}'), "no chat completion: it has no choices"),
        (sends('{"choices": [{"text": "old"}]}'), "no chat completion: it has no message"),
        (sends('{"choices": [{"message": {"content": [1]}}]}'), "message is no text"),
        (sends("[1, 2]"), "no chat completion"),
    ],
)
def test_lasting_trouble_is_told_at_once_in_one_line(
    server: EndpointServer, ask: Asked, trouble: Behaviour, message: str
) -> None:
    server.will(trouble)
    with pytest.raises(EndpointError) as caught:
        ask()
    text = str(caught.value)
    assert text.startswith(server.url)
    assert message in text
    assert "\n" not in text
    assert KEY not in text
    assert len(server.requests) == 1
    assert not any(KEY in file.read_text() for file in ask.folder.rglob("*.json*"))


def test_an_endpoint_that_is_down_is_named(tmp_path: Path) -> None:
    with running_endpoint() as gone:
        url = gone.url
    asked = Asked(url, tmp_path)
    with pytest.raises(EndpointError, match=r"the connection failed .* check the address"):
        asked()
    assert len(asked.waits_s) == 5


def test_a_refusal_is_an_answer(server: EndpointServer, ask: Asked) -> None:
    server.will(refuses("I would rather not."))
    answer = ask()
    assert (answer.text, answer.refusal) == ("", "I would rather not.")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_url": "ftp://host/v1"}, "is no http"),
        ({"base_url": ""}, "is no http"),
        ({"model": ""}, "no model is named"),
    ],
)
def test_a_connection_that_cannot_work_is_refused(changes: dict[str, str], message: str) -> None:
    values = {"base_url": "http://127.0.0.1/v1", "model": "m", **changes}
    with pytest.raises(EndpointError, match=message):
        Connection(prices=Prices(1.0, 1.0), **values)


def test_secrets_of_an_address_are_not_shown() -> None:
    connection = Connection("http://me:hush@127.0.0.1:8/v1?k=hush", "m", Prices(0.0, 0.0), KEY)
    assert connection.shown == "http://127.0.0.1:8/v1"
    assert "hush" not in connection.shown
    assert KEY not in repr(connection)
