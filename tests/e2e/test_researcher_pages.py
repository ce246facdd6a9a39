"""The researcher's pages in a real browser: seen, heard, driven by mouse and keys."""

import base64
import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from modeling.loudness import audio_loudness_lufs
from tests.e2e.annotator import level, listen, open_mixer, wait_until_saved
from tests.e2e.site import OWNER, PASSWORD, PATIENCE_MS, Site

pytestmark = pytest.mark.browser

LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
]
SIMULATE = """
from django.utils import timezone
from annotate.models import Campaign
from annotate.services.consensus import compute_draft, freeze
from annotate.simulation import simulate_annotators
campaign = Campaign.objects.get(key="{key}")
simulate_annotators(campaign=campaign, count={count}, seed=5, now=timezone.now())
compute_draft(campaign, now=timezone.now())
if {count} > 2:
    freeze(campaign, by=None, now=timezone.now())
"""
TOO_WIDE = """
() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .filter((one) => !one.closest(".table-scroll"))
    .slice(-3).map((one) => one.outerHTML.slice(0, 200))
"""
RENDER = """
async () => {
  const engine = await import("/static/js/engine.js");
  const { fetchStems, readJson } = await import("/static/js/pages/stems.js");
  const { levelled } = await import("/static/js/pages/versions.js");
  const given = readJson("player");
  const buffers = await fetchStems(given.stems);
  const packed = [];
  for (const faders_db of Object.values(levelled(given))) {
    const context = new OfflineAudioContext(2, Math.round(given.duration_s * 44100), 44100);
    const graph = engine.buildGraph(context, buffers, {
      start_db: faders_db, faders_db, hold: true, mute: [], solo: [], loop: null, volume_db: 0,
      ceiling_db: 0, compensationDb: () => 0, boundDb: () => null });
    graph.play(0);
    const rendered = await context.startRendering();
    packed.push([0, 1].map((side) => {
      const bytes = new Uint8Array(rendered.getChannelData(side).buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 32768) {
        text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      }
      return btoa(text);
    }));
  }
  return packed;
}
"""


@pytest.fixture(scope="module")
def simulated(site: Site) -> str:
    """Key of a campaign that four simulated annotators have gone through; frozen once."""
    made = site.campaign("a_name_that_nothing_breaks" * 4, invite=0, overlap="4", repeats="0")
    site.manage("shell", "-c", SIMULATE.format(key=made["campaign"], count=4))
    return str(made["campaign"])


@pytest.fixture
def researcher(site: Site, browser_page: Page) -> Page:
    browser_page.goto(f"{site.url}/login/")
    browser_page.get_by_label("Username").fill(OWNER)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in").click()
    expect(browser_page.get_by_role("button", name="Sign out")).to_be_visible()
    return browser_page


@pytest.fixture
def open_page(site: Site, researcher: Page) -> Callable[[str], Page]:
    def go(path: str) -> Page:
        researcher.goto(site.url + path)
        return researcher

    return go


def first_link(page: Page, part_of_address: str) -> str:
    link = page.locator(f'tbody a[href*="{part_of_address}"]').first
    return str(link.get_attribute("href"))


def song_with_sound(open_page: Callable[[str], Page]) -> str:
    """Its address. Other tests of the same site bring pages full of songs without files."""
    return first_link(open_page("/songs/?q=generated+artist"), "/songs/")


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_every_page_is_accessible_and_none_is_wider_than_the_screen(
    simulated: str, open_page: Callable[[str], Page]
) -> None:
    campaign = f"/campaigns/{simulated}/"
    song = song_with_sound(open_page)
    item = first_link(open_page(f"{campaign}consensus/"), "/consensus/")
    replay = first_link(open_page(item), "/replay/")
    paths = ["/songs/", "/songs/?q=nothing+like+this", song, "/campaigns/", "/campaigns/new/"]
    paths += [campaign, f"{campaign}people/", f"{campaign}consensus/", item, replay]
    faults = []
    for path in paths:
        page = open_page(path)
        found = Axe().run(page).response["violations"]
        faults += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        faults += [f"{path}: wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
    assert not faults


def test_filters_change_the_list_and_the_address_without_a_reload(
    open_page: Callable[[str], Page],
) -> None:
    page = open_page("/songs/")
    page.evaluate("window.stayed = true")
    page.get_by_label("Search").press_sequentially("nothing like this")
    expect(page.get_by_text("No song matches")).to_be_visible()
    assert page.evaluate("window.stayed")
    assert "q=nothing" in page.url
    expect(page.get_by_label("Search")).to_be_focused()
    page.reload()
    expect(page.get_by_text("No song matches")).to_be_visible()


def test_a_window_follows_mouse_keys_and_fields_and_is_cut(
    site: Site, open_page: Callable[[str], Page]
) -> None:
    page = open_page(song_with_sound(open_page))
    start, length = page.get_by_label("Starts at"), page.get_by_label("Length (s)")
    start.fill("0")
    length.fill("15")
    right = page.get_by_role("slider", name="Right edge")
    right.press("ArrowLeft")
    right.press("Shift+ArrowLeft")
    assert length.input_value() == "13.9"
    right.press("Home")
    assert length.input_value() == "10.0"
    page.get_by_role("slider", name="Start of").press("Shift+ArrowRight")
    assert (start.input_value(), length.input_value()) == ("1.0", "10.0")
    box = page.locator("#grip-move").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=3)
    page.mouse.up()
    assert float(start.input_value()) > 1.2
    page.get_by_label("Save as").select_option("new")
    wanted = start.input_value()
    page.get_by_role("button", name="Cut").click()
    expect(page.get_by_text("Waiting for the worker")).to_be_visible()
    site.manage("work", "--once")
    expect(page.get_by_text("adjusted by hand")).to_be_visible()
    expect(page.locator(f'a.pick[data-start="{float(wanted):.3f}"]')).to_be_visible()


def test_the_window_of_a_song_can_be_heard(open_page: Callable[[str], Page]) -> None:
    page = open_page(song_with_sound(open_page))
    page.get_by_role("button", name="Play this window").click()
    playhead = page.locator("#playhead")
    expect(playhead).to_have_attribute("visibility", "visible")
    before = playhead.get_attribute("x1")
    expect(playhead).not_to_have_attribute("x1", str(before))
    page.get_by_role("button", name="Pause").click()
    expect(playhead).to_have_attribute("visibility", "hidden")


def test_every_version_of_an_excerpt_is_equally_loud_and_none_clips(
    simulated: str, open_page: Callable[[str], Page]
) -> None:
    item = first_link(open_page(f"/campaigns/{simulated}/consensus/"), "/consensus/")
    page = open_page(item)
    given = json.loads(page.locator("#player").text_content() or "")
    packed = page.evaluate(RENDER)
    assert len(packed) == 6
    for sides in packed:
        audio = np.stack([np.frombuffer(base64.b64decode(side), "<f4") for side in sides])
        assert audio_loudness_lufs(audio, 44_100) == pytest.approx(given["target_lufs"], abs=0.1)
        assert np.abs(audio).max() <= 10 ** (given["ceiling_dbfs"] / 20)


def test_versions_are_switched_and_excerpts_stepped_through_by_keys(
    simulated: str, open_page: Callable[[str], Page]
) -> None:
    item = first_link(open_page(f"/campaigns/{simulated}/consensus/"), "/consensus/")
    page = open_page(item)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("radio", name="Consensus")).to_be_checked()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("letter keys").uncheck()
    page.keyboard.press("r")
    expect(page.get_by_role("radio", name="Consensus")).to_be_checked()
    page.get_by_label("letter keys").check()
    page.keyboard.press("n")
    expect(page).not_to_have_url(re.compile(re.escape(item) + "$"))


def test_the_dashboard_follows_the_work_and_the_focus_stays(
    site: Site, open_page: Callable[[str], Page]
) -> None:
    made = site.campaign("live", invite=0, overlap="2", repeats="0")
    page = open_page(f"/campaigns/{made['campaign']}/")
    expect(page.locator(".stat-value").first).to_contain_text("0 of")
    link = page.get_by_role("link", name="Export JSON")
    link.focus()
    site.manage("shell", "-c", SIMULATE.format(key=made["campaign"], count=1))
    expect(page.locator(".stat-value").first).not_to_contain_text("0 of")
    expect(page.get_by_text("1 simulated")).to_be_visible()
    expect(link).to_be_focused()


def test_a_replay_shows_what_was_done_at_the_desk(
    site: Site, chromium: Browser, open_page: Callable[[str], Page]
) -> None:
    made = site.campaign("replayed", overlap="2", repeats="0", headphone_check="none")
    context = chromium.new_context()
    desk = context.new_page()
    desk.set_default_timeout(PATIENCE_MS)
    open_mixer(desk, made["links"][0])
    listen(desk)
    for stem, typed in (("Vocals", "-7.5"), ("Bass", "4.0")):
        level(desk, stem).fill(typed)
        level(desk, stem).press("Enter")
    desk.get_by_role("button", name="Mute").first.click()
    wait_until_saved(desk)
    shown = {stem: level(desk, stem).input_value() for stem in ("Vocals", "Drums", "Bass")}
    desk.reload()
    listen(desk)
    wait_until_saved(desk)
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_role("button", name="Next excerpt")).to_be_visible()
    context.close()

    campaign = f"/campaigns/{made['campaign']}/"
    page = open_page(campaign)
    exported = page.request.get(f"{site.url}{campaign}export.json").json()
    open_page(f"{campaign}replay/{exported['annotations'][0]['assignment']}/")
    expect(page.get_by_text("2 visits")).to_be_visible()
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_label("Position in the replay").press("End")
    for stem, value in shown.items():
        expect(page.locator(f"[data-value={stem.lower()}]")).to_have_text(f"{value} dB")
    page.get_by_text("Every event").click()
    for words in ("vocals to −7.5 dB", "mutes vocals", "opens the page again", "plays"):
        expect(page.get_by_role("cell", name=words, exact=True).first).to_be_visible()
