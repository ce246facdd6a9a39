"""The desk by keyboard, mouse and touch."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.annotator import fader, level, listen, open_mixer, wait_until_saved
from tests.e2e.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def links(site: Site) -> list[str]:
    campaign = site.campaign("Desk", invite=30, headphone_check="none", overlap="30")
    return list(campaign["links"])


@pytest.fixture
def mixer(browser_page: Page, links: list[str]) -> Page:
    open_mixer(browser_page, links.pop())
    return browser_page


def set_level(page: Page, stem: str, text: str) -> None:
    level(page, stem).fill(text)
    level(page, stem).press("Enter")


def test_arrows_and_page_keys_move_a_fader_and_are_spoken(mixer):
    set_level(mixer, "Vocals", "0")
    vocals = fader(mixer, "Vocals")
    vocals.press("ArrowDown")
    expect(vocals).to_have_attribute("aria-valuetext", "minus 0.1 decibels")
    vocals.press("Shift+ArrowDown")
    expect(vocals).to_have_attribute("aria-valuetext", "minus 1.1 decibels")
    vocals.press("PageUp")
    vocals.press("PageUp")
    expect(vocals).to_have_attribute("aria-valuetext", "0.9 decibels")
    vocals.press("End")
    expect(vocals).to_have_attribute("aria-valuenow", "12")
    vocals.press("ArrowUp")
    expect(vocals).to_have_attribute("aria-valuenow", "12")
    vocals.press("Home")
    expect(vocals).to_have_attribute("aria-valuenow", "-40")
    vocals.press("ArrowDown")
    expect(vocals).to_have_attribute("aria-valuetext", "off")
    vocals.press("ArrowUp")
    expect(level(mixer, "Vocals")).to_have_value("−40.0")


def test_off_comes_back_to_where_the_fader_was(mixer):
    set_level(mixer, "Bass", "-7,3")
    mixer.keyboard.press("o")
    expect(level(mixer, "Bass")).to_have_value("off")
    mixer.keyboard.press("o")
    expect(level(mixer, "Bass")).to_have_value("−7.3")


def test_a_level_that_is_none_is_refused_in_place_and_nothing_moves(mixer):
    set_level(mixer, "Drums", "-3")
    for text in ("loud", "13", "-40.1", "NaN", "1e1", ""):
        set_level(mixer, "Drums", text)
        expect(mixer.get_by_text("−40 to +12, or off").nth(1)).to_be_visible()
        expect(level(mixer, "Drums")).to_have_attribute("aria-invalid", "true")
        level(mixer, "Drums").press("Escape")
        expect(level(mixer, "Drums")).to_have_value("−3.0")
        expect(level(mixer, "Drums")).to_have_attribute("aria-invalid", "false")
        expect(fader(mixer, "Drums")).to_have_attribute("aria-valuenow", "-3")


def test_the_mouse_drags_a_fader_and_shift_makes_it_ten_times_finer(mixer):
    set_level(mixer, "Other", "0")
    cap = mixer.locator('.strip[data-role="other"] .fader-cap')
    box = cap.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mixer.mouse.move(x, y)
    mixer.mouse.down()
    expect(level(mixer, "Other")).to_have_value("0.0")
    mixer.mouse.move(x, y + 40, steps=4)
    coarse = float(fader(mixer, "Other").get_attribute("aria-valuenow"))
    mixer.keyboard.down("Shift")
    mixer.mouse.move(x, y + 80, steps=4)
    fine = float(fader(mixer, "Other").get_attribute("aria-valuenow"))
    mixer.keyboard.up("Shift")
    mixer.mouse.up()
    assert coarse < -3
    assert coarse / 10 - 0.2 < fine - coarse < coarse / 10 + 0.2
    mixer.mouse.move(x, y)
    expect(fader(mixer, "Other")).to_have_attribute("aria-valuenow", f"{fine:g}")


def test_double_clicks_mean_nothing_and_no_level_attracts_the_fader(mixer):
    set_level(mixer, "Vocals", "-5.5")
    mixer.locator('.strip[data-role="vocals"] .fader-cap').dblclick()
    expect(level(mixer, "Vocals")).to_have_value("−5.5")
    set_level(mixer, "Vocals", "0.4")
    for expected in ("+0.3", "+0.2", "+0.1", "0.0", "−0.1", "−0.2"):
        fader(mixer, "Vocals").press("ArrowDown")
        expect(level(mixer, "Vocals")).to_have_value(expected)


def test_the_wheel_moves_only_the_fader_that_has_the_focus(mixer):
    set_level(mixer, "Drums", "-3")
    mixer.locator("#comment").focus()
    fader(mixer, "Drums").hover()
    mixer.mouse.wheel(0, 100)
    expect(level(mixer, "Drums")).to_have_value("−3.0")
    fader(mixer, "Drums").focus()
    mixer.mouse.wheel(0, 100)
    expect(level(mixer, "Drums")).to_have_value("−3.5")


@pytest.mark.parametrize(
    "context", [{"viewport": {"width": 360, "height": 740}, "has_touch": True}], indirect=True
)
def test_a_finger_moves_a_fader_on_a_narrow_screen_and_a_tap_moves_nothing(
    mixer: Page, context: BrowserContext
):
    set_level(mixer, "Bass", "0")
    assert mixer.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = fader(mixer, "Bass").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"]
    mixer.touchscreen.tap(x, y)
    expect(level(mixer, "Bass")).to_have_value("0.0")
    touch = context.new_cdp_session(mixer)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x, "y": y - 30}]),
        ("touchMove", [{"x": x, "y": y - 60}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(level(mixer, "Bass")).to_have_value(re.compile(r"^\+\d"))
    assert mixer.evaluate("scrollY") == mixer.evaluate("scrollY")
    for button in mixer.locator(".strip-buttons button").all():
        size = button.bounding_box()
        assert size["width"] >= 24
        assert size["height"] >= 40


def test_space_plays_and_pauses_and_the_clock_runs(mixer):
    mixer.keyboard.press("Space")
    expect(mixer.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    mixer.wait_for_function("() => document.querySelector('#position').textContent > '0:00.5'")
    mixer.keyboard.press("Space")
    expect(mixer.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_loop_is_dragged_on_the_waveform_and_kept(mixer):
    box = mixer.locator("#waveform").bounding_box()
    y = box["y"] + box["height"] / 2
    mixer.mouse.move(box["x"] + 0.25 * box["width"], y)
    mixer.mouse.down()
    mixer.mouse.move(box["x"] + 0.5 * box["width"], y, steps=5)
    mixer.mouse.up()
    length_s = float(mixer.locator("#desk").text_content().split('"duration_s": ')[1].split(",")[0])
    start = float(mixer.get_by_role("slider", name="Loop start").get_attribute("aria-valuenow"))
    end = float(mixer.get_by_role("slider", name="Loop end").get_attribute("aria-valuenow"))
    assert start == pytest.approx(0.25 * length_s, abs=0.2)
    assert end == pytest.approx(0.5 * length_s, abs=0.2)
    mixer.get_by_role("slider", name="Loop end").press("Shift+ArrowLeft")
    expect(mixer.get_by_role("slider", name="Loop end")).to_have_attribute(
        "aria-valuenow", f"{end - 1:.1f}"
    )
    wait_until_saved(mixer)
    mixer.reload()
    expect(mixer.get_by_role("slider", name="Loop end")).to_have_attribute(
        "aria-valuenow", f"{end - 1:.1f}"
    )
    mixer.keyboard.press("l")
    expect(mixer.get_by_role("button", name="End the loop")).to_be_disabled()
    expect(mixer.get_by_role("slider", name="Loop start")).to_have_attribute("aria-valuenow", "0.0")


def test_playing_stays_inside_the_loop(mixer):
    mixer.get_by_role("slider", name="Loop start").press("PageUp")
    end = mixer.get_by_role("slider", name="Loop end")
    end.press("Home")
    expect(end).to_have_attribute("aria-valuenow", "1.5")
    listen(mixer, 1.2)
    mixer.keyboard.press("k")
    mixer.wait_for_function(
        """() => { const s = parseFloat(document.querySelector('#position').textContent.slice(2));
        (window.seen ??= []).push(s); return window.seen.length > 90; }""",
    )
    seen = mixer.evaluate("window.seen")
    assert max(seen) <= 1.5
    assert min(seen[5:]) >= 0.9


def test_mute_solo_and_comparison_are_keys_and_a_move_goes_back_to_now(mixer):
    mixer.keyboard.press("2")
    expect(fader(mixer, "Drums")).to_be_focused()
    mixer.keyboard.press("m")
    expect(mixer.get_by_role("button", name="Mute drums")).to_have_attribute("aria-pressed", "true")
    mixer.keyboard.press("4")
    mixer.keyboard.press("s")
    expect(mixer.get_by_role("button", name="Solo other")).to_have_attribute("aria-pressed", "true")
    mixer.keyboard.press("a")
    expect(mixer.get_by_role("button", name="At the start")).to_have_attribute(
        "aria-pressed", "true"
    )
    mixer.keyboard.press("ArrowUp")
    expect(mixer.get_by_role("button", name="Now")).to_have_attribute("aria-pressed", "true")


def test_keys_are_listed_on_a_question_mark_and_letters_can_be_switched_off(mixer):
    mixer.keyboard.press("?")
    expect(mixer.get_by_role("dialog", name="Keys")).to_be_visible()
    mixer.get_by_label("Single letters work as keys").uncheck()
    mixer.keyboard.press("Escape")
    mixer.keyboard.press("h")
    expect(mixer.get_by_label("Hold the loudness")).to_be_checked()
    mixer.keyboard.press("?")
    expect(mixer.get_by_role("dialog")).to_have_count(0)


def test_typing_a_comment_moves_nothing(mixer):
    before = fader(mixer, "Vocals").get_attribute("aria-valuenow")
    mixer.get_by_label("Comment").press_sequentially("k m s o a h l 1 2 ?")
    expect(mixer.get_by_label("Comment")).to_have_value("k m s o a h l 1 2 ?")
    expect(mixer.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(fader(mixer, "Vocals")).to_have_attribute("aria-valuenow", before)


def test_the_volume_is_remembered_across_excerpts_and_not_part_of_the_answer(mixer):
    mixer.get_by_label("Volume").fill("-20")
    mixer.reload()
    expect(mixer.get_by_label("Volume")).to_have_value("-20")
