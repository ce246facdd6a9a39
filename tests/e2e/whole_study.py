"""What tests of a participant's whole path do again and again: keys alone, a look at a page, and
what the server stored."""

import json
import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annotate.services.people import check_sounds
from tests.e2e.participant import tab_to
from tests.e2e.site import Site
from tests.e2e.test_researcher_pages import TOO_WIDE

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
CONTROLS = (
    "button|link|textbox|searchbox|checkbox|radio|radiogroup|slider|spinbutton|combobox|listbox|tab"
    "|tabpanel|progressbar|dialog|region|navigation"
)
NAMELESS = re.compile(rf"^\s*- '?(?:{CONTROLS})\b(?! \").*$", re.M)
# Pages count what a pointer does, so that a path by keys alone shows that it was one.
COUNT_POINTERS = """
for (const kind of ["pointerdown", "mousedown", "touchstart"]) {
  addEventListener(kind, () => {
    sessionStorage.setItem("pointers", Number(sessionStorage.getItem("pointers") ?? 0) + 1);
  }, true);
}
"""
# Six sounds of four seconds, heard eight times as fast.
HURRY = """
if (location.pathname.endsWith("/headphones/")) {
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...given) {
    this.playbackRate.value = 8;
    return start.apply(this, given);
  };
}
"""


def rows(site: Site, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Read the site's database beside the server."""
    file = site.log.with_name("gainsay.sqlite3")
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def answers_of(site: Site, trial_key: str) -> list[tuple[str, dict[str, Any]]]:
    """Every answer that is stored of a trial, in its order: [(phase, values)]."""
    stored = rows(
        site,
        "SELECT a.id, a.phase, j.question, j.value FROM studies_answer a"
        " JOIN studies_trial t ON t.id = a.trial_id"
        " LEFT JOIN studies_judgement j ON j.answer_id = a.id WHERE t.key = ? ORDER BY a.id",
        trial_key,
    )
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    for number, phase, question, value in stored:
        values = found.setdefault(number, (phase, {}))[1]
        if question is not None:
            values[question] = json.loads(value)
    return list(found.values())


def trial_key(page: Page) -> str:
    return urlsplit(page.url).path.split("/t/")[1].strip("/")


def right_answers(site: Site, page: Page) -> list[int]:
    """Of the attempt at the headphone check that this page shows."""
    key = str(page.locator("#check").get_attribute("action")).strip("/").split("/")[-1]
    for (detail,) in rows(site, "SELECT detail FROM studies_raterstep WHERE step LIKE '%begun%'"):
        about = json.loads(detail)
        if about["key"] == key:
            check = check_sounds(about["kind"], about["seed"])
            return [trial.answer for trial in check.trials]
    raise AssertionError("no such attempt")


def right_choice(site: Site, trial_key: str) -> str | None:
    """The letter that an attention check wants; None where it is not one of a choice."""
    ((kind, answer, sides),) = rows(
        site,
        "SELECT t.kind, i.answer, t.sides FROM studies_trial t JOIN studies_item i"
        " ON i.id = t.item_id WHERE t.key = ?",
        trial_key,
    )
    if kind != "attention":
        return None
    ids = ",".join(str(int(side)) for side in json.loads(sides))
    numbers = dict(rows(site, f"SELECT id, number FROM studies_stimulus WHERE id IN ({ids})"))
    for rule in json.loads(answer).values():
        for letter, side in zip("AB", json.loads(sides), strict=False):
            if rule.get("choose") == numbers[side]:
                return letter
    return None


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def go_by_key(page: Page, selector: str) -> None:
    """Tab to what leads on, press Enter, and wait for the page that comes."""
    tab_to(page, selector)
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")


def begins_at_the_top(page: Page) -> None:
    """A page that has just come begins at its content, for whoever came by the way to the content,
    or else at that way to it."""
    # Another test's window may still be the active one of this browser.
    page.bring_to_front()
    if page.evaluate("document.activeElement === document.body"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def at_rest(page: Page) -> None:
    """Styles fade in; colours are measured at rest."""
    page.wait_for_function("() => document.getAnimations().length === 0")


def faults_of(page: Page) -> list[str]:
    """What axe finds, what is wider than the screen, and what a screen reader could not name."""
    at_rest(page)
    found = Axe().run(page, options=RULES).response["violations"]
    faults = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    faults += [f"wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
    return faults + [f"no name: {line}" for line in nameless(page)]


def nameless(page: Page) -> list[str]:
    tree = page.locator("body").aria_snapshot()
    return [line.strip() for line in NAMELESS.findall(tree)]


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in found.split()]


def kill_workers(site: Site) -> None:
    """As when the machine runs out of memory: no goodbye. The server starts another."""
    assert site.server is not None
    for pid in children(site.server.pid):
        os.kill(pid, signal.SIGKILL)


def kill_server(site: Site) -> None:
    """The server and its workers at once."""
    assert site.server is not None
    workers = children(site.server.pid)
    site.server.kill()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    site.server.wait(timeout=20)
    site.server = None
