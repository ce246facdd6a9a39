"""What browser tests do again and again as an annotator."""

import re
from typing import Any

from playwright.sync_api import Page, expect


def welcome(page: Page, link: str) -> None:
    """Open an invite link and answer what is asked once."""
    page.goto(link)
    page.get_by_label("I have read this").check()
    page.get_by_label("For how many years").fill("5")
    page.get_by_label("over-ear headphones").check()
    page.get_by_label("The volume is comfortable").check()
    page.get_by_role("button", name="Begin").click()


def open_mixer(page: Page, link: str) -> None:
    """From a fresh link to a mixer that can play; the campaign has no headphone check. The pages on
    the way are posted without being shown: other tests look at them."""
    form = {"consent": "on", "mixing_years": "5", "playback_device": "over-ear", "volume": "on"}
    post(page, link, f"{link}welcome/", form)
    mixer = post(page, link, f"{link}next/", {})
    page.goto(mixer)
    wait_until_playable(page)


def post(page: Page, form_at: str, address: str, form: dict[str, str]) -> str:
    """Send a form with the token of the page that holds it; the address it leads to."""
    text = page.request.get(form_at).text()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert found, f"no form at {form_at}"
    answer = page.request.post(address, form={**form, "csrfmiddlewaretoken": found[1]})
    assert answer.ok, f"{address}: {answer.status}"
    return answer.url


def wait_until_playable(page: Page) -> None:
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def fader(page: Page, stem: str) -> Any:
    return page.get_by_role("slider", name=f"{stem} fader")


def level(page: Page, stem: str) -> Any:
    """The field that shows and takes the level of a fader."""
    return page.get_by_label(f"{stem}: level in dB")


def listen(page: Page, seconds: float = 0.6) -> None:
    """Play until the clock has moved on, then pause."""
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "seconds => parseFloat(document.querySelector('#position').textContent.split(':')[1])"
        " >= seconds",
        arg=seconds,
    )
    page.get_by_role("button", name="Pause", exact=True).click()


def wait_until_saved(page: Page) -> None:
    """Everything that this page did has been confirmed by the server."""
    page.wait_for_function(
        "() => Object.keys(localStorage).every(key => !key.startsWith('gainsay:unsent:'))"
        " && document.querySelector('#save-state').dataset.state === 'saved'"
    )
