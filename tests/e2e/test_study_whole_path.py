"""A participant's whole path through a real study in a real browser: by keys alone, by touch, seen
and named on every page, and with the server, the device or the cookies lost in the middle."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.participant import choose, tab_to, tap_until, wait_until_playable, wait_until_saved
from tests.e2e.site import OWNER, Site
from tests.e2e.whole_study import (
    COUNT_POINTERS,
    HURRY,
    answers_of,
    begins_at_the_top,
    faults_of,
    go_by_key,
    kill_server,
    kill_workers,
    press,
    right_answers,
    right_choice,
    trial_key,
)

pytestmark = pytest.mark.browser

SEED = f"from tests.e2e.whole_study_seed import make; print('told', make('{OWNER}'))"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
]
PLATFORM = "https://platform.example/submissions/complete?cc=C1DONE99"
WAITS = "Offline: kept on this device"


@pytest.fixture(scope="module")
def addresses(site: Site) -> dict[str, str]:
    """The addresses of studies and of people at every step, by what they are for."""
    said = site.manage("shell", "-v", "0", "-c", SEED).splitlines()
    told = next(line.removeprefix("told ") for line in said if line.startswith("told "))
    return {name: site.url + path for name, path in json.loads(told).items()}


@pytest.fixture
def running(site: Site) -> Iterator[Site]:
    """A server that a test may kill."""
    yield site
    if site.server is None or site.server.poll() is not None:
        site.start()


# By keys alone


def test_the_whole_path_by_keys_alone(
    browser_page: Page, site: Site, addresses: dict[str, str], context: BrowserContext
):
    page = browser_page
    page.add_init_script(COUNT_POINTERS + HURRY)
    context.route("https://platform.example/**", lambda route: route.fulfill(body="Welcome back"))
    page.goto(addresses["whole"])
    for take in (join, consent, questionnaire, volume):
        begins_at_the_top(page)
        take(page)
    headphones(page, site)
    begins_at_the_top(page)
    expect(page.get_by_role("heading", name="What you will do")).to_be_visible()
    go_by_key(page, "main form [type=submit]")
    taken = []
    while "/t/" in page.url:
        begins_at_the_top(page)
        taken.append((trial_key(page), trial_by_keys(page, site)))
    check_stored(site, taken)
    expect(page.get_by_role("heading", name="That was all. Thank you!")).to_be_visible()
    begins_at_the_top(page)
    go_by_key(page, "main form [type=submit]")
    expect(page.locator("#code")).to_have_text("C1DONE99")
    assert page.evaluate("sessionStorage.getItem('pointers')") is None
    begins_at_the_top(page)
    go_by_key(page, "main a.button.primary")
    assert page.url == PLATFORM


def join(page: Page) -> None:
    expect(page.get_by_role("heading", name="Advice and mixes")).to_be_visible()
    go_by_key(page, "main form [type=submit]")


def consent(page: Page) -> None:
    tab_to(page, "[name=consent]")
    press(page, "Space")
    go_by_key(page, "main form [type=submit]")


def questionnaire(page: Page) -> None:
    tab_to(page, "[name=mixing_years]")
    page.keyboard.type("7")
    for name in ("gear", "age_band", "hearing"):
        tab_to(page, f"[name={name}]")
        press(page, "Space", "ArrowDown")
    go_by_key(page, "main form [type=submit]")


def volume(page: Page) -> None:
    tab_to(page, "#noise")
    press(page, "Enter")
    expect(page.get_by_role("button", name="Stop the noise")).to_be_focused()
    press(page, "Tab", "ArrowRight", "ArrowRight")
    expect(page.get_by_role("slider", name="Volume")).to_have_value("-4")
    go_by_key(page, "main form [type=submit]")


def headphones(page: Page, site: Site) -> None:
    begins_at_the_top(page)
    go_by_key(page, "main form [type=submit]")
    begins_at_the_top(page)
    tab_to(page, "#play")
    press(page, "Enter")
    for number, answer in enumerate(right_answers(site, page), 1):
        expect(page.get_by_text(f"Sound {number} of 6")).to_be_visible()
        expect(page.locator("#choices button").first).to_be_focused()
        press(page, str(answer))
    page.wait_for_url("**/instructions/")


def trial_by_keys(page: Page, site: Site) -> str:
    """Hear, answer, submit and go on; its type and kind."""
    wait_until_playable(page)
    given = json.loads(page.locator("script#trial").text_content() or "")
    hear_by_keys(page)
    if given["type"] == "multi-stimulus":
        mixes_by_keys(page)
        tab_to(page, "#submit")
    else:
        pair_by_keys(page, right_choice(site, given["key"]) or "B")
    press(page, "Enter")
    expect(page.locator("#next")).to_be_focused()
    if given["kind"] == "training" and not (given["asked_after"] and given["phase"] == "before"):
        expect(page.locator("#feedback")).to_be_visible()
    with page.expect_navigation(wait_until="load"):
        press(page, "Enter")
    return f"{given['type']}, {given['kind']}"


def hear_by_keys(page: Page) -> None:
    press(page, "Space")
    for sound in page.locator(".sound-button.required").all():
        name = str(sound.get_attribute("data-sound"))
        press(page, "p" if name == "problem" else name[-1].lower())
        expect(sound).to_contain_class("heard-enough")
    press(page, "Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def pair_by_keys(page: Page, letter: str) -> None:
    tab_to(page, ".choice input")
    press(page, "Space")
    while not choose(page, letter).is_checked():
        press(page, "ArrowDown")


def mixes_by_keys(page: Page) -> None:
    for number in range(2):
        for place, key in enumerate(("End", "Home", "PageUp")):
            tab_to(page, ".marker")
            press(page, key)
            expect(page.locator(".marker:visible").nth(place)).to_be_focused()
        if number == 0:
            tab_to(page, "[data-next-tab]:not([hidden])")
            press(page, "Enter")
            expect(page.get_by_role("tab", name="Excitement")).to_be_focused()


def check_stored(site: Site, taken: list[tuple[str, str]]) -> None:
    """Every trial once, each phase of it once, as it was answered."""
    assert taken[0][1].endswith("training")
    assert {what for _, what in taken} >= {"pairwise advice, main", "multi-stimulus, main"}
    for key, what in dict(taken).items():
        stored = answers_of(site, key)
        if what.startswith("pairwise"):
            letter = right_choice(site, key) or "B"
            assert stored == [("before", {"better": letter}), ("after", {"better": letter})]
        else:
            (only,) = stored
            marks = {"A": 100.0, "B": 0.0, "C": 50.0}
            assert only == ("before", {"clarity": marks, "excitement": marks})


# By touch


@pytest.mark.parametrize("context", [PHONE], indirect=True)
def test_the_whole_path_by_touch_on_a_narrow_phone(
    browser_page: Page, site: Site, addresses: dict[str, str]
):
    page = browser_page
    page.add_init_script(HURRY)
    page.goto(addresses["touched"])
    tap_on(page)
    page.get_by_label("I have read this").tap()
    tap_on(page)
    page.get_by_label("For how many years").fill("0")
    for name in ("gear", "age_band", "hearing"):
        page.locator(f".choices label:has([name={name}])").last.tap()
    tap_on(page)
    page.locator("#noise").tap()
    expect(page.get_by_role("button", name="Stop the noise")).to_be_visible()
    tap_on(page)
    headphones_by_touch(page, site)
    tap_on(page)
    taken = []
    while "/t/" in page.url:
        taken.append(trial_key(page))
        trial_by_touch(page, site)
    tap_on(page)
    expect(page.locator("#code")).to_have_text("C1DONE99")
    for key in set(taken):
        assert len(answers_of(site, key)) == taken.count(key)


def headphones_by_touch(page: Page, site: Site) -> None:
    tap_on(page)
    page.locator("#play").tap()
    for number, answer in enumerate(right_answers(site, page), 1):
        expect(page.get_by_text(f"Sound {number} of 6")).to_be_visible()
        page.locator("#choices button").nth(answer - 1).tap()
    page.wait_for_url("**/instructions/")


def tap_on(page: Page) -> None:
    """Go on by the page's one primary button; nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_navigation(wait_until="load"):
        page.locator("main form [type=submit]").tap()


def trial_by_touch(page: Page, site: Site) -> None:
    wait_until_playable(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#play").tap()
    for sound in page.locator(".sound-button.required").all():
        if sound.evaluate("one => one.matches('button')"):
            sound.tap()
        expect(sound).to_contain_class("heard-enough")
    if page.locator(".choice").count():
        letter = right_choice(site, trial_key(page)) or "A"
        page.locator(f'.choice-card:has([value="{letter}"])').tap()
    else:
        for tab in page.get_by_role("tab").all():
            tab.tap()
            for place, track in enumerate(page.locator(".lane-track:visible").all()):
                track.tap(position={"x": 120 + 50 * place, "y": 24})
    tap_until(page.locator("#submit"), page.locator("#after"))
    with page.expect_navigation(wait_until="load"):
        page.locator("#next").tap()


# Seen by everybody


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_every_page_is_accessible_named_and_no_wider_than_the_screen(
    browser_page: Page, addresses: dict[str, str]
):
    page = browser_page
    faults = []
    seen = {name: one for name, one in addresses.items() if name not in TAKEN_ELSEWHERE}
    seen["withdraw"] = f"{addresses['at t']}withdraw/"
    for name, address in seen.items():
        page.goto(address)
        if name.startswith("at "):
            assert f"/{name.split(',')[0].removeprefix('at ')}/" in page.url
        if "/t/" in page.url:
            wait_until_playable(page)
        expect(page.locator("h1")).to_have_count(1)
        if name in HEADINGS:
            expect(page.locator("h1")).to_have_text(HEADINGS[name])
        faults += [f"{name}: {one}" for one in faults_of(page)]
    assert not faults


HEADINGS = {
    "at done": "You are done. Thank you!",
    "at done, attention": "The study ends here",
    "withdrawn": "You have withdrawn",
    "place lost": "Your place has gone to somebody else",
    "full": "All places are taken",
    "paused": "This study is taking a break",
    "closed": "This study is closed",
    "closed on the way": "This study is closed",
}
TAKEN_ELSEWHERE = {"whole", "touched", "killed", "expired", "devices", "form"}


# With something lost in the middle


def test_a_killed_server_delays_an_answer_and_neither_loses_nor_doubles_it(
    browser_page: Page, running: Site, addresses: dict[str, str]
):
    page = browser_page
    page.goto(addresses["killed"])
    wait_until_playable(page)
    key = trial_key(page)
    hear_by_keys(page)
    kill_workers(running)
    choose(page, "A").check()
    wait_until_saved(page)
    kill_server(running)
    page.locator("#submit").click()
    expect(page.get_by_text(WAITS)).to_be_visible()
    expect(page.locator("#next")).to_be_hidden()
    assert answers_of(running, key) == []
    running.start()
    expect(page.locator("#next")).to_be_focused(timeout=30_000)
    expect(page.locator("#save-state")).to_have_text("Saved")
    assert answers_of(running, key) == [("before", {"better": "A"})]
    with page.expect_navigation(wait_until="load"):
        press(page, "Enter")
    assert trial_key(page) == key
    expect(page.get_by_text("Your first answers are kept.")).to_be_visible()


def test_another_device_goes_on_at_the_same_trial_and_the_first_one_is_told(
    browser_page: Page, site: Site, addresses: dict[str, str], chromium: Browser
):
    browser_page.goto(addresses["devices"])
    wait_until_playable(browser_page)
    choose(browser_page, "B").check()
    wait_until_saved(browser_page)
    other = chromium.new_context(**PHONE)
    page = other.new_page()
    page.goto(addresses["devices"])
    wait_until_playable(page)
    key = trial_key(browser_page)
    assert trial_key(page) == key
    expect(choose(page, "B")).to_be_checked()
    hear_by_keys(page)
    page.locator("#submit").tap()
    expect(page.locator("#next")).to_be_visible()
    choose(browser_page, "A").check()
    expect(browser_page.get_by_role("alert")).to_be_visible()
    other.close()
    assert answers_of(site, key) == [("before", {"better": "B"})]


def test_lost_cookies_are_told_kindly_and_the_answers_of_a_trial_arrive(
    browser_page: Page, site: Site, addresses: dict[str, str], context: BrowserContext
):
    page = browser_page
    page.goto(addresses["expired"])
    wait_until_playable(page)
    hear_by_keys(page)
    wait_until_saved(page)
    context.clear_cookies()
    choose(page, "A").check()
    expect(page.get_by_role("alert")).to_contain_text("your answers are kept here")
    page.reload()
    wait_until_playable(page)
    expect(choose(page, "A")).to_be_checked()
    page.locator("#submit").click()
    expect(page.locator("#next")).to_be_focused()
    assert answers_of(site, trial_key(page)) == [("before", {"better": "A"})]


def test_lost_cookies_at_a_form_lead_back_to_it(
    browser_page: Page, addresses: dict[str, str], context: BrowserContext
):
    page = browser_page
    page.goto(addresses["form"])
    page.get_by_label("For how many years").fill("7")
    for name in ("gear", "age_band", "hearing"):
        page.locator(f"[name={name}]").first.check()
    context.clear_cookies()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Please send that again")).to_be_visible()
    assert not faults_of(page)
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_label("For how many years")).to_be_visible()
