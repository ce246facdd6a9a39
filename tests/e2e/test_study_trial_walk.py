"""A whole list of trials of every type on the real server, with the network cut in the middle, a
reload and the back button: each answer is stored once, as it was given."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.participant import wait_until_playable, wait_until_saved
from tests.e2e.site import OWNER, Site

pytestmark = pytest.mark.browser

SEED = f"from tests.e2e.trial_seed import make; print('path', make('{OWNER}'))"
STORED = """
import json
from studies.models import Rater
rater = Rater.objects.by_token("TOKEN").get()
rows = [
    {
        "block": trial.item.block,
        "state": trial.state,
        "sounds": sorted(trial.listened_s),
        "answers": [
            [one.phase, {j.question: j.value for j in one.judgements.all()}]
            for one in trial.answers.all()
        ],
        "kinds": [event["kind"] for batch in trial.event_batches.all() for event in batch.events],
    }
    for trial in rater.trials.select_related("item").order_by("position")
]
print("rows", json.dumps(rows))
"""


def told(site: Site, code: str, word: str) -> str:
    lines = site.manage("shell", "-v", "0", "-c", code).splitlines()
    return next(line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} "))


def begin(page: Page, address: str) -> None:
    """From the link to the first trial."""
    page.goto(address)
    page.locator("input[type=checkbox]").first.check()
    page.locator("main form button[type=submit]").first.click()
    while "/t/" not in page.url:
        page.locator("main form button[type=submit], main a.button.primary").first.click()


def hear_enough(page: Page) -> None:
    page.locator("#play").click()
    for button in page.locator("button.sound-button.required").all():
        button.click()
        expect(button).to_contain_class("heard-enough")
    expect(page.locator(".sound-button.required:not(.heard-enough)")).to_have_count(0)
    page.locator("#play").click()


def answer(page: Page) -> None:
    """Something for every question that is on the page, by keys."""
    groups = page.locator(".choice, .points")
    for group in groups.all():
        group.locator("input").first.press("Space")
    for marker in page.locator(".marker").all():
        marker.press("End")
    if page.locator(".ranking").count():
        page.locator(".rank-handle").first.press("ArrowDown")
    page.get_by_label("Why?").first.fill("heard it <twice>")


def test_every_type_of_trial_is_taken_through_a_bad_network(
    browser_page: Page, site: Site, context: BrowserContext
):
    page = browser_page
    begin(page, site.url + told(site, SEED, "path"))
    while "/t/" in page.url:
        wait_until_playable(page)
        hear_enough(page)
        answer(page)
        wait_until_saved(page)
        page.reload()
        wait_until_playable(page)
        expect(page.get_by_label("Why?").first).to_have_value("heard it <twice>")
        context.set_offline(True)
        page.locator("#submit").dblclick()
        expect(page.get_by_text("Offline: kept on this device")).to_be_visible()
        expect(page.locator("#next")).to_be_hidden()
        context.set_offline(False)
        expect(page.locator("#next")).to_be_focused()
        with page.expect_navigation(wait_until="load"):
            page.keyboard.press("Enter")
    token = page.url.partition("/s/")[2].partition("/")[0]
    check(json.loads(told(site, STORED.replace("TOKEN", token), "rows")))


def check(rows: list[dict[str, Any]]) -> None:
    assert {row["block"] for row in rows} == {
        "pairwise-advice", "rated-advice", "multi-stimulus", "mushra", "ranking",
    }  # fmt: skip
    for row in rows:
        assert row["state"] == "answered"
        is_pair = row["block"] == "pairwise-advice"
        phases = ["before", "after"] if is_pair else ["before"]
        assert [phase for phase, _ in row["answers"]] == phases
        assert all(values["why"] == "heard it <twice>" for _, values in row["answers"])
        assert {"device", "play", "pause"} <= set(row["kinds"])
        assert row["sounds"]
    by_block = {row["block"]: row["answers"][0][1] for row in rows}
    assert by_block["pairwise-advice"]["better"] == "A"
    assert by_block["rated-advice"]["helpful"] == 1.0
    assert set(by_block["multi-stimulus"]["quality"].values()) == {100.0}
    assert by_block["ranking"]["order"][:2] == ["B", "A"]
