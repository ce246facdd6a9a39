"""axe-core on every page that an annotator and a visitor meet, light and dark, wide and narrow."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.annotator import listen, open_mixer, wait_until_playable, welcome
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
]


@pytest.fixture(scope="module")
def links(site: Site) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, check in (("plain", "none"), ("checked", "huggins")):
        answer: Any = site.campaign(f"Axe {name}", invite=len(LOOKS), headphone_check=check)
        made[name] = answer["links"]
    return made


def check(page: Page) -> None:
    # Styles fade in; colours are measured at rest.
    page.wait_for_function("() => document.getAnimations().length === 0")
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_pages_of_an_annotator_are_accessible(browser_page: Page, links: dict[str, list[str]]):
    page = browser_page
    checked, plain = links["checked"].pop(), links["plain"].pop()
    page.goto(checked)
    check(page)
    page.get_by_role("button", name="Begin").click(no_wait_after=True)
    page.locator("main form").evaluate("form => { form.noValidate = true; form.submit(); }")
    page.get_by_role("alert").wait_for()
    check(page)
    welcome(page, checked)
    check(page)
    page.get_by_role("button", name="Start the check").click()
    page.get_by_role("button", name="Play the three sounds").wait_for()
    check(page)
    open_mixer(page, plain)
    check(page)
    page.keyboard.press("2")
    page.keyboard.press("m")
    page.keyboard.press("s")
    page.keyboard.press("o")
    page.get_by_text("I cannot judge this one").click()
    check(page)
    page.keyboard.press("?")
    check(page)
    page.keyboard.press("Escape")
    page.reload()
    wait_until_playable(page)
    listen(page, 0.2)
    page.get_by_role("button", name="Submit this balance").click()
    page.get_by_role("button", name="Next excerpt").wait_for()
    check(page)
    page.get_by_role("link", name="All excerpts").click()
    check(page)


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_pages_of_a_visitor_are_accessible(browser_page: Page, site: Site):
    for path in ("/", "/login/", "/nothing-here/"):
        browser_page.goto(site.url + path)
        check(browser_page)
