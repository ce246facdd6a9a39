"""What a study may ask of a trial's page: listening first, hearing after, practice, the way out."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.participant import answers, choose, open_trial, submit, taken, wait_until_playable
from tests.e2e.site import Site

pytestmark = pytest.mark.browser


def hear_enough(page: Page) -> None:
    page.locator("#play").click()
    expect(page.locator(".sound-button.heard-enough")).to_have_count(1)
    page.locator("#play").click()


def test_a_strict_rule_takes_no_answer_before_enough_was_heard(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "strict")
    choose(browser_page, "A").check()
    for _ in range(2):
        browser_page.locator("#submit").click()
        expect(browser_page.locator("#notice")).to_contain_text("for at least 1 s first")
        expect(browser_page.locator("#play")).to_be_focused()
    assert answers(browser_page, address) == []
    hear_enough(browser_page)
    expect(browser_page.locator("#notice")).to_be_hidden()
    submit(browser_page)
    assert answers(browser_page, address) == [{"better": "A"}]
    assert taken(browser_page, address)["listened_s"]["problem"] >= 0.9


def test_a_mild_rule_warns_once_and_leaves_it_to_the_person(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "warned")
    choose(browser_page, "A").check()
    browser_page.locator("#submit").click()
    expect(browser_page.locator("#notice")).to_contain_text("submit once more")
    assert answers(browser_page, address) == []
    submit(browser_page)
    assert answers(browser_page, address) == [{"better": "A"}]


def test_what_was_heard_before_a_reload_still_counts(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "strict")
    hear_enough(browser_page)
    browser_page.reload()
    wait_until_playable(browser_page)
    expect(browser_page.locator(".sound-button.heard-enough")).to_have_count(1)


def test_mixes_after_the_advice_come_once_the_answers_are_locked_and_all_is_asked_again(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "after")
    assert "after A" not in (browser_page.locator("#trial").text_content() or "")
    choose(browser_page, "A").check()
    submit(browser_page)
    expect(choose(browser_page, "B")).to_be_disabled()
    expect(browser_page.locator("#submit")).to_be_hidden()
    browser_page.keyboard.press("Enter")
    expect(browser_page.get_by_text("Your first answers are kept.")).to_be_visible()
    wait_until_playable(browser_page)
    expect(browser_page.locator(".choice input:checked")).to_have_count(0)
    browser_page.keyboard.press("b")
    heard = browser_page.get_by_role("button", name="After advice B")
    expect(heard).to_have_attribute("aria-pressed", "true")
    choose(browser_page, "B").check()
    submit(browser_page)
    stored = taken(browser_page, address)["answers"]
    assert [(one["phase"], one["values"]["better"]) for one in stored] == [
        ("before", "A"),
        ("after", "B"),
    ]


def test_practice_says_so_and_tells_something_after_the_answer(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "training")
    expect(browser_page.get_by_role("heading", name="Practice 1 of 2")).to_be_visible()
    choose(browser_page, "A").check()
    submit(browser_page)
    expect(browser_page.get_by_text("No answer is wrong.")).to_be_visible()
    expect(browser_page.locator("#submit")).to_be_hidden()


def test_an_answer_that_may_not_be_changed_is_shown_as_it_was_given(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "once")
    choose(browser_page, "A").check()
    submit(browser_page)
    expect(choose(browser_page, "B")).to_be_disabled()
    browser_page.reload()
    expect(browser_page.locator("#next")).to_be_visible()
    expect(choose(browser_page, "A")).to_be_checked()
    expect(choose(browser_page, "A")).to_be_disabled()
    expect(browser_page.locator("#submit")).to_be_hidden()
    assert answers(browser_page, address) == [{"better": "A"}]


def test_one_can_go_back_and_leave(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "pairwise")
    expect(browser_page.get_by_role("link", name="Back")).to_have_attribute("href", "/s/back/")
    leave = browser_page.get_by_role("link", name="Leave the study")
    expect(leave).to_have_attribute("href", "/s/withdraw/")


def test_the_keys_are_told_by_a_key_and_single_letters_can_be_switched_off(
    browser_page: Page, trials: Site
):
    open_trial(browser_page, trials, "axis")
    browser_page.keyboard.press("?")
    expect(browser_page.get_by_role("dialog", name="Keys")).to_be_visible()
    browser_page.get_by_label("Single letters work as keys").uncheck()
    browser_page.keyboard.press("Escape")
    browser_page.keyboard.press("c")
    heard = browser_page.locator('button[data-sound="A"]')
    expect(heard).to_have_attribute("aria-pressed", "true")
