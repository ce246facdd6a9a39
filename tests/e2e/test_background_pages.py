"""Judges, imports and jobs in a real browser, with a real worker and a real endpoint."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.annotate.conftest import write_song
from tests.e2e.site import OWNER, PASSWORD, Site
from tests.e2e.test_researcher_pages import LOOKS, TOO_WIDE
from tests.endpoint_server import EndpointServer, late, refuses, running_endpoint, states

pytestmark = pytest.mark.browser

VERDICT = {
    "rationale": "A names <b>the stem</b> that is too loud, and by how much.",
    "better": "A",
    "why": "",
    "confidence": 0.7,
}
# The cast keeps sounds in a folder that goes with its process: here they must stay.
OPEN_A_STUDY = """
import shutil
from annotate.media import media_folder
from django.contrib.auth import get_user_model
from tests.studies.study_cast import open_study
owner = get_user_model().objects.get(username={owner!r})
key = open_study(owner, types=("pairwise advice",), songs=4).study.key
for link in [one for one in media_folder().rglob("*") if one.is_symlink()]:
    target = link.resolve()
    link.unlink()
    shutil.copytree(target, link) if target.is_dir() else shutil.copy(target, link)
print(key)
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        running.always(late(0.15, states(VERDICT)))
        yield running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointServer) -> Iterator[Site]:
    """A site of its own with an endpoint, a folder to import from, and a worker."""
    folder = tmp_path_factory.mktemp("lab")
    allowed = folder / "musdb18"
    write_song(allowed / "train" / "An Artist - A Song With Quite a Long Title", seed=11)
    (allowed / "train" / "Broken").mkdir()
    (allowed / "train" / "Broken" / "vocals.wav").write_bytes(b"RIFF")
    running = Site(folder)
    running.environment |= {
        "OPENAI_BASE_URL": endpoint.url,
        "OPENAI_MODEL": "gpt-test",
        "OPENAI_INPUT_USD_PER_MILLION": "10",
        "OPENAI_OUTPUT_USD_PER_MILLION": "20",
        "IMPORT_FOLDERS": str(allowed),
    }
    running.manage("migrate", "--verbosity", "0")
    running.manage("collectstatic", "--noinput", "--verbosity", "0")
    running.manage("createsuperuser", "--noinput", "--username", OWNER, "--email", "r@example.org")
    running.start()
    with running.worker():
        yield running
    running.stop()


@pytest.fixture(scope="module")
def study(lab: Site) -> str:
    return lab.manage("shell", "-c", OPEN_A_STUDY.format(owner=OWNER)).split()[-1]


@pytest.fixture
def researcher(lab: Site, browser_page: Page) -> Page:
    browser_page.goto(f"{lab.url}/login/")
    browser_page.get_by_label("Username").fill(OWNER)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in").click()
    expect(browser_page.get_by_role("button", name="Sign out")).to_be_visible()
    return browser_page


def test_a_judge_is_priced_started_stopped_and_goes_on(
    lab: Site, study: str, researcher: Page, endpoint: EndpointServer
) -> None:
    page = researcher
    endpoint.always(late(0.6, states(VERDICT)))
    page.goto(f"{lab.url}/studies/{study}/judges/")
    page.get_by_label("Name").fill("first")
    page.get_by_label("Requests at once").fill("1")
    page.get_by_role("button", name="Price it").click()
    expect(page.get_by_text("At most", exact=True)).to_be_visible()
    assert endpoint.requests == []
    page.get_by_role("button", name="Start it").click()
    expect(page.get_by_text(re.compile("Judging: [1-9] of 8 trials"))).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. What was done stays.")).to_be_visible()
    asked = len(endpoint.requests)
    assert 0 < asked < 8
    endpoint.will(refuses("I would rather <i>not</i> say"))
    endpoint.always(states(VERDICT))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("7 of 8 judged · 1 failed")).to_be_visible()
    assert len(endpoint.requests) == 8
    page.get_by_role("button", name="Let it judge").click()
    expect(page.get_by_text("knows the answer; no language model")).to_be_visible()


def test_four_files_and_a_folder_are_imported(lab: Site, researcher: Page, tmp_path: Path) -> None:
    page = researcher
    folder = write_song(tmp_path / "mine", seed=12)
    page.goto(f"{lab.url}/songs/")
    page.get_by_role("link", name="Import songs").first.click()
    for stem in ("Vocals", "Drums", "Bass", "Other"):
        page.get_by_label(re.compile(f"^{stem}")).set_input_files(folder / f"{stem.lower()}.flac")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("give one")).to_be_visible()
    for stem in ("Vocals", "Drums", "Bass", "Other"):
        page.get_by_label(re.compile(f"^{stem}")).set_input_files(folder / f"{stem.lower()}.flac")
    page.get_by_label(re.compile("^Title")).fill("My <b>Song</b>")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("link", name="My <b>Song</b>")).to_be_visible()
    page.get_by_label("Folder", exact=True).select_option("musdb18/train")
    page.get_by_role("button", name="Import the folder").click()
    expect(page.get_by_text("1 song imported · 1 not imported")).to_be_visible()
    expect(page.get_by_text("has no drums")).to_be_visible()


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_the_pages_are_accessible_and_none_is_wider_than_the_screen(
    lab: Site, study: str, researcher: Page
) -> None:
    page = researcher
    judges = f"/studies/{study}/judges/"
    page.goto(lab.url + judges)
    if not page.locator("#judges-title ~ ul a").count():
        page.get_by_role("button", name="Let it judge").click()
        expect(page.get_by_text("8 of 8 judged")).to_be_visible()
    judge = str(page.locator("#judges-title ~ ul a").first.get_attribute("href"))
    page.get_by_label("Name").fill("second")
    page.get_by_role("button", name="Price it").click()
    expect(page.get_by_role("button", name="Start it")).to_be_visible()
    priced = page.url.removeprefix(lab.url)
    page.goto(f"{lab.url}/jobs/")
    job = str(page.locator("#jobs li a").first.get_attribute("href"))
    trial = judge.replace("/?", "/1/?")
    failed = f"{judge}&only=failed"
    faults = []
    paths = [judges, priced, judge, failed, trial, "/songs/import/", "/jobs/", "/jobs/?of=all", job]
    for path in paths:
        page.goto(lab.url + path)
        found = Axe().run(page).response["violations"]
        faults += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        faults += [f"{path}: wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
    assert not faults
