"""The builder of studies in a real browser: by keyboard, live, and without barriers."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.e2e.site import OWNER, PASSWORD, Site

pytestmark = pytest.mark.browser

LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
]
TOO_WIDE = """
() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .filter((one) => !one.closest(".table-scroll"))
    .slice(-3).map((one) => one.outerHTML.slice(0, 200))
"""


@pytest.fixture
def page(site: Site, browser_page: Page) -> Page:
    browser_page.goto(f"{site.url}/login/?next=/studies/new/")
    browser_page.get_by_label("Username").fill(OWNER)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in").click()
    expect(browser_page.get_by_role("heading", name="New study")).to_be_visible()
    return browser_page


def make_draft(page: Page, title: str, begin_with: str = "An empty design") -> str:
    """A draft by the page; its address."""
    page.get_by_label("Title").fill(title)
    page.get_by_label(begin_with).check()
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    return re.sub(r"edit/$", "", page.url)


def tab_to(page: Page, name: str, *, most: int = 250) -> None:
    """Press Tab until the control of this accessible name has the focus."""
    wanted = page.get_by_role("button", name=name, exact=True)
    for _ in range(most):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {name!r}")


def test_a_design_is_made_by_keyboard_alone(page: Page) -> None:
    page.get_by_label("Title").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # from the first preset round to the last choice
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()
    tab_to(page, "Add a question to block 1")
    page.keyboard.press("Enter")
    expect(page.locator("#f-blocks-0-questions-1-key")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("why")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Why do you think so?")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # as in any form: what is typed is saved
    expect(page.locator("#save-note")).to_contain_text("Saved")
    expect(page.locator("#builder")).to_have_attribute("data-unsaved", "no")
    page.reload()
    expect(page.locator("#f-blocks-0-questions-1-key")).to_have_value("why")
    expect(page.locator("#f-blocks-0-questions-1-text")).to_have_value("Why do you think so?")


def test_faults_come_and_go_at_their_field_while_somebody_types(page: Page) -> None:
    make_draft(page, "Live")
    overlap, error = page.locator("#f-order-overlap"), page.locator("#f-order-overlap-error")
    overlap.fill("lots")
    expect(error).to_contain_text("must be a whole number")
    expect(overlap).to_have_attribute("aria-invalid", "true")
    expect(overlap).to_be_focused()
    overlap.fill("2")
    expect(error).to_be_empty()
    expect(overlap).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#live")).to_contain_text("People needed")
    expect(page.locator("#save-note")).to_contain_text("not saved")


def test_the_preview_follows_what_is_typed_before_it_is_saved(page: Page) -> None:
    make_draft(page, "Followed")
    preview = page.frame_locator("#preview-frame")
    expect(preview.get_by_text("Which advice would you rather follow?").first).to_be_visible()
    page.locator("#f-blocks-0-questions-0-text").fill("Which would you take?")
    expect(preview.get_by_text("Which would you take?").first).to_be_visible()
    page.locator("#f-blocks-0-type").select_option("rated advice")
    page.locator("#f-blocks-0-questions-0-kind").select_option("scale")
    expect(preview.get_by_role("radio").first).to_be_attached()


def test_what_is_typed_while_the_form_is_made_anew_is_kept(page: Page) -> None:
    make_draft(page, "Slow")
    held: list[Route] = []
    page.route("**/edit/", lambda route: held.append(route))
    with page.expect_request("**/edit/"):
        page.locator("#show-languages").click()
    page.locator("#f-order-overlap").fill("2")
    page.locator("#f-blocks-0-questions-0-text").fill("How good is it?")
    with page.expect_response("**/edit/"):
        held[0].continue_()
    page.unroute("**/edit/")
    expect(page.locator("#save-note")).to_contain_text("not saved")
    expect(page.locator("#f-order-overlap")).to_have_value("2")
    expect(page.locator("#f-blocks-0-questions-0-text")).to_have_value("How good is it?")
    page.locator("#save").click()
    expect(page.locator("#save-note")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("#f-order-overlap")).to_have_value("2")
    expect(page.locator("#f-blocks-0-questions-0-text")).to_have_value("How good is it?")


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_every_page_of_a_design_is_accessible_and_none_is_wider_than_the_screen(
    site: Site, page: Page
) -> None:
    study = make_draft(page, "A_name_that_nothing_breaks" * 4, "Advice, rated")
    page.goto(study + "share/")
    paths = ["edit/", "edit/toml/", "preview/", "proof/", "open/", "share/", "clone/"]
    addresses = [f"{site.url}/studies/", f"{site.url}/studies/new/", f"{site.url}/studies/import/"]
    faults = []
    for address in [*addresses, *(study + path for path in paths)]:
        page.goto(address)
        found = Axe().run(page).response["violations"]
        faults += [f"{address}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        faults += [f"{address}: wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
    assert not faults
