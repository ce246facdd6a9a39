"""The pages of a study that runs, in a real browser: seen, narrow and dark, driven by keys."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.site import OWNER, PASSWORD, Site
from tests.e2e.test_researcher_pages import TOO_WIDE

pytestmark = pytest.mark.browser

LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
]
SEED = f"from tests.e2e.answered_study_seed import make; print('key', make('{OWNER}'))"


@pytest.fixture
def study(site: Site) -> str:
    """Path of a study with answers."""
    said = site.manage("shell", "-v", "0", "-c", SEED)
    key = next(line.split()[1] for line in said.splitlines() if line.startswith("key "))
    return f"/studies/{key}/"


@pytest.fixture
def open_page(site: Site, browser_page: Page) -> Callable[[str], Page]:
    browser_page.goto(f"{site.url}/login/")
    browser_page.get_by_label("Username").fill(OWNER)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in").click()
    expect(browser_page.get_by_role("button", name="Sign out")).to_be_visible()

    def go(path: str) -> Page:
        browser_page.goto(site.url + path)
        return browser_page

    return go


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_every_page_is_accessible_and_none_is_wider_than_the_screen(
    study: str, open_page: Callable[[str], Page]
) -> None:
    people = open_page(f"{study}people/")
    person = str(people.locator("tbody th a").nth(1).get_attribute("href"))
    faults = []
    paths = [study, f"{study}?group=simulated", f"{study}people/", person]
    paths += [f"{study}{name}/" for name in ("exclusions", "exports", "unblind", "audit")]
    for path in paths:
        page = open_page(path)
        page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true })")
        found = Axe().run(page).response["violations"]
        faults += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        faults += [f"{path}: wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
    assert not faults


def test_a_participant_is_rejected_by_keyboard_alone_and_the_place_is_free_again(
    study: str, open_page: Callable[[str], Page]
) -> None:
    page = open_page(f"{study}people/")
    page.get_by_role("link", name="r001").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").focus()
    page.keyboard.type("always the same letter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rejected: the whole list goes to somebody else")).to_be_visible()
    overview = open_page(study)
    expect(overview.get_by_text("4 filled, 1 held, 1 lapsed")).to_be_visible()


def test_the_overview_follows_without_a_reload_and_keeps_the_focus(
    study: str, open_page: Callable[[str], Page]
) -> None:
    page = open_page(study)
    page.locator("#group-pilot").focus()
    with page.expect_response(lambda answer: "group=people" in answer.url) as told:
        pass
    assert "<html" not in told.value.text()
    expect(page.locator("#group-pilot")).to_be_focused()


def test_unblinding_asks_for_a_reason_and_then_lets_names_out(
    study: str, open_page: Callable[[str], Page], tmp_path: Path
) -> None:
    page = open_page(f"{study}exports/")
    expect(page.get_by_label("Systems by name")).to_have_count(0)
    page.get_by_role("link", name="unblind the study").click()
    page.get_by_label("Reason").fill("the main analysis begins today")
    page.get_by_role("button", name="Unblind and write it down").click()
    expect(page.get_by_role("cell", name="quxdifferential", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Exports by name are open to you now.").click()
    page.get_by_label("Systems by name").check()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Everything (ZIP)").click()
    path = tmp_path / "export.zip"
    caught.value.save_as(path)
    systems = zipfile.ZipFile(path).read("systems.csv").decode()
    names = {row["name"] for row in csv.DictReader(io.StringIO(systems))}
    assert names == {"quxdifferential", "zapbaseline", "wob_agent"}
