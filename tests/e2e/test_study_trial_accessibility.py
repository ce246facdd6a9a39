"""axe-core on every type of trial, light and dark, wide and narrow; touch targets; widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.participant import open_trial
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "reduced_motion": "reduce"},
    {"color_scheme": "light", **PHONE},
]
CASES = ["confidence", "warned", "rated", "axis", "mushra", "ranking", "ranking-advice"]
SMALL_TARGETS = """
() => [...document.querySelectorAll(
    "header button, main :is(button, a, summary, input, textarea, select, .marker)")]
  .filter((one) => one.checkVisibility() && !one.disabled)
  .map((one) => [one.closest("label") ?? one, one])
  .map(([box, one]) => [box.getBoundingClientRect(), one])
  .filter(([box]) => box.height < 43.5 || box.width < 24)
  .map(([box, one]) => `${box.width} x ${box.height} ${one.outerHTML.slice(0, 120)}`)
"""


def check(page: Page) -> None:
    # Styles fade in; colours are measured at rest.
    page.wait_for_function("() => document.getAnimations().length === 0")
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("context", LOOKS, indirect=True)
@pytest.mark.parametrize("case", CASES)
def test_a_trial_is_accessible(browser_page: Page, trials: Site, case: str):
    page = browser_page
    open_trial(page, trials, case)
    check(page)
    page.locator("#submit").click()
    expect(page.locator("#notice")).to_be_visible()
    page.get_by_text("I cannot answer this one").click()
    check(page)
    for radio in page.locator("main input[type=radio]").all()[::3]:
        radio.check()
    for marker in page.locator(".marker:visible").all()[::2]:
        marker.press("ArrowUp")
    for down in page.locator(".rank-down:enabled").all()[:1]:
        down.click()
    check(page)


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_an_answered_trial_and_the_keys_are_accessible(browser_page: Page, trials: Site):
    page = browser_page
    open_trial(page, trials, "training")
    page.locator(".choice input").first.check()
    page.locator("#submit").click()
    expect(page.locator("#next")).to_be_focused()
    check(page)
    page.locator("#open-help").click()
    check(page)


def test_a_screen_reader_finds_names_values_and_states(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "confidence")
    expect(browser_page.locator("main")).to_match_aria_snapshot("""
      - heading "7 of 20" [level=1]
      - region "Playback":
        - button "Play"
        - group "Hear":
          - button "The mix" [pressed]
          - button "After advice A"
      - region "Advice":
        - article "Advice A":
          - heading "Advice A" [level=2]
          - paragraph: /The vocals sit/
      - group "Which advice would you rather follow?":
        - radio "A"
        - radio "About the same"
        - radio "B"
        - radio "Both are bad"
      - group "How helpful is each advice?":
        - group "A":
          - 'radio "1: not at all"'
    """)
    open_trial(browser_page, trials, "axis")
    browser_page.locator(".marker").first.press("End")
    expect(browser_page.locator("main")).to_match_aria_snapshot("""
      - tablist "Criteria":
        - tab "Production value (open)" [selected]
        - tab "Clarity (open)"
      - tabpanel "Production value":
        - group "Production value":
          - slider "A, Production value": A
          - slider "B, Production value": B
    """)
    first = browser_page.locator(".marker").first
    expect(first).to_have_attribute("aria-valuetext", "100 of 100")


@pytest.mark.parametrize("context", [PHONE], indirect=True)
@pytest.mark.parametrize("case", CASES)
def test_targets_are_large_enough_for_a_finger(browser_page: Page, trials: Site, case: str):
    open_trial(browser_page, trials, case)
    browser_page.get_by_text("I cannot answer this one").click()
    assert browser_page.evaluate(SMALL_TARGETS) == []
