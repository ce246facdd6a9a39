"""Saves that no desk sends: each gets one clear line, and nothing is stored."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from annotate.models import Annotation, Annotator, Assignment, EventBatch
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation
from tests.annotate.conftest import FADERS, answer, batch

HUGE = 10**400


@pytest.fixture
def assignment(annotator: Annotator, now: datetime) -> Assignment:
    claimed = next_assignment(annotator=annotator, now=now)
    assert claimed is not None
    return claimed


@pytest.fixture
def save(invitation: Invitation, assignment: Assignment) -> Any:
    """Send bytes to this annotator's desk."""
    address = reverse("save", args=[invitation.token, assignment.key])

    def send(body: str | bytes) -> Any:
        # An outer block, so that a fault of the database does not spoil the rest of the test.
        with transaction.atomic():
            return Client().post(address, body, content_type="application/json")

    return send


def event(**fields: Any) -> dict[str, Any]:
    return {"t": 1.0, "kind": "play"} | fields


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"\xff\xfe", b"[" * 100_000, b"[]", b"null", b'"text"', b"1" * 5000],
    ids=["empty", "text", "not utf-8", "deep", "list", "null", "string", "number"],
)
def test_what_is_no_json_object_is_refused(save: Any, body: bytes) -> None:
    refusal = save(body)
    assert refusal.status_code == 400
    assert refusal.json()["error"].count("\n") == 0
    assert not EventBatch.objects.exists()


def test_a_body_beyond_a_megabyte_is_too_large(save: Any) -> None:
    assert save(b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize(
    "fields",
    [
        {"page": HUGE},
        {"seq": HUGE},
        {"listened_s": HUGE},
        {"events": [event(t=HUGE)]},
        {"events": [event(kind="fader", stem="vocals", db=HUGE)]},
        {"events": [event(kind="fader", stem="vocals", db=True)]},
        {"events": [event(kind=["play"])]},
        {"events": [event(kind={})]},
        {"events": [event(kind="fader", stem=["vocals"], db=0)]},
        {"desk": {"faders_db": dict(FADERS, bass=HUGE)}},
        {"desk": {"mute": [["vocals"]]}},
        {"desk": {"mute": [{}]}},
        {"desk": {"loop": [0, HUGE]}},
        {"desk": {"confidence": HUGE}},
        {"submit": answer(faders_db=dict(FADERS, bass=HUGE))},
        {"submit": answer(faders_db=dict(FADERS, bass=-40.1))},
        {"submit": answer(faders_db=[0, 0, 0, 0])},
        {"submit": answer(key="abcdefgh\n")},
        {"client": "clientone\n"},
    ],
)
def test_values_that_no_number_or_name_can_be_are_refused(save: Any, fields: dict) -> None:
    refusal = save(json.dumps(batch(**fields)))
    assert refusal.status_code == 400, refusal.content
    assert not EventBatch.objects.exists()
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "comment", ["nul \x00 inside", "half a pair \ud800", "\x00", "\U0001f3b6 fine"]
)
def test_odd_characters_in_a_comment_lose_nobody_their_answer(save: Any, comment: str) -> None:
    desk = {"faders_db": FADERS, "comment": comment}
    taken = save(json.dumps(batch(desk=desk, submit=answer(comment=comment))))
    assert taken.status_code == 200, taken.content
    stored = Annotation.objects.get().comment
    assert "\x00" not in stored
    stored.encode()


@pytest.mark.parametrize(
    "extra",
    [
        '"\\u0000"',
        '"\\ud800"',
        "NaN",
        "Infinity",
        "1e999",
        '{"deep": [NaN]}',
        '"' + "x" * 9000 + '"',
    ],
)
def test_what_an_event_need_not_say_is_not_stored(save: Any, extra: str) -> None:
    text = json.dumps(batch(events=[event(s=3.2)]))
    taken = save(text.replace('"s": 3.2', f'"s": 3.2, "note": {extra}'))
    assert taken.status_code == 200, taken.content
    assert EventBatch.objects.get().events == [event(s=3.2)]


@pytest.mark.parametrize(
    "noted",
    [
        {"kind": "fader", "stem": "vocals", "db": -3.2},
        {"kind": "fader", "stem": "drums", "db": None},
        {"kind": "play", "s": 1.2},
        {"kind": "pause", "s": 1.2},
        {"kind": "seek", "s": 0.0},
        {"kind": "mute", "stem": "bass"},
        {"kind": "unmute", "stem": "bass"},
        {"kind": "solo", "stem": "other"},
        {"kind": "unsolo", "stem": "other"},
        {"kind": "loop", "loop": [1.5, 4.0]},
        {"kind": "loop", "loop": None},
        {"kind": "ab", "side": "start"},
        {"kind": "hold", "on": False},
        {"kind": "hidden"},
        {"kind": "visible"},
    ],
)
def test_everything_that_the_desk_notes_is_stored_as_it_was_sent(save: Any, noted: dict) -> None:
    assert save(json.dumps(batch(events=[{"t": 5.0, **noted}]))).status_code == 200
    assert EventBatch.objects.get().events == [{"t": 5.0, **noted}]


def test_a_thousand_events_are_a_batch_and_one_more_is_not(save: Any) -> None:
    assert save(json.dumps(batch(1, events=[event()] * 1000))).status_code == 200
    assert save(json.dumps(batch(2, events=[event()] * 1001))).status_code == 400


def test_a_number_as_large_as_can_be_still_leaves_the_next_save_possible(save: Any) -> None:
    assert save(json.dumps(batch(10_000_000, page=2**53))).status_code == 200
    assert save(json.dumps(batch(1, client="clienttwo"))).json()["is_latest"] is False
