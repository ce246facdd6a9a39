"""What browser tests do again and again on a participant's trial page."""

import itertools
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.site import Site

NUMBERS = itertools.count(1)


def open_trial(page: Page, trials: Site, case: str) -> str:
    """A fresh trial of a case, ready to play; its address."""
    address = f"{trials.url}/s/{case}--{next(NUMBERS)}/trial/"
    page.goto(address)
    wait_until_playable(page)
    return address


def wait_until_playable(page: Page) -> None:
    expect(page.locator("#play")).to_be_enabled()


def taken(page: Page, address: str) -> dict[str, Any]:
    """What the server has of a trial."""
    stored: dict[str, Any] = page.request.get(f"{address}taken.json").json()
    return stored


def answers(page: Page, address: str) -> list[dict[str, Any]]:
    return [answer["values"] for answer in taken(page, address)["answers"]]


def wait_until_saved(page: Page) -> None:
    page.wait_for_function(
        "() => Object.keys(localStorage).every(key => !key.startsWith('gainsay:unsent:'))"
        " && document.querySelector('#save-state').dataset.state === 'saved'"
    )


def submit(page: Page) -> None:
    """Submit, and wait until the server has confirmed it."""
    page.locator("#submit").click()
    expect(page.locator("#next")).to_be_focused()


def tap_until(target: Locator, shown: Locator) -> None:
    """Tap until something shows. Chromium at times takes the first tap behind a swipe that was made
    by a test for the end of a fling; a second tap does no harm."""
    for _ in range(6):
        target.tap()
        try:
            expect(shown).to_be_visible(timeout=700)
            return
        except AssertionError:
            continue
    raise AssertionError("tapping shows nothing")


def tap_submit(page: Page) -> None:
    tap_until(page.locator("#submit"), page.locator("#after"))


def marker(page: Page, letter: str, question: str) -> Locator:
    return page.get_by_role("slider", name=f"{letter}, {question}", exact=True)


def choose(page: Page, letter: str) -> Locator:
    """The radio button of a choice."""
    return page.locator(f'.choice input[value="{letter}"]')


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a pointer must."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def drag(page: Page, start: Locator, to_x: float, to_y: float) -> None:
    """With the mouse, from the middle of something to a point of the window."""
    box = middle(start)
    page.mouse.move(*box)
    page.mouse.down()
    page.mouse.move((box[0] + to_x) / 2, (box[1] + to_y) / 2, steps=4)
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()


def swipe(page: Page, start: Locator, to_x: float, to_y: float) -> None:
    """With a finger, in small steps as a finger moves."""
    touch = page.context.new_cdp_session(page)
    from_x, from_y = middle(start)
    touch.send("Input.dispatchTouchEvent", _touch("touchStart", from_x, from_y))
    for step in range(1, 11):
        x, y = (a + (b - a) * step / 10 for a, b in ((from_x, to_x), (from_y, to_y)))
        touch.send("Input.dispatchTouchEvent", _touch("touchMove", x, y))
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


def _touch(kind: str, x: float, y: float) -> dict[str, Any]:
    return {"type": kind, "touchPoints": [{"x": x, "y": y}]}


def middle(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def point_of(page: Page, letter: str, question_key: str, share: float) -> tuple[float, float]:
    """Where a share (0 to 1) of a marker's scale is in the window; the scale lies."""
    track = page.locator(f"#question-{question_key} .lane[data-letter={letter}] .lane-track")
    track.scroll_into_view_if_needed()
    found: list[float] = track.evaluate(
        """(track, share) => {
          const box = track.getBoundingClientRect();
          const style = getComputedStyle(track);
          const [gutter, size] = ["--gutter", "--marker"].map(
            (name) => parseFloat(style.getPropertyValue(name)));
          const along = gutter + size / 2 + share * (box.width - gutter - size);
          return [box.left + along, box.top + box.height / 2];
        }""",
        share,
    )
    return found[0], found[1]
