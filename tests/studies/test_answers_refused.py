"""Whatever does not fit is refused with one line, and nothing of it is stored; odd characters and
needless extras lose nobody their answer."""

import json
from typing import Any

import pytest

from studies.models import Answer, TrialEvents
from tests.studies.walking import Participant, arrived, batch, current, plain, row, submission


@pytest.fixture
def person(db: None) -> Participant:
    return arrived(plain())


UNFIT: dict[str, list[Any]] = {
    "pairwise advice": [
        {},
        {"better": "C"},
        {"better": ["A"]},
        {"better": "A", "other": "x"},
        {"better": "A", "why": "x" * 2001},
        {"better": "A", "why": "x" * 900_000},
        {"better": "A", "why": {"a": 1}},
        [],
        None,
    ],
    "rated advice": [
        {"helpful": 8, "clear": 1},
        {"helpful": 0, "clear": 1},
        {"helpful": 1.5, "clear": 1},
        {"helpful": True, "clear": 1},
        {"helpful": "5", "clear": 1},
        {"helpful": 10**400, "clear": 1},
        {"helpful": 3},
    ],
    "multi-stimulus": [
        {"quality": {"A": 10, "B": 20}},
        {"quality": {"A": 10, "B": 20, "C": 101}},
        {"quality": {"A": 10, "B": 20, "C": 30, "D": 40}},
        {"quality": 10},
    ],
    "ranking": [
        {"order": ["A", "B"]},
        {"order": ["A", "B", "B"]},
        {"order": ["A", "B", "D"]},
        {"order": [["A", []], "B", "C"]},
        {"order": "ABC"},
    ],
}


@pytest.mark.parametrize("type_", UNFIT)
def test_an_answer_that_does_not_fit_is_refused_with_one_line_and_nothing_is_stored(
    db: None, type_: str
) -> None:
    person = arrived(plain(type_))
    trial = person.trial()
    for values in UNFIT[type_]:
        sent = submission(trial) | {"values": values}
        refused = person.save(trial, batch(trial, submit=sent))
        assert refused.status_code == 400, f"{values!r:.80}: {refused.content!r}"
        assert refused.json()["error"]
        assert "\n" not in refused.json()["error"]
        assert len(refused.json()["error"]) < 300
        assert not TrialEvents.objects.exists()
        assert not Answer.objects.exists()
        assert row(trial).state == "open"


HUGE = 10**400


@pytest.mark.parametrize(
    "fields",
    [
        {"client": "short"},
        {"client": "clientone\n"},
        {"page": HUGE},
        {"page": -1},
        {"seq": 0},
        {"seq": 1.5},
        {"events": "play"},
        {"events": [{"t": 1.0}]},
        {"events": [{"t": HUGE, "kind": "play"}]},
        {"events": [{"t": 1.0, "kind": "<script>"}]},
        {"events": [{"t": 1.0, "kind": "play"} | {f"x{n}": 1 for n in range(12)}]},
        {"events": [{"t": 1.0, "kind": "play"}] * 1001},
        {"listened_s": 3.0},
        {"listened_s": {"problem": -1}},
        {"listened_s": {"problem": HUGE}},
        {"listened_s": {"x" * 100: 1.0}},
        {"listened_s": {str(n): 1.0 for n in range(40)}},
        {"draft": {"better": "C"}},
        {"draft": {"unknown": 1}},
        {"draft": [1]},
        {"submit": []},
        {"submit": {"key": "short", "phase": "before", "values": {"better": "A"}}},
        {"submit": {"key": "long-enough", "phase": "during", "values": {"better": "A"}}},
        {"submit": {"key": "long-enough", "phase": "before", "no_answer_reason": "x" * 301}},
    ],
)
def test_a_save_that_no_page_sends_is_refused_and_nothing_is_stored(
    person: Participant, fields: dict[str, Any]
) -> None:
    trial = person.trial()
    refused = person.save(trial, json.dumps(batch(trial) | fields))
    assert refused.status_code == 400, refused.content
    assert "\n" not in refused.json()["error"]
    assert not TrialEvents.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"\xff\xfe", b"[" * 100_000, b"[]", b"null", b"1" * 5000]
)
def test_what_is_no_json_object_is_refused(person: Participant, body: bytes) -> None:
    assert person.save(person.trial(), body).status_code == 400


def test_a_body_beyond_a_megabyte_is_too_large(person: Participant) -> None:
    assert person.save(person.trial(), b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("words", ["nul \x00 inside", "half a pair \ud800", "\U0001f3b6 fine"])
def test_odd_characters_lose_nobody_their_words(person: Participant, words: str) -> None:
    trial = person.trial()
    sent = submission(trial, values={"better": "A", "why": words})
    taken = person.save(trial, json.dumps(batch(trial, draft={"why": words}, submit=sent)))
    assert taken.status_code == 200, taken.content
    assert "\x00" not in current(trial)["why"]


def test_what_an_event_need_not_say_is_dropped_and_the_rest_is_kept(person: Participant) -> None:
    trial = person.trial()
    events = [{"t": 1.0, "kind": "play", "s": 2.5, "sound": "problem", "deep": {"a": [1]}}]
    text = json.dumps(batch(trial, events=events)).replace('"s": 2.5', '"s": 2.5, "nan": NaN')
    assert person.save(trial, text).status_code == 200
    assert TrialEvents.objects.get().events == [
        {"t": 1.0, "kind": "play", "s": 2.5, "sound": "problem"}
    ]
