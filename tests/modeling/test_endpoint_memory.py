"""Nothing is paid twice, everything is kept, and the budget holds."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modeling.endpoint.client import Clocks, Endpoint
from modeling.endpoint.ledger import Ledger
from modeling.endpoint.request import (
    Answer,
    Audio,
    BudgetError,
    Connection,
    EndpointError,
    Prices,
    Request,
)
from tests.conftest import ROOT
from tests.endpoint_server import (
    EndpointServer,
    completion,
    drops,
    fails,
    late,
    running_endpoint,
    says,
    sends,
)

REQUEST = Request("Answer.", (("user", "Hello"),), seed=3)
PRICES = Prices(10.0, 20.0)
COST_USD = (100 * 10.0 + 20 * 20.0) / 1e6  # the usage that the server counts


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        yield running


def _endpoint(server: EndpointServer, folder: Path, **changes: Any) -> Endpoint:
    budget_usd = changes.pop("budget_usd", 1.0)
    at_once = changes.pop("at_once", 4)
    connection = Connection(server.url, "m", PRICES, **changes)
    clocks = Clocks(sleep=lambda _: None)
    rng = np.random.default_rng(0)
    return Endpoint(connection, folder, budget_usd, rng, at_once=at_once, clocks=clocks)


def test_the_same_request_is_paid_once_even_after_a_restart(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(says("Good."))
    with _endpoint(server, tmp_path) as first:
        paid = first.ask(REQUEST)
    with _endpoint(server, tmp_path) as second:
        again = second.ask(REQUEST)
        assert second.spent_usd() == pytest.approx(COST_USD)
    assert again == replace(paid, cached=True)
    assert not paid.cached
    assert len(server.requests) == 1


def test_whatever_can_change_the_answer_makes_another_request(
    server: EndpointServer, tmp_path: Path
) -> None:
    others = [
        replace(REQUEST, seed=4),
        replace(REQUEST, repeat=1),
        replace(REQUEST, system="Answer!"),
        replace(REQUEST, temperature=None),
        replace(REQUEST, max_tokens=10),
        replace(REQUEST, schema={"type": "object"}),
        replace(REQUEST, audio=Audio(b"RIFF", 1.0)),
        REQUEST.then("a", "b"),
    ]
    keys = {request.key(_endpoint(server, tmp_path).connection) for request in (REQUEST, *others)}
    keys.add(REQUEST.key(_endpoint(server, tmp_path, tokens_field="max_tokens").connection))
    assert len(keys) == len(others) + 2


def test_two_who_ask_the_same_at_once_pay_once(server: EndpointServer, tmp_path: Path) -> None:
    server.will(late(0.1, says("Good.")))
    with (
        _endpoint(server, tmp_path) as first,
        _endpoint(server, tmp_path) as second,
        ThreadPoolExecutor(4) as pool,
    ):
        found = pool.map(lambda endpoint: endpoint.ask(REQUEST), [first, second] * 2)
        answers = list(found)
    assert {answer.text for answer in answers} == {"Good."}
    assert len(server.requests) == 1


def test_every_attempt_is_kept_with_its_raw_answer_and_its_price(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(fails(500, "ouch"), says("Good."))
    with _endpoint(server, tmp_path) as endpoint:
        endpoint.ask(REQUEST)
        failed, good = endpoint.store.attempts(REQUEST.key(endpoint.connection))
    assert "ouch" in failed["raw"]
    assert failed["cost_usd"] == 0.0
    assert json.loads(good["raw"]) == completion("Good.")
    assert good["seed"] == 3
    assert (good["input_tokens"], good["output_tokens"]) == (100, 20)
    assert good["cost_usd"] == pytest.approx(COST_USD)
    assert good["latency_s"] > 0.0
    assert good["request"]["messages"][1]["content"] == "Hello"


def test_audio_is_kept_as_its_hash(server: EndpointServer, tmp_path: Path) -> None:
    server.will(says("Good."))
    request = replace(REQUEST, audio=Audio(b"RIFF" * 100, 1.0))
    with _endpoint(server, tmp_path, takes_audio=True) as endpoint:
        endpoint.ask(request)
        (attempt,) = endpoint.store.attempts(request.key(endpoint.connection))
    assert len(attempt["request"]["messages"][1]["content"][1]["sha256"]) == 64
    assert "UklGR" not in json.dumps(attempt)
    assert "UklGR" in json.dumps(server.requests[0])
    with (
        _endpoint(server, tmp_path) as deaf,
        pytest.raises(EndpointError, match="takes no audio; leave the audio out"),
    ):
        deaf.ask(request)


def test_the_budget_stops_before_it_is_exceeded(server: EndpointServer, tmp_path: Path) -> None:
    server.will(*[says("Good.")] * 10)
    most_usd = REQUEST.most_usd(PRICES)
    with _endpoint(server, tmp_path, budget_usd=most_usd + 2.5 * COST_USD) as endpoint:
        answers = list(endpoint.ask_all(replace(REQUEST, seed=seed) for seed in range(6)))
        spent_usd = endpoint.spent_usd()
    good = [answer for answer in answers if isinstance(answer, Answer)]
    refused = [answer for answer in answers if isinstance(answer, BudgetError)]
    assert len(good) + len(refused) == 6
    assert 1 <= len(good) <= 3
    assert spent_usd == pytest.approx(len(good) * COST_USD)
    assert len(server.requests) == len(good)
    assert "raise the budget" in str(refused[0])


def test_no_request_costs_more_than_its_bound(server: EndpointServer, tmp_path: Path) -> None:
    assert REQUEST.most_usd(PRICES) >= PRICES.cost_usd(len("Answer.Hello"), 600)
    longer = replace(REQUEST, audio=Audio(b"", 25.0), schema={"type": "object"})
    assert longer.most_usd(PRICES) > REQUEST.most_usd(PRICES)


def test_a_lost_answer_counts_in_full_since_it_may_have_been_charged(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(drops, says("Good."))
    with _endpoint(server, tmp_path) as endpoint:
        endpoint.ask(REQUEST)
        spent_usd = endpoint.spent_usd()
    assert spent_usd == pytest.approx(REQUEST.most_usd(PRICES) + COST_USD)


def test_an_answer_without_a_count_of_tokens_counts_in_full(
    server: EndpointServer, tmp_path: Path
) -> None:
    uncounted = completion("Good.")
    del uncounted["usage"]
    server.will(sends(json.dumps(uncounted)))
    with _endpoint(server, tmp_path) as endpoint:
        answer = endpoint.ask(REQUEST)
    assert answer.cost_is_bound
    assert answer.cost_usd == pytest.approx(REQUEST.most_usd(PRICES))


def test_a_killed_process_leaves_its_reservation_and_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, 1.0).reserve("a", 0.25, "there")
    with path.open("ab") as file:  # killed while it wrote
        file.write(b'{"request": "b", "ki')
    after = Ledger(path, 1.0)
    assert after.spent_usd() == 0.25
    after.reserve("c", 0.5, "there")
    assert Ledger(path, 1.0).spent_usd() == 0.75
    with pytest.raises(BudgetError, match=r"0\.5000 USD, but of a budget of 1\.00 USD 0\.7500"):
        after.reserve("d", 0.5, "there")


def test_a_run_that_is_killed_goes_on_where_it_was(server: EndpointServer, tmp_path: Path) -> None:
    server.will(says("first"), late(30.0, says("lost")), says("second"))
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from modeling.endpoint.client import Endpoint\n"
        "from modeling.endpoint.request import Connection, Prices, Request\n"
        "connection = Connection(sys.argv[1], 'm', Prices(10.0, 20.0))\n"
        "endpoint = Endpoint(connection, Path(sys.argv[2]), 1.0, np.random.default_rng(0))\n"
        "[endpoint.ask(Request('Answer.', (('user', 'Hello'),), seed=n)) for n in range(2)]\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, server.url, str(tmp_path)], cwd=ROOT)
    deadline_s = time.monotonic() + 60.0
    while len(server.requests) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    child.kill()
    child.wait()
    requests = [replace(REQUEST, seed=seed) for seed in range(2)]
    with _endpoint(server, tmp_path) as endpoint:
        assert [endpoint.ask(request).text for request in requests] == ["first", "second"]
        expected_usd = 2 * COST_USD + REQUEST.most_usd(PRICES)
        assert endpoint.spent_usd() == pytest.approx(expected_usd)
    assert len(server.requests) == 3


def test_several_ledgers_of_one_file_never_spend_more_than_the_budget(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path / "ledger.jsonl", 1.0) for _ in range(4)]
    refused = threading.Semaphore(0)

    def spend(ledger: Ledger) -> int:
        done = 0
        for _ in range(20):
            try:
                ledger.reserve("x", 0.03, "there")
            except BudgetError:
                refused.release()
            else:
                ledger.settle("x", 0.03, 0.02)
                done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        n_done = sum(pool.map(spend, ledgers))
    assert ledgers[0].spent_usd() == pytest.approx(0.02 * n_done)
    assert 44 <= n_done <= 50


def test_damaged_files_of_the_store_get_one_line(server: EndpointServer, tmp_path: Path) -> None:
    server.will(says("Good."))
    with _endpoint(server, tmp_path) as endpoint:
        endpoint.ask(REQUEST)
        (file,) = tmp_path.rglob("answer.json")
        file.write_text("{")
        with pytest.raises(EndpointError, match=r"answer\.json is damaged; delete it to ask again"):
            endpoint.ask(REQUEST)
    (tmp_path / "ledger.jsonl").write_text("nonsense\n")
    with (
        _endpoint(server, tmp_path) as endpoint,
        pytest.raises(EndpointError, match=r"ledger\.jsonl is damaged"),
    ):
        endpoint.spent_usd()


def test_a_store_that_cannot_be_written_gets_one_line(
    server: EndpointServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with (
        _endpoint(server, tmp_path / "file") as endpoint,
        pytest.raises(EndpointError, match="cannot be written: Not a directory"),
    ):
        endpoint.ask(REQUEST)
    assert server.requests == []


def test_no_more_requests_are_under_way_than_allowed(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(*[late(0.05, says("Good."))] * 8)
    with _endpoint(server, tmp_path, at_once=2) as endpoint:
        requests = [replace(REQUEST, seed=seed) for seed in range(8)]
        answers = list(endpoint.ask_all(requests))
    assert all(isinstance(answer, Answer) for answer in answers)
    assert server.most_at_once == 2


def test_one_failure_among_many_takes_only_its_own_place(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(says("one"), fails(400), says("three"))
    with _endpoint(server, tmp_path, at_once=1) as endpoint:
        requests = [replace(REQUEST, seed=seed) for seed in range(3)]
        first, second, third = endpoint.ask_all(requests)
    assert isinstance(first, Answer)
    assert isinstance(second, EndpointError)
    assert isinstance(third, Answer)
    assert (first.text, third.text) == ("one", "three")
