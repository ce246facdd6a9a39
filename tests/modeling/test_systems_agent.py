"""The language model as a system, against a real server that answers well and badly."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.vectors import Balance
from modeling.advice.parser import parse
from modeling.advice.structure import Advice
from modeling.endpoint.client import Clocks, Endpoint
from modeling.endpoint.request import Connection, Prices
from modeling.systems.interface import Options, SystemFailedError
from modeling.systems.registry import advise
from tests.endpoint_server import (
    EndpointServer,
    completion,
    fails,
    refuses,
    running_endpoint,
    says,
    sends,
    states,
)
from tests.modeling.systems_scene import scene

GOOD = {
    "balanced": False,
    "moves": [{"stem": "bass", "direction": "raise", "db": 6.0}],
    "explanation": "Raise the bass by 6 dB. It can hardly be heard.",
}
LEAVE = {"balanced": True, "moves": [], "explanation": "Leave the balance as it is."}


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        yield running


def _ask(server: EndpointServer, folder: Path, **changes: Any) -> Advice:
    asked = scene(changes.pop("present", scene().present), with_audio=True)
    connection = Connection(server.url, "test-model", Prices(1.0, 2.0), **changes)
    rng = np.random.default_rng(0)
    with Endpoint(connection, folder, 1.0, rng, clocks=Clocks(sleep=lambda _: None)) as endpoint:
        return advise("llm_agent", asked, Options(seed=5, endpoint=endpoint))


def test_the_structured_answer_is_worded_by_the_one_writer(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(states(GOOD))
    advice = _ask(server, tmp_path)
    assert [(move.stem, move.move_db) for move in advice.answer.moves] == [("bass", 6.0)]
    assert parse(advice.prose) == advice.answer
    assert advice.original_prose == GOOD["explanation"]
    assert advice.provenance.checkpoint == "test-model"
    assert advice.balance.to_mapping()["bass"] == -3.0


def test_it_is_given_the_table_and_no_gain_and_asked_for_the_schema(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(states(LEAVE))
    assert _ask(server, tmp_path).leave_it
    (request,) = server.requests
    question = request["messages"][1]["content"]
    assert question.count("LUFS") == 5
    server.will(states(LEAVE))
    _ask(server, tmp_path / "louder", present=Balance(7.0, 7.0, -2.0, 7.0))
    assert server.requests[1]["messages"][1]["content"] == question
    assert request["response_format"]["json_schema"]["strict"] is True
    assert request["seed"] == 5


def test_it_hears_the_mix_where_the_endpoint_takes_audio(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(states(LEAVE))
    _ask(server, tmp_path, takes_audio=True)
    words, sound = server.requests[0]["messages"][1]["content"]
    assert words["type"] == "text"
    assert sound["input_audio"]["format"] == "wav"
    assert sound["input_audio"]["data"].startswith("UklGR")


def test_one_bad_answer_is_repaired(server: EndpointServer, tmp_path: Path) -> None:
    server.will(says("Turn it up!"), states(GOOD))
    assert not _ask(server, tmp_path).leave_it
    repair = server.requests[1]["messages"][-1]
    assert repair["role"] == "user"
    assert "it is no JSON" in repair["content"]
    assert server.requests[1]["messages"][-2] == {"role": "assistant", "content": "Turn it up!"}


def test_a_fenced_answer_is_taken(server: EndpointServer, tmp_path: Path) -> None:
    server.will(says(f"```json\n{json.dumps(GOOD)}\n```"))
    assert not _ask(server, tmp_path).leave_it


def _move(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "moves": [{**GOOD["moves"][0], **changes}]}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**GOOD, "explanation": "Raise the bass by 3 dB."}, "says the bass +3 dB, but the moves"),
        ({**GOOD, "explanation": "Lower the bass by 6 dB."}, "says the bass -6 dB, but the moves"),
        ({**GOOD, "explanation": "Leave the mix as it is."}, "says no change, but the moves say"),
        ({**GOOD, "explanation": "More of the low end."}, "the explanation cannot be read"),
        ({**GOOD, "balanced": True}, "balanced is True, but moves has 1"),
        ({**GOOD, "moves": []}, "balanced is False, but moves has 0"),
        ({"answer": "louder"}, "exactly the fields balanced, moves and explanation"),
        ({**GOOD, "moves": GOOD["moves"] * 2}, "a stem is moved twice"),  # type: ignore[operator]
        (_move(stem="guitar"), "a move of guitar"),
        (_move(db="6"), "use 1.5 to 12 dB in steps of 0.5 dB"),
        (_move(db=6.3), "use 1.5 to 12 dB in steps of 0.5 dB"),
        (_move(db=40), "use 1.5 to 12 dB in steps of 0.5 dB"),
        (_move(certainty=1), "exactly the fields stem, direction and db"),
        ([GOOD], "exactly the fields balanced, moves and explanation"),
    ],
)
def test_an_answer_that_stays_bad_is_refused_with_one_line(
    server: EndpointServer, tmp_path: Path, values: object, message: str
) -> None:
    server.will(states(values), states(values))
    with pytest.raises(SystemFailedError) as caught:
        _ask(server, tmp_path)
    assert message in str(caught.value)
    assert "test-model was refused twice" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 2


def test_a_silent_stem_cannot_be_moved(server: EndpointServer, tmp_path: Path) -> None:
    server.will(states(GOOD), states(GOOD))
    with pytest.raises(SystemFailedError, match="bass is silent and cannot be moved"):
        _ask(server, tmp_path, present=Balance(0.0, 0.0, None, 0.0))
    assert "bass: silent" in server.requests[0]["messages"][1]["content"]


def test_a_model_that_will_not_is_named(server: EndpointServer, tmp_path: Path) -> None:
    server.will(refuses("I cannot judge music."), refuses("No."))
    with pytest.raises(SystemFailedError, match=r"it refuses to answer \(No\.\)"):
        _ask(server, tmp_path)


def test_an_answer_that_was_cut_off_is_refused(server: EndpointServer, tmp_path: Path) -> None:
    cut = completion('{"balanced": tr')
    cut["choices"][0]["finish_reason"] = "length"
    server.will(sends(json.dumps(cut)), sends(json.dumps(cut)))
    with pytest.raises(SystemFailedError, match="it is too long and was cut off"):
        _ask(server, tmp_path)


def test_a_failing_endpoint_and_a_missing_one_get_one_line(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(fails(401, "bad key"))
    with pytest.raises(SystemFailedError, match=r"llm_agent: http://.* it answered 401"):
        _ask(server, tmp_path)
    with pytest.raises(SystemFailedError, match="llm_agent needs an endpoint; set OPENAI_API_KEY"):
        advise("llm_agent", scene())


def test_the_same_question_is_paid_once(server: EndpointServer, tmp_path: Path) -> None:
    server.will(states(GOOD))
    assert _ask(server, tmp_path) == _ask(server, tmp_path)
    assert len(server.requests) == 1
