"""Both ways in German in a browser, where words are longer: nothing overflows on a phone, axe finds
nothing, what one reads has commas and what is stored has points."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.site import OWNER, Site

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}}
LOOKS = [{"locale": "de-DE", **PHONE}, {"locale": "de-DE", "color_scheme": "dark"}]
SEED = f"from tests.e2e.german_seed import make; print('told', make('{OWNER}'))"
MOST_PAGES = 14
SONGS = 2
# What stands further right than the window, or is wider than its box; tabs of criteria scroll.
OVERFLOWS = """
() => [...document.querySelectorAll("header *, main *, dialog[open] *")]
  .filter((one) => one.checkVisibility())
  .filter((one) => !one.closest("svg, canvas, .visually-hidden, .waveform, .criteria"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5
    || (one.matches("button, a, label, legend, h1, h2, summary")
        && one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).display !== "inline"))
  .map((one) => one.outerHTML.slice(0, 160))
"""


def check(page: Page, name: str) -> None:
    """The page at rest: German, inside its window, accessible. PICTURES keeps how it looks."""
    page.wait_for_function("() => document.getAnimations().length === 0")
    folder = os.environ.get("PICTURES")
    if folder:
        width = page.evaluate("innerWidth")
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.evaluate(OVERFLOWS) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, f"{name}: {results.generate_report()}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: the study's songs have no audio of their whole length, which other tests
    would stumble over."""
    running = Site(tmp_path_factory.mktemp("german"))
    running.seed(SONGS)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def door(site: Site) -> str:
    said = site.manage("shell", "-v", "0", "-c", SEED).splitlines()
    return site.url + next(line.removeprefix("told ") for line in said if line.startswith("told "))


@pytest.fixture(scope="module")
def links(site: Site) -> list[str]:
    links: list[str] = site.campaign("German", invite=len(LOOKS), headphone_check="none")["links"]
    return links


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_a_participant_takes_a_whole_study_in_german(browser_page: Page, door: str) -> None:
    page = browser_page
    page.goto(door)
    check(page, "01-door")
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("button", name="Beginnen").click()
    page.get_by_role("button", name="English").press("Enter")
    expect(page.get_by_role("heading", name="Taking part")).to_be_visible()
    page.get_by_role("button", name="Deutsch").press("Enter")
    expect(page.get_by_role("heading", name="Teilnahme", exact=True)).to_be_visible()
    check(page, "02-consent")
    page.get_by_label("Ich habe dies gelesen").check()
    page.get_by_role("button", name="Weiter").click()
    check(page, "03-questionnaire")
    page.get_by_label("Seit wie vielen Jahren").fill("5")
    for label in ("Over-Ear-Kopfhörer", "25 bis 34", "Nein"):
        page.get_by_label(label, exact=True).check()
    page.get_by_role("button", name="Weiter").click()
    check(page, "04-volume")
    page.get_by_role("button", name="So ist es angenehm").click()
    for attempt in ("first", "second"):
        check(page, f"05-headphones-{attempt}")
        page.get_by_role("button", name="Test beginnen").click()
        check(page, f"06-headphones-{attempt}-begun")
        page.evaluate("""() => {
            const form = document.querySelector("#check");
            form.answers.value = "1,1,1,1,1,1";
            form.submit();
        }""")
        page.wait_for_load_state()
    passed = page.get_by_role("heading", name="Was Sie tun werden")
    warned = page.get_by_text("Das Ergebnis des Tests war nicht eindeutig")
    expect(passed.or_(warned)).to_be_visible()
    if warned.is_visible():
        check(page, "07-headphones-warned")
        page.get_by_role("button", name="Weiter").click()
    check(page, "08-instructions")
    page.get_by_role("button", name="Beginnen").click()
    over = page.get_by_role("heading", name="Das war alles. Vielen Dank!")
    for number in range(1, MOST_PAGES):
        expect(over.or_(page.locator("#play:enabled"))).to_be_visible()
        if over.is_visible():
            break
        take_trial(page, number)
    check(page, "20-debriefing")
    page.get_by_role("button", name="Abschließen").click()
    expect(page.get_by_role("heading", name="Sie sind fertig. Vielen Dank!")).to_be_visible()
    check(page, "21-done")
    page.goto(page.url.replace("/done/", "/withdraw/"))
    check(page, "22-withdraw")


def take_trial(page: Page, number: int) -> None:
    """One trial as somebody in a hurry takes it: unheard, so that it is told once."""
    expect(page.locator("#play")).to_be_enabled()
    check(page, f"1{number}-trial")
    for group in page.locator(".choice, .points").all():
        group.locator("input").first.check()
    tabs = page.get_by_role("tab").all()
    for tab in tabs or [None]:
        if tab:
            tab.click()
        for marker in page.locator(".marker:visible").all():
            marker.press("End")
    for keep in page.locator(".ranking-keep").all():
        keep.click()
    page.locator("#submit").click()
    expect(page.locator("#notice")).to_contain_text("2,5 s")
    check(page, f"1{number}-trial-warned")
    page.locator("#submit").click()
    expect(page.locator("#next")).to_be_focused()
    page.locator("#next").click()


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_an_annotator_balances_in_german(browser_page: Page, links: list[str], site: Site) -> None:
    page, link = browser_page, links.pop()
    page.goto(link)
    check(page, "30-welcome")
    page.locator("main form").evaluate("form => { form.noValidate = true; form.submit(); }")
    page.get_by_role("alert").wait_for()
    check(page, "31-welcome-again")
    for label in ("Ich habe dies gelesen", "Over-Ear-Kopfhörer", "Die Lautstärke ist angenehm"):
        page.get_by_label(label).check()
    page.get_by_label("Seit wie vielen Jahren").fill("5")
    page.get_by_role("button", name="Beginnen").click()
    expect(page.get_by_role("button", name="Erster Ausschnitt")).to_be_visible()
    check(page, "32-queue")
    page.get_by_role("button", name="Erster Ausschnitt").click()
    expect(page.get_by_role("button", name="Abspielen", exact=True)).to_be_enabled()
    field = page.get_by_label("Gesang: Pegel in dB")
    fader = page.get_by_role("slider", name="Regler Gesang")
    field.fill("-3,5")
    field.press("Enter")
    expect(field).to_have_value("−3,5")
    expect(fader).to_have_attribute("aria-valuenow", "-3.5")
    expect(fader).to_have_attribute("aria-valuetext", "minus 3,5 Dezibel")
    bass = page.get_by_label("Bass: Pegel in dB")
    bass.fill("aus")
    bass.press("Enter")
    expect(bass).to_have_value("aus")
    expect(page.locator("#position")).to_have_text("0:00,0")
    check(page, "33-mixer")
    page.get_by_role("button", name="Diese Balance abschicken").click()
    expect(page.locator("#notice")).to_have_text(
        "Hören Sie den Ausschnitt an, bevor Sie abschicken."
    )
    page.get_by_text("Das kann ich nicht beurteilen").click()
    check(page, "34-mixer-open")
    page.get_by_role("button", name="Tasten").click()
    check(page, "35-mixer-keys")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Abspielen", exact=True).click()
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Diese Balance abschicken").click()
    expect(page.get_by_role("button", name="Nächster Ausschnitt")).to_be_focused()
    check(page, "36-mixer-submitted")
    stored = site.annotations("German")[-1]
    assert stored["fader_vocals_db"] == -3.5
    assert stored["fader_bass_db"] is None


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_a_visitor_meets_german(browser_page: Page, site: Site) -> None:
    for number, path in enumerate(("/", "/login/", "/nowhere/")):
        browser_page.goto(site.url + path)
        check(browser_page, f"4{number}-visitor")
