"""Every type of trial, answered by mouse, by keyboard alone, and by touch on a narrow screen."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.participant import (
    answers,
    choose,
    drag,
    marker,
    middle,
    open_trial,
    point_of,
    submit,
    swipe,
    tab_to,
    taken,
    tap_submit,
    tap_until,
)
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

PHONE = [{"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}]


def test_a_pair_is_answered_by_mouse(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "confidence")
    choose(browser_page, "B").check()
    for letter, points in (("A", "2"), ("B", "6")):
        browser_page.locator(f'[data-group={letter}] input[value="{points}"]').check()
    browser_page.get_by_label("Why?").fill("<b>clearer</b>")
    submit(browser_page)
    sent = {"better": "B", "helpful": {"A": 2.0, "B": 6.0}, "reason": "<b>clearer</b>"}
    assert answers(browser_page, address) == [sent]
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**/s/next/")


@pytest.mark.parametrize("value", ["tie", "both bad"])
def test_a_tie_and_both_bad_are_kept_apart(browser_page: Page, trials: Site, value: str):
    address = open_trial(browser_page, trials, "pairwise")
    choose(browser_page, value).check()
    submit(browser_page)
    assert answers(browser_page, address) == [{"better": value}]


def test_a_pair_is_answered_by_keyboard_alone(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    browser_page.keyboard.press("Space")
    expect(browser_page.locator("#play .play-label")).to_have_text("Pause")
    tab_to(browser_page, ".choice input")
    browser_page.keyboard.press("ArrowRight")
    browser_page.keyboard.press("ArrowRight")
    browser_page.keyboard.press("Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    assert answers(browser_page, address) == [{"better": "B"}]


@pytest.mark.parametrize("context", PHONE, indirect=True)
def test_a_pair_is_answered_by_touch(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    cards = [middle(browser_page.locator(f".advice-card[data-letter={one}]")) for one in "AB"]
    assert cards[0][0] == pytest.approx(cards[1][0], abs=1), "narrow: one above the other"
    choose(browser_page, "A").tap()
    tap_submit(browser_page)
    assert answers(browser_page, address) == [{"better": "A"}]


def test_a_rating_counts_only_once_it_is_touched(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "rated")
    browser_page.locator("#submit").click()
    expect(browser_page.locator("#notice")).to_contain_text("still unanswered")
    expect(browser_page.locator("#question-specific input").first).to_be_focused()
    expect(browser_page.locator(".question.missing")).to_have_count(3)
    assert answers(browser_page, address) == []
    assert taken(browser_page, address)["draft"] == {}


def test_a_rating_is_given_by_keyboard_alone(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "rated")
    for key, presses in (("specific", 2), ("helpful", 5)):
        tab_to(browser_page, f"#question-{key} input")
        for _ in range(presses):
            browser_page.keyboard.press("ArrowRight")
    tab_to(browser_page, "#question-trust .marker")
    slider = browser_page.locator("#question-trust .marker")
    expect(slider).to_have_attribute("aria-valuetext", "not placed yet")
    browser_page.keyboard.press("ArrowUp")
    expect(slider).to_have_attribute("aria-valuetext", "50 of 100")
    browser_page.keyboard.press("PageUp")
    browser_page.keyboard.press("ArrowLeft")
    browser_page.keyboard.press("Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    assert answers(browser_page, address) == [{"specific": 3.0, "helpful": 6.0, "trust": 59.0}]


@pytest.mark.parametrize("context", PHONE, indirect=True)
def test_a_rating_is_given_by_touch(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "rated")
    for key, value in (("specific", "1"), ("helpful", "7")):
        browser_page.locator(f'#question-{key} input[value="{value}"]').tap()
    browser_page.locator("#question-trust .lane-track").tap()
    tap_submit(browser_page)
    (sent,) = answers(browser_page, address)
    assert (sent["specific"], sent["helpful"]) == (1.0, 7.0)
    assert 20 < sent["trust"] < 60


def test_mixes_are_placed_on_the_axis_by_mouse_and_each_touch_is_heard(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "axis")
    expected = {}
    for key, text in (
        ("production", "Production value"),
        ("clarity", "Clarity"),
        ("excitement", "Excitement"),
    ):
        browser_page.get_by_role("tab", name=text).click()
        expected[key] = {}
        for place, letter in enumerate("ABCDE"):
            share = 0.1 + 0.2 * place
            target = point_of(browser_page, letter, key, share)
            drag(browser_page, marker(browser_page, letter, text), *target)
            expected[key][letter] = pytest.approx(100 * share, abs=1.0)
            heard = browser_page.locator(f'button[data-sound="{letter}"]')
            expect(heard).to_have_attribute("aria-pressed", "true")
    submit(browser_page)
    assert answers(browser_page, address) == [expected]


def test_pressing_a_marker_makes_it_heard_but_does_not_place_it(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "axis")
    marker(browser_page, "D", "Production value").click()
    expect(browser_page.locator('button[data-sound="D"]')).to_have_attribute("aria-pressed", "true")
    expect(marker(browser_page, "D", "Production value")).to_have_attribute(
        "aria-valuetext", "not placed yet"
    )
    assert taken(browser_page, address)["draft"] == {}


def test_mixes_are_placed_by_keyboard_alone(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "axis")
    for key in ("production", "clarity", "excitement"):
        tab_to(browser_page, f"#question-{key} .marker")
        for letter, press in (("a", "Home"), ("b", "End"), ("c", "ArrowUp")):
            browser_page.keyboard.press(letter)
            browser_page.keyboard.press(press)
        for letter in "de":
            browser_page.keyboard.press(letter)
            browser_page.keyboard.press("PageUp")
            browser_page.keyboard.press("Shift+ArrowLeft")
        if key != "excitement":
            tab_to(browser_page, "[data-next-tab]")
            browser_page.keyboard.press("Enter")
    browser_page.keyboard.press("Control+Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    each = {"A": 0.0, "B": 100.0, "C": 50.0, "D": 40.0, "E": 40.0}
    assert answers(browser_page, address) == [
        dict.fromkeys(("production", "clarity", "excitement"), each)
    ]


@pytest.mark.parametrize("context", PHONE, indirect=True)
def test_mixes_are_placed_by_touch(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "axis")
    for key, text in (
        ("production", "Production value"),
        ("clarity", "Clarity"),
        ("excitement", "Excitement"),
    ):
        panel = browser_page.locator(f"#question-{key}")
        tap_until(browser_page.get_by_role("tab", name=text), panel)
        for letter in "ABCDE":
            target = point_of(browser_page, letter, key, 0.75)
            swipe(browser_page, marker(browser_page, letter, text), *target)
    tap_submit(browser_page)
    (sent,) = answers(browser_page, address)
    assert all(value == pytest.approx(75, abs=2) for one in sent.values() for value in one.values())


def test_a_criterion_left_open_is_shown_again(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "axis")
    browser_page.get_by_role("tab", name="Excitement").click()
    browser_page.locator("#submit").click()
    tab = browser_page.get_by_role("tab", name="Production value")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(marker(browser_page, "A", "Production value")).to_be_focused()


def test_sliders_beside_a_reference_are_set_by_mouse_and_keys(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "mushra")
    question = "How close is each to the reference?"
    track = browser_page.locator(".lane[data-letter=A] .lane-track")
    x, _ = middle(track)
    box = track.bounding_box()
    assert box is not None
    drag(browser_page, marker(browser_page, "A", question), x, box["y"] + 22)
    browser_page.keyboard.press("r")
    reference = browser_page.get_by_role("button", name="Reference")
    expect(reference).to_have_attribute("aria-pressed", "true")
    for letter in "BCDEF":
        browser_page.keyboard.press("Tab")
        browser_page.keyboard.press("End" if letter == "F" else "ArrowDown")
    browser_page.keyboard.press("Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    (sent,) = answers(browser_page, address)
    assert sent["similar"] == {"A": 100.0, "B": 50.0, "C": 50.0, "D": 50.0, "E": 50.0, "F": 100.0}


@pytest.mark.parametrize("context", PHONE, indirect=True)
def test_sliders_lie_down_on_a_phone_and_are_set_by_touch(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "mushra")
    for letter in "ABCDEF":
        target = point_of(browser_page, letter, "similar", 0.2)
        swipe(
            browser_page, marker(browser_page, letter, "How close is each to the reference?"),
            *target,
        )  # fmt: skip
    tap_submit(browser_page)
    (sent,) = answers(browser_page, address)
    assert list(sent["similar"].values()) == [pytest.approx(20, abs=2)] * 6


def test_a_ranking_is_dragged_and_tied_by_mouse(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "ranking")
    rank = {one: browser_page.locator(f".rank[data-letter={one}]") for one in "ABCD"}
    top = middle(rank["A"])
    drag(browser_page, rank["D"].locator(".rank-handle"), top[0], top[1] - 20)
    rank["C"].get_by_role("button", name="C equals the one above").click()
    submit(browser_page)
    assert answers(browser_page, address) == [{"order": ["D", "A", ["B", "C"]]}]


def test_a_ranking_is_moved_by_keyboard_alone_and_told(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "ranking")
    tab_to(browser_page, ".rank[data-letter=B] .rank-handle")
    browser_page.keyboard.press("ArrowUp")
    expect(browser_page.locator(".ranking-live")).to_have_text("B: place 1 of 4")
    tab_to(browser_page, ".rank[data-letter=C] .rank-down")
    browser_page.keyboard.press("Enter")
    # The button has gone dead at the end of the list: the focus is still on C.
    expect(browser_page.locator(".rank[data-letter=C] .rank-handle")).to_be_focused()
    browser_page.keyboard.press("Control+Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    assert answers(browser_page, address) == [{"order": ["B", "A", "D", "C"]}]


@pytest.mark.parametrize("context", PHONE, indirect=True)
def test_a_ranking_of_advice_is_dragged_by_touch(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "ranking-advice")
    last = middle(browser_page.locator(".rank[data-letter=C]"))
    handle = browser_page.locator(".rank[data-letter=A] .rank-handle")
    swipe(browser_page, handle, last[0], last[1] + 15)
    assert browser_page.locator(".rank-tie").count() == 0
    tap_submit(browser_page)
    assert answers(browser_page, address) == [{"order": ["B", "C", "A"]}]


def test_an_order_nobody_touched_is_no_answer_until_it_is_said_to_be_right(
    browser_page: Page, trials: Site
):
    address = open_trial(browser_page, trials, "ranking")
    browser_page.locator("#submit").click()
    keep = browser_page.get_by_role("button", name="This order is right as it stands")
    expect(keep).to_be_focused()
    assert answers(browser_page, address) == []
    keep.click()
    submit(browser_page)
    assert answers(browser_page, address) == [{"order": ["A", "B", "C", "D"]}]


def test_what_cannot_be_answered_is_submitted_with_a_reason(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "pairwise")
    browser_page.get_by_text("I cannot answer this one").click()
    browser_page.get_by_label("Why not?").select_option(label="The sound is broken")
    browser_page.get_by_label("More").fill("crackles")
    browser_page.keyboard.press("Enter")
    expect(browser_page.locator("#next")).to_be_focused()
    (answer,) = taken(browser_page, address)["answers"]
    assert (answer["reason"], answer["values"]) == ("sound broken: crackles", {})
