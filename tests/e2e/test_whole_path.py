"""The main job from end to end: real songs in, four people at the desk, a frozen consensus out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.vectors import STEMS, centre
from tests.e2e.annotator import fader, level, listen, wait_until_playable, wait_until_saved, welcome
from tests.e2e.site import OWNER, PASSWORD, PATIENCE_MS, Site

pytestmark = pytest.mark.browser

PEOPLE = 4
SAVES = "**/save/"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, shared_dir: Path) -> Iterator[Site]:
    """A site with two real songs and a worker, as a lab would run it."""
    running = Site(tmp_path_factory.mktemp("studio"))
    running.manage("migrate", "--verbosity", "0")
    running.manage("collectstatic", "--noinput", "--verbosity", "0")
    running.manage("createsuperuser", "--noinput", "--username", OWNER, "--email", "r@example.org")
    stems = shared_dir / "stems" / "cc0"
    running.manage("import_songs", str(stems / "Lithium"), str(stems / "Rubidium"))
    running.start()
    with running.worker():
        yield running
    running.stop()


def make_campaign(page: Page, site: Site) -> tuple[str, list[str]]:
    """As the researcher does it: sign in, make a campaign, open it, invite. Its key and links."""
    page.goto(f"{site.url}/login/")
    page.get_by_label("Username").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.url}/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("The whole path")
    page.get_by_label("annotators per excerpt").fill(str(PEOPLE))
    page.get_by_label("repeated excerpts per annotator").fill("0")
    page.get_by_role("radio", name="none").check()
    page.get_by_role("button", name="Make the campaign").click()
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("link", name="People").click()
    page.get_by_label("How many").fill(str(PEOPLE))
    page.get_by_role("button", name="Make links").click()
    lines = page.get_by_label("Invite links, one a line").input_value().split()
    links = [word for word in lines if word.startswith("http")]
    key = page.url.split("/campaigns/")[1].split("/")[0]
    return key, links


def first_person(page: Page, link: str) -> dict[str, float | None]:
    """Mixes with keyboard and mouse, loses the network on the way, reloads, submits."""
    welcome(page, link)
    page.get_by_role("button", name="First excerpt").click()
    wait_until_playable(page)
    fader(page, "Vocals").focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    drag(page, "Drums", -40)
    page.route(SAVES, lambda route: route.abort())
    listen(page)
    level(page, "Bass").fill("-2.5")
    level(page, "Bass").press("Enter")
    page.wait_for_function("() => document.querySelector('#save-state').dataset.state !== 'saved'")
    page.unroute(SAVES)
    page.reload()
    wait_until_playable(page)
    assert level(page, "Bass").input_value() == "−2.5"
    wait_until_saved(page)
    return submit(page)


def drag(page: Page, stem: str, by_px: int) -> None:
    """Move a fader with the mouse."""
    cap = fader(page, stem).locator(".fader-cap").bounding_box()
    assert cap is not None
    x, y = cap["x"] + cap["width"] / 2, cap["y"] + cap["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - by_px / 2)
    page.mouse.move(x, y - by_px)
    page.mouse.up()


def submit(page: Page) -> dict[str, float | None]:
    """Submit the balance at hand; what the desk showed when it was submitted."""
    shown = {
        stem: float(fader(page, stem.capitalize()).get_attribute("aria-valuenow") or "nan")
        for stem in STEMS
    }
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Next excerpt")).to_be_visible()
    return shown


def go_on(page: Page, offset_db: float) -> dict[str, float | None]:
    """The next excerpt, balanced by typed levels."""
    page.get_by_role("button", name="Next excerpt").click()
    wait_until_playable(page)
    listen(page)
    for number, stem in enumerate(STEMS):
        level(page, stem.capitalize()).fill(f"{offset_db + number:.1f}")
        level(page, stem.capitalize()).press("Enter")
    return submit(page)


def another_person(page: Page, link: str, offset_db: float) -> list[dict[str, float | None]]:
    welcome(page, link)
    page.get_by_role("button", name="First excerpt").click()
    wait_until_playable(page)
    listen(page)
    drag(page, "Vocals", int(10 * offset_db))
    return [submit(page), go_on(page, offset_db)]


def export(site: Site, key: str, folder: Path) -> dict[str, Any]:
    file = folder / "export.json"
    site.manage(
        "export_annotations", key, "--format", "json", "--out", str(file),
        "--render", str(folder / "render"),
    )  # fmt: skip
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def test_songs_become_a_frozen_consensus_by_four_people(
    studio: Site, chromium: Browser, browser_page: Page, tmp_path: Path
) -> None:
    key, links = make_campaign(browser_page, studio)
    shown = []
    for number, link in enumerate(links):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if number == 0:
            shown += [first_person(page, link), go_on(page, 0.0)]
        else:
            shown += another_person(page, link, float(number))
        context.close()

    browser_page.goto(f"{studio.url}/campaigns/{key}/consensus/")
    expect(browser_page.get_by_text("consensus", exact=True)).to_have_count(2)
    browser_page.get_by_role("button", name="Freeze the consensus").click()
    expect(browser_page.get_by_role("rowheader", name="v1")).to_be_visible(timeout=20_000)

    content = export(studio, key, tmp_path)
    rows = content["annotations"]
    assert len(rows) == 2 * PEOPLE
    stored = sorted([row[f"fader_{stem}_db"] for stem in STEMS] for row in rows)
    assert stored == sorted(list(one.values()) for one in shown)
    (frozen,) = content["consensus"]
    for excerpt in frozen["excerpts"]:
        given = np.array(
            [
                [row[f"balance_{stem}_db"] for stem in STEMS]
                for row in rows
                if row["excerpt"] == excerpt["excerpt"]
            ]
        )
        assert given.shape == (PEOPLE, 4)
        consensus = np.array([excerpt[f"balance_{stem}_db"] for stem in STEMS])
        assert consensus.sum() == pytest.approx(0.0, abs=1e-6)
        spread = np.ptp(centre(given), axis=0)
        assert np.all(np.abs(consensus - centre(given).mean(axis=0)) <= spread / 2 + 0.1)
    assert len(list((tmp_path / "render").glob("*/mix.flac"))) == 2
