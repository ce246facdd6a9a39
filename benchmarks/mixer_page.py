"""The mixer page in Chromium: how long until it can play, and how many bytes besides the audio.

Four stems of 25 s, the production settings and web server of the site, everything on one machine
without a network between. Each round takes a fresh browser profile and three showings: one that
nobody has opened (its stems are levelled and encoded on this first request), the same again, and
another new one with the page's scripts in the browser's cache, as between two excerpts.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.load.annotator import Annotator, Plan
from benchmarks.load.server import ROOT, production, serving
from benchmarks.table import CannotRun, Row

PLAYABLE_WITHIN_S = 1.0
LARGEST_KB = 60.0
ROUNDS = 7
TIMEOUT_MS = 30_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PLAYABLE = "() => performance.getEntriesByName('playable')[0]?.startTime"
BODIES = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((entry) => !entry.name.endsWith(".flac"))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
"""
# What cannot be saved: fetching the four stems from the browser's cache and decoding them.
DECODE = """
async () => {
  const urls = JSON.parse(document.getElementById("desk").textContent).urls.stems;
  const decoder = new OfflineAudioContext(2, 1, 44100);
  const started = performance.now();
  await Promise.all(Object.values(urls).map(async (url) =>
    decoder.decodeAudioData(await (await fetch(url)).arrayBuffer())));
  return performance.now() - started;
}
"""


@dataclass(frozen=True)
class Visit:
    """Times in ms; bytes of everything but audio as they came over the wire, without and with
    the headers of the answers."""

    playable_ms: float
    decoding_ms: float
    body_bytes: int
    wire_bytes: int


def run(quick: bool) -> list[Row]:
    """Seconds until playable: new, again, and the next excerpt; kilobytes of a first visit."""
    executable = _chromium()
    rounds = 2 if quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="gainsay-page-") as name:
        folder = Path(name)
        environment = production(f"sqlite:///{name}/database", folder)
        environment["SECURE_SSL_REDIRECT"] = "0"  # the browser comes without a proxy
        tokens = _open_books(environment, people=2 * rounds)
        with serving("config.wsgi", folder / "server.log", environment) as server:
            addresses = asyncio.run(_claim(server.port, tokens))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=executable,
                    args=["--no-sandbox", "--disable-background-networking"],
                )
                pairs = [addresses[place : place + 2] for place in range(0, 2 * rounds, 2)]
                visits = [_visits(browser, *pair) for pair in pairs]
                browser.close()
    return _rows(visits)


def _chromium() -> str:
    given = os.environ.get("CHROMIUM")
    for name in (given,) if given else BROWSERS:
        if found := shutil.which(name):
            return found
    raise CannotRun("no Chromium: set CHROMIUM to one, or put it on the path")


def _open_books(environment: dict[str, str], people: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.open", str(people), "1", str(people), "7"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"no campaign could be made: {done.stderr[-2000:]}")
    tokens: list[str] = json.loads(done.stdout)
    return tokens


async def _claim(port: int, tokens: list[str]) -> list[str]:
    """The address of each annotator's mixer page, not opened yet."""
    addresses = []
    for token in tokens:
        annotator = Annotator(port, token, Plan(0), np.random.default_rng(0))
        await annotator.arrive()
        addresses.append(f"http://127.0.0.1:{port}{await annotator.next()}")
        annotator.connection.close()
    return addresses


def _visits(browser: Browser, first: str, second: str) -> list[Visit]:
    """New, the same again, and the next excerpt, in one fresh profile."""
    context = browser.new_context()
    try:
        return [_visit(context, address) for address in (first, first, second)]
    finally:
        context.close()


def _visit(context: BrowserContext, address: str) -> Visit:
    page = context.new_page()
    addresses: dict[str, str] = {}
    wire: dict[str, float] = {}

    network = context.new_cdp_session(page)
    network.on(
        "Network.requestWillBeSent",
        lambda event: addresses.update({event["requestId"]: event["request"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda event: wire.update({event["requestId"]: event["encodedDataLength"]}),
    )
    network.send("Network.enable")
    page.goto(address)
    playable_ms = page.wait_for_function(PLAYABLE, timeout=TIMEOUT_MS).json_value()
    page.wait_for_load_state("networkidle")
    others = [key for key, url in addresses.items() if not url.endswith(".flac")]
    body_bytes = page.evaluate(BODIES)
    wire_bytes = sum(wire.get(key, 0) for key in others)
    decoding_ms = page.evaluate(DECODE)
    page.close()
    return Visit(playable_ms, decoding_ms, body_bytes, round(wire_bytes))


def _rows(visits: list[list[Visit]]) -> list[Row]:
    names = ("first visit, stems new", "the same page again", "next excerpt, stems new")
    decoding_s = median(visit.decoding_ms for trio in visits for visit in trio) / 1000.0
    rows = [
        _time_row(name, [trio[place] for trio in visits], decoding_s)
        for place, name in enumerate(names)
    ]
    kilobytes = max(trio[0].body_bytes for trio in visits) / 1000.0
    return [
        *rows,
        Row(
            "mixer page, first visit: everything but audio, compressed",
            kilobytes,
            "kB",
            "with the headers of the answers",
            max(trio[0].wire_bytes for trio in visits) / 1000.0,
            f"under {LARGEST_KB:g} kB",
            kilobytes < LARGEST_KB,
        ),
    ]


def _time_row(name: str, visits: list[Visit], decoding_s: float) -> Row:
    seconds = median(visit.playable_ms for visit in visits) / 1000.0
    return Row(
        f"mixer page until it can play: {name} (median of {len(visits)})",
        seconds,
        "s",
        "decoding the four stems from the browser's cache alone",
        decoding_s,
        f"under {PLAYABLE_WITHIN_S:g} s",
        seconds < PLAYABLE_WITHIN_S,
    )
