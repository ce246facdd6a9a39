"""Replay: many page loads become one time axis, and odd events do no harm."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.saving import save
from annotate.timeline import place, timeline
from tests.annotate.conftest import NOW, batch, join, stored
from tests.annotate.researcher_cast import signed_in, submit


def move(t: float, db: float | None, stem: str = "vocals") -> dict[str, Any]:
    return {"t": t, "kind": "fader", "stem": stem, "db": db}


def test_time_while_something_plays_is_kept_and_idle_time_is_shortened() -> None:
    events = [
        {"t": 0, "kind": "play", "s": 0.0},
        {"t": 60_000, "kind": "pause", "s": 12.0},
        move(360_000, -3.0),
    ]
    moments = timeline([events]).moments
    assert [one.at_s for one in moments] == [0.0, 60.0, 65.0]


def test_a_second_page_load_follows_the_first_and_begins_paused() -> None:
    first = [{"t": 500, "kind": "play", "s": 0.0}, move(2500, -1.0)]
    second = [move(100, -2.0)]
    replayed = timeline([first, second])
    assert replayed.visits == 2
    assert [(one.at_s, one.kind) for one in replayed.moments] == [
        (0.0, "play"),
        (2.0, "fader"),
        (3.0, "visit"),
        (3.0, "fader"),
    ]


def test_batches_that_arrived_out_of_order_are_put_in_order(campaign: Campaign) -> None:
    assignment = claimed(campaign)
    for seq, t in ((2, 9000.0), (1, 1000.0)):
        payload = batch(seq, events=[move(t, -float(seq))])
        save(assignment=stored(assignment), payload=payload, now=NOW)
    page = replay_page(assignment)
    assert page.index("vocals to −1.0 dB") < page.index("vocals to −2.0 dB")


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "seek"},
        {"kind": "seek", "s": "soon"},
        {"kind": "seek", "s": float("inf")},
        {"kind": "mute", "stem": "kazoo"},
        {"kind": "solo"},
    ],
)
def test_an_event_that_does_not_say_enough_is_left_out(event: dict[str, Any]) -> None:
    assert timeline([[{"t": 1, **event}]]).moments == ()


@pytest.mark.parametrize("loop", ["all", [1], [5, 2], [None, 3], {"start": 1}])
def test_an_odd_loop_is_the_whole_excerpt(loop: Any) -> None:
    (moment,) = timeline([[{"t": 1, "kind": "loop", "loop": loop}]]).moments
    assert moment.value is None


def test_moves_in_quick_succession_are_one_line_of_the_list() -> None:
    quick = [move(100 * n, -float(n)) for n in range(20)]
    rows = timeline([[*quick, move(9000, 0.0), move(9050, 1.0, "bass")]]).rows()
    assert [row.text for row in rows] == [
        "vocals to −19.0 dB",
        "vocals to 0.0 dB",
        "bass to +1.0 dB",
    ]


def test_a_fader_at_the_bottom_is_called_off() -> None:
    assert timeline([[move(0, None)]]).rows()[0].text == "vocals to off"


def test_faders_are_drawn_by_the_law_of_the_desk() -> None:
    places = [place(level) for level in (None, -40.0, -20.0, 0.0, 12.0)]
    assert places == [0.0, pytest.approx(0.08), pytest.approx(0.32), pytest.approx(0.745), 1.0]


def test_a_silent_stem_has_no_line_and_the_others_begin_at_their_start() -> None:
    start_db = {"vocals": 12.0, "drums": None, "bass": None, "other": None}
    paths = timeline([[move(0, 12.0), move(1000, None)]]).paths(start_db)
    assert paths["drums"] == ""
    assert paths["vocals"] == "M0.0,0.0H0.0V0.0H500.0V100.0H1000"


def claimed(campaign: Campaign) -> Assignment:
    annotator: Annotator = join(campaign)[0].annotator
    assignment = next_assignment(annotator=annotator, now=NOW)
    assert assignment is not None
    return assignment


def replay_page(assignment: Assignment) -> str:
    campaign = assignment.item.campaign
    client: Client = signed_in(campaign.owner)
    return client.get(reverse("replay", args=[campaign.key, assignment.key])).content.decode()


def test_the_page_lists_events_and_answers(campaign: Campaign) -> None:
    assignment = claimed(campaign)
    submit(assignment, comment="found it")
    page = replay_page(assignment)
    assert "vocals to" in page
    assert "found it" in page


def test_a_page_without_events_says_why(campaign: Campaign) -> None:
    assert "No move was recorded" in replay_page(claimed(campaign))


def test_the_player_gets_levels_that_add_up_to_what_was_heard(heard_campaign: Campaign) -> None:
    assignment = claimed(heard_campaign)
    submit(assignment)
    page = replay_page(assignment)
    assert '"served_gain_db"' in page
    assert '"start_db"' in page
    assert reverse("excerpt-stem", args=[assignment.item.excerpt.key, "bass"]) in page


def test_an_assignment_of_another_campaign_is_not_found(
    campaign: Campaign, heard_campaign: Campaign
) -> None:
    assignment = claimed(campaign)
    address = reverse("replay", args=[heard_campaign.key, assignment.key])
    assert signed_in(campaign.owner).get(address).status_code == 404
