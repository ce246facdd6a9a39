"""Advise in a real browser with real stems: brought, heard, applied, undone, taken, deleted."""

import base64
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from analysis.vectors import STEMS
from modeling.loudness import audio_loudness_lufs
from tests.annotate.conftest import write_song
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
DROP = """
async (names) => {
  const holder = new DataTransfer();
  for (const [name, id] of names) holder.items.add(new File([window.files[id]], name));
  const drop = new DragEvent("drop", { dataTransfer: holder, bubbles: true, cancelable: true });
  document.getElementById("drop").dispatchEvent(drop);
}
"""
RENDER = """
async () => {
  const engine = await import("/static/js/engine.js");
  const { fetchStems, readJson } = await import("/static/js/pages/stems.js");
  const { levelled } = await import("/static/js/pages/versions.js");
  const given = readJson("player");
  const buffers = await fetchStems(given.stems);
  const frames = Math.min(...Object.values(buffers).filter(Boolean).map((one) => one.length));
  const versions = [{ id: "start", gains_db: given.start_db },
    ...given.systems.map(({ name, balance_db }) => ({ id: name, gains_db: balance_db }))];
  const rendered = {};
  for (const [id, faders_db] of Object.entries(levelled({ ...given, versions }))) {
    const context = new OfflineAudioContext(2, frames, 44100);
    const graph = engine.buildGraph(context, buffers, {
      start_db: faders_db, faders_db, hold: true, mute: [], solo: [], loop: null, volume_db: 0,
      ceiling_db: 0, compensationDb: () => 0, boundDb: () => null });
    graph.play(0);
    const audio = await context.startRendering();
    rendered[id] = [0, 1].map((side) => {
      const bytes = new Uint8Array(audio.getChannelData(side).buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 32768) {
        text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      }
      return btoa(text);
    });
  }
  return rendered;
}
"""


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[None]:
    with site.worker():
        yield


@pytest.fixture(scope="module")
def real_stems(shared_dir: Path) -> Path:
    return shared_dir / "stems" / "falcon69-flac"


def choose(page: Page, folder: Path) -> None:
    for stem in STEMS:
        page.set_input_files(f"#file-{stem}", folder / f"{stem}.flac")


def ask(page: Page, site: Site, folder: Path) -> None:
    """Bring stems and wait until every system has spoken."""
    page.goto(f"{site.url}/advise/")
    choose(page, folder)
    page.get_by_role("button", name="Ask for advice").click()
    expect(page.get_by_role("heading", name="Hear it")).to_be_visible(timeout=60_000)


@pytest.fixture(scope="module")
def brought(
    chromium: Browser, site: Site, worker: None, real_stems: Path
) -> tuple[str, list[dict[str, Any]]]:
    """Address and cookies of stems that were brought once, for the tests that only look at them."""
    context = chromium.new_context()
    page = context.new_page()
    ask(page, site, real_stems)
    address, cookies = page.url, context.cookies()
    context.close()
    return address, cookies


@pytest.fixture
def result(browser_page: Page, brought: tuple[str, list[dict[str, Any]]]) -> Page:
    """The page of those stems, in a browser of its own."""
    address, cookies = brought
    browser_page.context.add_cookies(cookies)
    browser_page.goto(address)
    return browser_page


def check(page: Page) -> None:
    page.wait_for_function("() => document.getAnimations().length === 0")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate(TOO_WIDE) == []


def card(page: Page, name: str) -> str:
    page.locator("details", has_text="Simple rules").first.evaluate("one => { one.open = true; }")
    return f"#system-{name}"


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_the_pages_are_accessible_and_fit(result: Page, site: Site) -> None:
    page = result
    check(page)
    page.locator(f"{card(page, 'equal_loudness')} [data-apply]").click()
    check(page)
    page.goto(f"{site.url}/advise/")
    check(page)
    for path in ("/models/", "/models/differential/", "/models/zero/"):
        page.goto(site.url + path)
        check(page)


def test_advice_is_heard_applied_by_a_key_and_undone(result: Page) -> None:
    page = result
    applied = page.locator("#applied")
    expect(applied).to_have_text("Nothing applied: the stems stand as they came.")
    page.locator("body").press("1")
    first = page.locator("[data-apply]").first.get_attribute("data-apply")
    expect(page.locator(f"#system-{first}")).to_have_class(re.compile("applied"))
    page.locator("body").press("2")
    expect(page.locator(".advice.applied")).to_have_count(1)
    page.locator("body").press("u")
    expect(page.locator(f"#system-{first}")).to_have_class(re.compile("applied"))
    page.locator("body").press("b")
    expect(page.get_by_role("button", name="Before")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Undo").click()
    expect(applied).to_have_text("Nothing applied: the stems stand as they came.")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.locator("body").press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.locator("body").press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("letter keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("1")
    expect(page.locator(".advice.applied")).to_have_count(0)


def test_every_version_sounds_at_one_loudness_and_none_clips(result: Page) -> None:
    rendered = result.evaluate(RENDER)
    assert {"start", "equal_loudness", "random"} <= set(rendered)
    for name, channels in rendered.items():
        audio = np.array([np.frombuffer(base64.b64decode(one), "<f4") for one in channels])
        assert audio_loudness_lufs(audio, 44_100) == pytest.approx(-23.0, abs=0.1), name
        assert np.abs(audio).max() <= 10 ** (-1 / 20) + 1e-6, name


def test_the_balance_is_taken_away_and_the_project_opens_beside_its_stems(
    result: Page, tmp_path: Path
) -> None:
    page = result
    advice = page.locator(card(page, "equal_loudness"))
    with page.expect_download() as download:
        advice.get_by_role("link", name="JSON").click()
    balance = json.loads(Path(download.value.path()).read_text())["balance_db"]
    with page.expect_download() as download:
        advice.get_by_role("link", name="REAPER project with stems").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    (project,) = tmp_path.rglob("*.rpp")
    text = project.read_text()
    faders = [float(one) for one in re.findall(r"^    VOLPAN (\S+)", text, re.MULTILINE)]
    assert 20 * np.log10(faders) == pytest.approx([balance[stem] for stem in STEMS])
    for name in re.findall(r'FILE "(.+)"', text):
        assert (project.parent / name).is_file()


def test_dropped_files_go_where_their_names_say(
    browser_page: Page, site: Site, tmp_path: Path
) -> None:
    page = browser_page
    page.goto(f"{site.url}/advise/")
    page.evaluate("() => { window.files = { a: new Uint8Array([1, 2, 3]) }; }")
    names = ["My Song Vocals.wav", "song_drum.flac", "BASS.aif", "what is this.wav"]
    page.evaluate(DROP, [[name, "a"] for name in names])
    placed = page.evaluate(
        "() => ['vocals', 'drums', 'bass', 'other'].map("
        "stem => document.getElementById(`file-${stem}`).files[0]?.name ?? '')"
    )
    assert placed == [*names[:3], ""]
    expect(page.locator("#drop-state")).to_contain_text("what is this.wav")
    expect(page.locator("#drop-state")).to_contain_text("Still missing: other")


def test_stems_that_are_too_large_are_not_even_sent(browser_page: Page, site: Site) -> None:
    page = browser_page
    page.goto(f"{site.url}/advise/")
    page.locator("#bring").evaluate("form => { form.dataset.mostBytes = '3'; }")
    folder = write_song(site.log.parent / "small", seconds=0.5)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    choose(page, folder)
    page.get_by_role("button", name="Ask for advice").click()
    expect(page.locator("#drop-state")).to_contain_text("too large")
    assert "POST" not in sent


def test_what_the_server_refuses_is_said_in_place(
    browser_page: Page, site: Site, tmp_path: Path
) -> None:
    page = browser_page
    page.goto(f"{site.url}/advise/")
    folder = write_song(tmp_path / "song", seconds=0.5)
    (folder / "bass.flac").write_bytes(b"this is a text")
    choose(page, folder)
    page.get_by_role("button", name="Ask for advice").click()
    expect(page.locator("#drop-state")).to_have_text("bass is no WAV, FLAC, Ogg, MP3 or AIFF file.")
    expect(page.get_by_role("button", name="Ask for advice")).to_be_enabled()


def test_stems_that_cannot_be_used_say_why(
    browser_page: Page, site: Site, worker: None, tmp_path: Path
) -> None:
    page = browser_page
    page.goto(f"{site.url}/advise/")
    choose(page, write_song(tmp_path / "song", seconds=2.0))
    page.get_by_role("button", name="Ask for advice").click()
    expect(page.get_by_role("alert")).to_contain_text("Lasts 2.0 s; advice needs 3 s or more.")
    check(page)


def test_another_browser_finds_nothing_and_delete_means_deleted(
    browser_page: Page, chromium: Browser, site: Site, worker: None, real_stems: Path
) -> None:
    page = browser_page
    ask(page, site, real_stems)
    address = page.url
    other = chromium.new_context()
    answer = other.new_page().goto(address)
    assert answer is not None
    assert answer.status == 404
    other.close()
    page.get_by_role("button", name="Delete these stems").click()
    expect(page).to_have_url(f"{site.url}/advise/")
    gone = page.goto(address)
    assert gone is not None
    assert gone.status == 404


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_the_form_advice_and_downloads_work(
    browser_page: Page, site: Site, worker: None, real_stems: Path
) -> None:
    page = browser_page
    page.goto(f"{site.url}/advise/")
    choose(page, real_stems)
    page.get_by_role("button", name="Ask for advice").click()
    # The page reloads itself until everybody has spoken.
    expect(page.locator("#system-zero")).to_have_count(1, timeout=60_000)
    expect(page.locator("noscript .notice")).to_be_visible()
    page.locator("summary", has_text="Simple rules").click()
    with page.expect_download() as download:
        page.locator("#system-zero").get_by_role("link", name="CSV").click()
    assert Path(download.value.path()).read_text().startswith("stem,present_db")


def test_a_researcher_asks_about_the_library_and_invites_an_expert(
    browser_page: Page, chromium: Browser, site: Site, worker: None
) -> None:
    page = browser_page
    page.goto(f"{site.url}/login/")
    page.get_by_label("Username").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Advise").click()
    page.locator("#library a").first.click()
    page.get_by_label("Vocals").fill("-9")
    page.get_by_role("button", name="Ask for advice").click()
    expect(page.locator("#system-zero")).to_have_count(1, timeout=60_000)
    check(page)
    page.goto(f"{site.url}/experts/")
    page.get_by_label("Excerpts").fill("1")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Invite link").input_value()
    check(page)
    advise_as_expert(chromium, link)
    page.reload()
    page.goto(f"{site.url}/experts/")
    expect(page.get_by_text("1 / 1")).to_be_visible()


def advise_as_expert(chromium: Browser, link: str) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(link)
    check(page)
    page.get_by_role("link", name="First mix").click()
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.locator("[data-slider=vocals]").fill("3")
    expect(page.locator("#id_vocals")).to_have_value("3")
    check(page)
    page.get_by_label("Your advice").fill("A little more voice.")
    page.reload()
    expect(page.get_by_label("Your advice")).to_have_value("A little more voice.")
    expect(page.locator("#id_vocals")).to_have_value("3")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("That was all.")).to_be_visible()
    context.close()
