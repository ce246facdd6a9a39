"""What the mixer page weighs, and that it is ready soon."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.annotator import open_mixer, wait_until_playable
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

MOST_BYTES = 60_000
SMALL_BYTES = 1_000  # below that compressing may gain nothing
# The aim is 1 s on a quiet machine (benchmarks/); a test on a busy one only catches a blunder.
MOST_MS = 5_000


WEIGH = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((entry) => [entry.name, entry.encodedBodySize, entry.decodedBodySize])
"""


def test_the_mixer_weighs_less_than_60_kb_beside_its_audio(browser_page: Page, site: Site):
    campaign: Any = site.campaign("Budget", headphone_check="none")
    open_mixer(browser_page, campaign["links"][0])
    browser_page.context.new_cdp_session(browser_page).send(
        "Network.setCacheDisabled", {"cacheDisabled": True}
    )
    address = browser_page.url
    browser_page.goto(address)
    wait_until_playable(browser_page)
    weights = {name: (packed, whole) for name, packed, whole in browser_page.evaluate(WEIGH)}
    light = {name: sizes for name, sizes in weights.items() if ".flac" not in name}
    assert sum(".flac" in name for name in weights) == 4
    assert {name.rsplit(".", 1)[-1] for name in light} >= {"js", "css"}
    packable = {name: sizes for name, sizes in light.items() if sizes[1] > SMALL_BYTES}
    assert all(packed < whole for packed, whole in packable.values()), packable
    assert sum(packed for packed, _ in light.values()) < MOST_BYTES, light


def test_the_mixer_can_play_soon_after_navigation(browser_page: Page, site: Site):
    campaign: Any = site.campaign("Speed", headphone_check="none")
    open_mixer(browser_page, campaign["links"][0])
    browser_page.reload()
    wait_until_playable(browser_page)
    playable_ms = browser_page.evaluate("performance.getEntriesByName('playable')[0].startTime")
    assert playable_ms < MOST_MS
