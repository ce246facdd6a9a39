"""Another wording is taken only where it says the very same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from modeling.advice.compose import Speaker, spoken
from modeling.advice.facts import Fact
from modeling.advice.parser import parse
from modeling.advice.rephrase import Rephrased, rephrase
from modeling.advice.structure import Advice, Answer, SpokenMove
from modeling.endpoint.client import Endpoint
from modeling.endpoint.request import Connection, Prices
from tests.endpoint_server import EndpointServer, refuses, running_endpoint, says
from tests.modeling.advice_cases import provenance

ALL = np.array([True] * 4)
SAME = (
    "The bass measures 9.0 LU under the whole mix, which is not much. I suggest that you lift the "
    "bass by about 3 dB (between 2 and 4 dB)."
)


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        yield running


def _advice() -> Advice:
    answer = Answer((SpokenMove("bass", 3.0, 2.0, 4.0),))
    fact = Fact("under_mix", 9.0, stem="bass")
    for seed in range(50):  # words that name the interval by its ends
        advice = spoken(answer, ALL, Speaker(provenance(seed=seed), [fact]))
        if "between" in advice.prose:
            return advice
    raise AssertionError("no seed draws an interval by its ends")


def _reworded(server: EndpointServer, folder: Path, text: str) -> Rephrased:
    server.will(says(text))
    connection = Connection(server.url, "m", Prices(1.0, 1.0))
    with Endpoint(connection, folder, 1.0, np.random.default_rng(0)) as endpoint:
        return rephrase(_advice(), endpoint, seed=1)


def test_the_same_advice_in_other_words_is_taken(server: EndpointServer, tmp_path: Path) -> None:
    done = _reworded(server, tmp_path, SAME)
    assert done.accepted, done.reason
    assert done.advice.prose == SAME
    assert done.advice.original_prose == _advice().prose
    assert parse(done.advice.prose) == done.advice.answer


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("3 dB", "4 dB", "other stems, directions or figures"),
        ("lift", "lower", "other stems, directions or figures"),
        ("the bass by", "the drums by", "other stems, directions or figures"),
        ("between 2 and 4", "between 2 and 5", "other stems, directions or figures"),
        (" (between 2 and 4 dB)", "", "other stems, directions or figures"),
        ("9.0", "8.0", "adds, drops or changes a figure"),
        ("lift", "do not lift", "cannot be read back"),
        ("which is not much", "which is rather little " * 10, "words; 14 to 64 are allowed"),
        (SAME, "Lift the bass by 3 dB.", "it has 6 words"),
    ],
)
def test_a_wording_that_differs_is_rejected(
    server: EndpointServer, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in SAME
    done = _reworded(server, tmp_path, SAME.replace(old, new))
    assert not done.accepted
    assert reason in done.reason
    assert done.advice == _advice()


def test_a_model_that_will_not_reword_leaves_the_advice_as_it_was(
    server: EndpointServer, tmp_path: Path
) -> None:
    server.will(refuses("No."))
    connection = Connection(server.url, "m", Prices(1.0, 1.0))
    with Endpoint(connection, tmp_path, 1.0, np.random.default_rng(0)) as endpoint:
        done = rephrase(_advice(), endpoint, seed=1)
    assert not done.accepted
    assert done.advice == _advice()
