"""Work is never lost: a dead network, a reload, another visit, a second click, a second tab."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from analysis.vectors import STEMS
from tests.e2e.annotator import (
    fader,
    level,
    listen,
    open_mixer,
    wait_until_playable,
    wait_until_saved,
)
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

SAVES = "**/save/"


@pytest.fixture
def campaign(site: Site, request: pytest.FixtureRequest) -> dict[str, Any]:
    return site.campaign(request.node.name, headphone_check="none")


@pytest.fixture
def mixer(browser_page: Page, campaign: dict[str, Any]) -> Page:
    open_mixer(browser_page, campaign["links"][0])
    return browser_page


def set_level(page: Page, stem: str, text: str) -> None:
    level(page, stem).fill(text)
    level(page, stem).press("Enter")


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit this balance").click()


def test_a_balance_is_submitted_as_the_faders_stood(mixer, site, campaign):
    listen(mixer)
    for stem, text in zip(("Vocals", "Drums", "Bass"), ("-3.2", "off", "+12"), strict=True):
        set_level(mixer, stem, text)
    mixer.get_by_role("radio", name="4").check()
    mixer.get_by_label("Comment").fill("=1+1, bass too far back")
    other = fader(mixer, "Other").get_attribute("aria-valuenow")
    mixer.keyboard.press("Control+Enter")
    expect(mixer.get_by_role("button", name="Next excerpt")).to_be_focused()
    (row,) = site.annotations(campaign["campaign"])
    sent = [row[f"fader_{stem}_db"] for stem in STEMS]
    assert sent == [-3.2, None, 12.0, float(other)]
    assert (row["confidence"], row["comment"]) == (4, "=1+1, bass too far back")
    assert row["moves"] == 3
    assert 0.3 < row["listened_s"] < 60


def test_nothing_is_submitted_before_one_has_listened(mixer, site, campaign):
    submit(mixer)
    expect(mixer.get_by_role("alert").filter(has_text="Listen")).to_be_visible()
    assert site.annotations(campaign["campaign"]) == []


def test_all_faders_off_is_no_balance(mixer):
    listen(mixer)
    for stem in ("Vocals", "Drums", "Bass", "Other"):
        set_level(mixer, stem, "off")
    submit(mixer)
    expect(mixer.get_by_role("alert").filter(has_text="Every fader is off")).to_be_visible()


def test_what_was_done_without_a_network_survives_a_reload_and_arrives(mixer, site, campaign):
    listen(mixer)
    wait_until_saved(mixer)
    mixer.route(SAVES, lambda route: route.abort())
    set_level(mixer, "Vocals", "-11.1")
    expect(mixer.get_by_text("Offline: kept on this device")).to_be_visible()
    set_level(mixer, "Vocals", "-22.2")
    mixer.reload()
    wait_until_playable(mixer)
    expect(level(mixer, "Vocals")).to_have_value("−22.2")
    mixer.unroute(SAVES)
    mixer.reload()
    wait_until_playable(mixer)
    expect(level(mixer, "Vocals")).to_have_value("−22.2")
    wait_until_saved(mixer)
    mixer.evaluate("localStorage.clear()")
    mixer.reload()
    expect(level(mixer, "Vocals")).to_have_value("−22.2")


def test_an_answer_given_without_a_network_is_sent_when_it_is_back(mixer, site, campaign, context):
    listen(mixer)
    set_level(mixer, "Bass", "-4.4")
    wait_until_saved(mixer)
    context.set_offline(True)
    submit(mixer)
    expect(mixer.get_by_text("Offline: kept on this device")).to_be_visible()
    assert site.annotations(campaign["campaign"]) == []
    context.set_offline(False)
    expect(mixer.get_by_role("button", name="Next excerpt")).to_be_visible()
    (row,) = site.annotations(campaign["campaign"])
    assert row["fader_bass_db"] == -4.4


def test_an_answer_whose_confirmation_was_lost_is_stored_once(mixer, site, campaign):
    listen(mixer)
    lost: list[str] = []

    def deliver_but_lose_the_answer(route: Route) -> None:
        route.fetch()
        lost.append(route.request.post_data or "")
        route.abort()

    mixer.route(SAVES, deliver_but_lose_the_answer, times=2)
    submit(mixer)
    expect(mixer.get_by_role("button", name="Next excerpt")).to_be_visible()
    assert len(lost) == 2
    assert json.loads(lost[0]) == json.loads(lost[1])
    assert [row["revision"] for row in site.annotations(campaign["campaign"])] == [1]


def test_clicking_submit_twice_makes_one_annotation_and_amending_makes_a_second(
    mixer, site, campaign
):
    listen(mixer)
    mixer.get_by_role("button", name="Submit this balance").dblclick()
    expect(mixer.get_by_role("button", name="Next excerpt")).to_be_visible()
    wait_until_saved(mixer)
    assert [row["revision"] for row in site.annotations(campaign["campaign"])] == [1]
    set_level(mixer, "Drums", "1.5")
    expect(mixer.get_by_text("Changed since you submitted")).to_be_visible()
    mixer.get_by_role("button", name="Submit again").click()
    expect(mixer.get_by_text("Changed since you submitted")).to_be_hidden()
    wait_until_saved(mixer)
    rows = site.annotations(campaign["campaign"])
    assert [row["revision"] for row in rows] == [1, 2]
    assert [row["is_current"] for row in rows] == [False, True]
    assert rows[1]["fader_drums_db"] == 1.5


def test_an_excerpt_that_cannot_be_judged_is_declined_with_a_reason(mixer, site, campaign):
    mixer.get_by_text("I cannot judge this one").click()
    mixer.get_by_label("Why?").select_option(label="The sound is broken")
    mixer.get_by_label("More").fill("crackles at 0:07")
    mixer.get_by_role("button", name="Submit without a balance").click()
    expect(mixer.get_by_role("button", name="Next excerpt")).to_be_visible()
    (row,) = site.annotations(campaign["campaign"])
    assert row["cannot_judge_reason"] == "sound broken: crackles at 0:07"
    assert all(row[f"fader_{stem}_db"] is None for stem in STEMS)


def test_a_fast_drag_is_logged_at_most_ten_times_a_second_and_ends_where_it_ended(mixer):
    batches: list[Any] = []
    mixer.on(
        "request",
        lambda request: (
            batches.append(request.post_data_json) if request.url.endswith("/save/") else None
        ),
    )
    set_level(mixer, "Vocals", "0")
    fader(mixer, "Vocals").focus()
    for _ in range(40):
        mixer.keyboard.press("ArrowDown")
    wait_until_saved(mixer)
    events = [event for batch in batches for event in batch["events"] if event["kind"] == "fader"]
    times = [event["t"] for event in events]
    assert len(events) <= 2 + (times[-1] - times[0]) / 100
    assert events[-1]["db"] == -4.0
    assert [batch["seq"] for batch in batches] == list(range(1, len(batches) + 1))


def test_an_older_tab_is_told_and_does_not_overwrite(
    mixer: Page, context: BrowserContext, campaign
):
    newer = context.new_page()
    newer.goto(mixer.url)
    wait_until_playable(newer)
    set_level(newer, "Bass", "-9")
    wait_until_saved(newer)
    set_level(mixer, "Bass", "+9")
    expect(mixer.get_by_role("alert").filter(has_text="newer tab")).to_be_visible()
    newer.reload()
    expect(level(newer, "Bass")).to_have_value("−9.0")


def test_a_refused_save_is_told_in_one_line(mixer, site, campaign):
    listen(mixer)
    wait_until_saved(mixer)
    refusal = {"status": 409, "json": {"error": "This campaign is closed."}}
    mixer.route(SAVES, lambda route: route.fulfill(**refusal))
    submit(mixer)
    expect(mixer.get_by_role("alert").filter(has_text="This campaign is closed.")).to_be_visible()
    expect(mixer.get_by_role("button", name="Submit this balance")).to_be_disabled()


def test_sound_that_does_not_come_is_told_with_a_way_out(browser_page, context, campaign):
    context.route("**/*.flac", lambda route: route.abort())
    browser_page.goto(campaign["links"][0])
    open_page = browser_page
    open_page.get_by_label("I have read this").check()
    open_page.get_by_label("For how many years").fill("0")
    open_page.get_by_label("studio monitors").check()
    open_page.get_by_label("The volume is comfortable").check()
    open_page.get_by_role("button", name="Begin").click()
    open_page.get_by_role("button", name="First excerpt").click()
    expect(open_page.get_by_text("The sound could not be loaded.")).to_be_visible()
    context.unroute("**/*.flac")
    open_page.get_by_role("link", name="Reload").click()
    wait_until_playable(open_page)
