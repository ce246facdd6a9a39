"""Answers are never lost or doubled: a dead network, a reload, a second click, the back button, two
tabs."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.participant import (
    answers,
    choose,
    open_trial,
    submit,
    taken,
    wait_until_playable,
    wait_until_saved,
)
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

SAVES = "**/save/"


def test_every_answer_is_saved_as_it_is_given(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "confidence")
    choose(browser_page, "A").check()
    browser_page.locator('[data-group=B] input[value="4"]').check()
    wait_until_saved(browser_page)
    assert taken(browser_page, address)["draft"] == {"better": "A", "helpful": {"B": 4.0}}
    browser_page.evaluate("localStorage.clear()")
    browser_page.reload()
    expect(choose(browser_page, "A")).to_be_checked()
    expect(browser_page.locator('[data-group=B] input[value="4"]')).to_be_checked()
    assert answers(browser_page, address) == []


@pytest.mark.parametrize("case", ["axis", "ranking"])
def test_where_marks_and_ranks_stood_is_found_again(browser_page: Page, trials: Site, case: str):
    address = open_trial(browser_page, trials, case)
    if case == "axis":
        browser_page.locator("#question-production .marker").nth(1).press("End")
    else:
        browser_page.locator(".rank-tie").nth(3).click()
    wait_until_saved(browser_page)
    draft = taken(browser_page, address)["draft"]
    assert draft == (
        {"production": {"B": 100.0}} if case == "axis" else {"order": ["A", "B", ["C", "D"]]}
    )
    browser_page.reload()
    wait_until_playable(browser_page)
    browser_page.get_by_label("Why?", exact=False).first.fill("x")
    wait_until_saved(browser_page)
    assert taken(browser_page, address)["draft"] == {**draft, "reason": "x"}


def test_what_was_answered_without_a_network_survives_a_reload_and_arrives(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "pairwise")
    browser_page.route(SAVES, lambda route: route.abort())
    choose(browser_page, "B").check()
    expect(browser_page.get_by_text("Offline: kept on this device")).to_be_visible()
    browser_page.get_by_label("Why?").first.fill("written in a tunnel")
    browser_page.reload()
    wait_until_playable(browser_page)
    expect(choose(browser_page, "B")).to_be_checked()
    browser_page.unroute(SAVES)
    browser_page.reload()
    wait_until_playable(browser_page)
    expect(browser_page.get_by_label("Why?").first).to_have_value("written in a tunnel")
    wait_until_saved(browser_page)
    sent = {"better": "B", "reason": "written in a tunnel"}
    assert taken(browser_page, address)["draft"] == sent


def test_next_comes_only_when_the_server_has_confirmed(
    browser_page: Page, trials: Site, context: BrowserContext
):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, "A").check()
    wait_until_saved(browser_page)
    context.set_offline(True)
    browser_page.locator("#submit").click()
    expect(browser_page.get_by_text("Offline: kept on this device")).to_be_visible()
    expect(browser_page.locator("#next")).to_be_hidden()
    context.set_offline(False)
    expect(browser_page.locator("#next")).to_be_focused()
    assert answers(browser_page, address) == [{"better": "A"}]


def test_an_answer_sent_as_the_page_was_reloaded_is_stored_once(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, "A").check()
    wait_until_saved(browser_page)
    browser_page.route(SAVES, lambda route: route.abort())
    browser_page.locator("#submit").click()
    expect(browser_page.get_by_text("Offline: kept on this device")).to_be_visible()
    browser_page.unroute(SAVES)
    browser_page.reload()
    expect(browser_page.locator("#next")).to_be_visible()
    expect(choose(browser_page, "A")).to_be_checked()
    assert answers(browser_page, address) == [{"better": "A"}]


def test_an_answer_whose_confirmation_was_lost_is_stored_once(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, "A").check()
    wait_until_saved(browser_page)
    lost: list[str] = []

    def deliver_but_lose_the_answer(route: Route) -> None:
        route.fetch()
        lost.append(route.request.post_data or "")
        route.abort()

    browser_page.route(SAVES, deliver_but_lose_the_answer, times=2)
    browser_page.locator("#submit").click()
    expect(browser_page.locator("#next")).to_be_focused()
    assert len(lost) == 2
    assert json.loads(lost[0]) == json.loads(lost[1])
    assert answers(browser_page, address) == [{"better": "A"}]


def test_a_double_click_submits_once_and_amending_submits_again(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, "A").check()
    browser_page.locator("#submit").dblclick()
    expect(browser_page.locator("#next")).to_be_focused()
    wait_until_saved(browser_page)
    assert answers(browser_page, address) == [{"better": "A"}]
    choose(browser_page, "tie").check()
    expect(browser_page.get_by_text("Changed since you submitted")).to_be_visible()
    browser_page.get_by_role("button", name="Submit again").click()
    expect(browser_page.get_by_text("Changed since you submitted")).to_be_hidden()
    wait_until_saved(browser_page)
    assert answers(browser_page, address) == [{"better": "A"}, {"better": "tie"}]


def test_the_back_button_finds_what_was_submitted_and_sends_nothing_again(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, "B").check()
    submit(browser_page)
    browser_page.locator("#next").click()
    browser_page.wait_for_url("**/s/next/")
    browser_page.go_back()
    wait_until_playable(browser_page)
    expect(choose(browser_page, "B")).to_be_checked()
    expect(browser_page.locator("#next")).to_be_visible()
    wait_until_saved(browser_page)
    assert answers(browser_page, address) == [{"better": "B"}]


def test_an_older_tab_is_told_and_does_not_overwrite(
    browser_page: Page, trials: Site, context: BrowserContext
):
    address = open_trial(browser_page, trials, "pairwise")
    newer = context.new_page()
    newer.goto(address)
    wait_until_playable(newer)
    choose(newer, "B").check()
    wait_until_saved(newer)
    choose(browser_page, "A").check()
    expect(browser_page.get_by_role("alert").filter(has_text="newer tab")).to_be_visible()
    assert taken(newer, address)["draft"] == {"better": "B"}


def test_a_refused_save_is_told_in_one_line(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "pairwise")
    refusal = {"status": 409, "json": {"error": "This study is closed."}}
    browser_page.route(SAVES, lambda route: route.fulfill(**refusal))
    choose(browser_page, "A").check()
    expect(browser_page.get_by_role("alert").filter(has_text="study is closed")).to_be_visible()
    expect(browser_page.locator("#submit")).to_be_disabled()
    expect(browser_page.locator("#next")).to_be_hidden()


def test_sound_that_does_not_come_is_told_with_a_way_out(
    browser_page: Page, trials: Site, context: BrowserContext
):
    context.route("**/*.flac", lambda route: route.abort())
    browser_page.goto(f"{trials.url}/s/pairwise--silent/trial/")
    expect(browser_page.get_by_text("The sound could not be loaded.")).to_be_visible()
    context.unroute("**/*.flac")
    browser_page.get_by_role("link", name="Reload").click()
    wait_until_playable(browser_page)
