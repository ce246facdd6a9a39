"""Chromium, a running site, and pages in it. A failed test leaves its trace and picture behind."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.site import PATIENCE_MS, ROOT, Site

KEPT = ROOT / "var" / "e2e"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SONGS = 3
expect.set_options(timeout=PATIENCE_MS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Let fixtures know, when they end, whether their test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


def chromium_path() -> str | None:
    """The browser to drive: CHROMIUM, else one on the path."""
    given = os.environ.get("CHROMIUM")
    if given:
        return shutil.which(given)
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        line = "no Chromium: set CHROMIUM to one, or put it on the path"
        if os.environ.get("CI"):
            pytest.fail(line)
        pytest.skip(line)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a few songs and a researcher; campaigns are made by the tests."""
    running = Site(tmp_path_factory.mktemp("site"))
    running.seed(SONGS)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The trial page of a participant in every shape, on a stand-in server (trial_urls.py)."""
    running = Site(tmp_path_factory.mktemp("trials"))
    running.environment["DJANGO_SETTINGS_MODULE"] = "tests.e2e.trial_settings"
    running.manage("collectstatic", "--noinput", "--verbosity", "0")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser profile; `@pytest.mark.parametrize("context", [options], indirect=True)` sets
    a viewport, touch or a colour scheme."""
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = chromium.new_context(**options)
    context.tracing.start(screenshots=True, snapshots=True)
    yield context
    failed = request.node.stash.get(FAILED, False)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:100]
    if failed:
        KEPT.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(context.pages):
            page.screenshot(path=KEPT / f"{name}-{number}.png", full_page=True)
        context.tracing.stop(path=KEPT / f"{name}.zip")
    else:
        context.tracing.stop()
    context.close()


@pytest.fixture
def browser_page(context: BrowserContext) -> Iterator[Page]:
    """A page; a script error or a broken content policy fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.set_default_timeout(PATIENCE_MS)
    yield page
    assert not faults
