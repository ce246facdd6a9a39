"""What a trial plays: the page's own graph, rendered offline in Chromium, against numpy; and what
is noted of it."""

import base64
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.e2e.participant import (
    choose,
    open_trial,
    submit,
    taken,
    wait_until_saved,
)
from tests.e2e.site import Site
from tests.e2e.trial_urls import music

pytestmark = pytest.mark.browser

RATE_HZ = 44_100
RAMP_S, SEAM_S = 0.015, 0.01

RENDER = """
async ({loop, script, seconds}) => {
  const { buildVersions } = await import("/static/js/study/versions.js");
  const { decodeSounds } = await import("/static/js/transport.js");
  const trial = JSON.parse(document.getElementById("trial").textContent);
  const context = new OfflineAudioContext(2, Math.round(seconds * 44100), 44100);
  const buffers = await decodeSounds(trial.sounds);
  const graph = buildVersions(context, buffers, { heard: "A", loop, volume_db: 0 });
  graph.play(0);
  for (const [method, ...values] of script) graph[method](...values);
  const rendered = await context.startRendering();
  return [0, 1].map((side) => {
    const bytes = new Uint8Array(rendered.getChannelData(side).buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) {
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    }
    return btoa(text);
  });
}
"""

SAME_SOUND = """
() => {
  const tag = document.getElementById("trial");
  const trial = JSON.parse(tag.textContent);
  trial.sounds = Object.fromEntries([..."ABCD"].map((letter) => [letter, trial.sounds.A]));
  tag.textContent = JSON.stringify(trial);
}
"""


def render(page: Page, loop: Any, script: list[Any], seconds: float) -> NDArray[np.float64]:
    sides = page.evaluate(RENDER, {"loop": loop, "script": script, "seconds": seconds})
    return np.stack([np.frombuffer(base64.b64decode(side), "<f4") for side in sides]).astype(float)


def version(number: int) -> NDArray[np.float64]:
    """As the FLAC holds it, in 16 bits."""
    samples: NDArray[np.float64] = np.rint(music(number) * 2**15) / 2**15
    return samples


def residual_db(heard: NDArray[Any], expected: NDArray[Any]) -> float:
    return float(10 * np.log10(np.mean((heard - expected) ** 2) / np.mean(expected**2)))


def test_a_switch_is_a_straight_crossfade_of_15_ms_at_the_same_position(
    browser_page: Page, trials: Site
):
    open_trial(browser_page, trials, "axis")
    script = [["switchTo", "C", 0.5], ["switchTo", "E", 1.2], ["switchTo", "A", 1.205]]
    heard = render(browser_page, None, script, 2.0)
    time_s = np.arange(round(2.0 * RATE_HZ)) / RATE_HZ
    cut = 1.205 - 1.2
    gains = {
        1: np.interp(time_s, [0.5, 0.515, 1.205, 1.22], [1, 0, 0, 1]),
        3: np.interp(time_s, [0.5, 0.515, 1.2, 1.215], [0, 1, 1, 0]),
        5: np.interp(time_s, [1.2, 1.205, 1.22], [0, cut / RAMP_S, 0]),
    }
    # The second switch was not over: what was on its way out goes on from where it stood.
    gains[3] = np.interp(time_s, [0.5, 0.515, 1.2, 1.205, 1.22], [0, 1, 1, 1 - cut / RAMP_S, 0])
    expected = sum(gains[n] * version(n)[:, : len(time_s)] for n in gains)
    expected = expected * np.minimum(1.0, time_s / RAMP_S)
    expected[:, : round(SEAM_S * RATE_HZ)] *= np.arange(1, 442) / 442
    assert residual_db(heard, expected) < -70.0


def test_a_switch_between_equal_sounds_is_not_heard_at_all(browser_page: Page, trials: Site):
    """Equal power would bump by 3 dB here, and a gap or a drift would click. Some of the switches
    come before the one before is over."""
    open_trial(browser_page, trials, "axis")
    same = (
        "trial.sounds = Object.fromEntries('ABCD'.split('').map((one) => [one, trial.sounds.A]));"
    )
    browser_page.evaluate(
        "() => { const tag = document.getElementById('trial'); const trial = JSON.parse("
        f"tag.textContent); {same} tag.textContent = JSON.stringify(trial); }}"
    )
    switches = [["switchTo", "ABCD"[n % 4], 0.1 + 0.11 * n] for n in range(1, 12)]
    still = render(browser_page, [1.0, 1.5], [], 1.6)
    switched = render(browser_page, [1.0, 1.5], switches, 1.6)
    assert np.abs(switched - still).max() < 1e-6
    assert np.abs(still).max() > 0.05


def test_a_loop_has_no_gap_and_no_step(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "axis")
    heard = render(browser_page, [1.0, 2.0], [], 2.5)
    first, last = RATE_HZ, 2 * RATE_HZ
    seam = round(SEAM_S * RATE_HZ)
    region = version(1)[:, first:last].copy()
    share = np.arange(1, seam + 1) / (seam + 1)
    before = version(1)[:, first - seam : first]
    region[:, -seam:] = (1 - share) * region[:, -seam:] + share * before
    n = round(2.5 * RATE_HZ)
    expected = region[:, np.arange(n) % (last - first)]
    expected = expected * np.minimum(1.0, np.arange(n) / RATE_HZ / RAMP_S)
    assert residual_db(heard, expected) < -70.0


def listen(page: Page, seconds: float) -> None:
    """Hear on until the position has moved by that much."""
    page.evaluate(
        """(seconds) => new Promise((resolve) => {
          const began = performance.now();
          const look = () => performance.now() - began > 1000 * seconds
            && document.documentElement.classList.contains("sounding")
            ? resolve() : requestAnimationFrame(look);
          look();
        })""",
        seconds,
    )


def test_seconds_go_to_the_sound_that_was_heard(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "axis")
    browser_page.keyboard.press("Space")
    listen(browser_page, 0.5)
    browser_page.keyboard.press("c")
    listen(browser_page, 1.0)
    browser_page.keyboard.press("7")
    listen(browser_page, 0.3)
    browser_page.keyboard.press("Space")
    browser_page.locator("#question-production .marker").first.press("End")
    wait_until_saved(browser_page)
    listened_s = taken(browser_page, address)["listened_s"]
    assert list(listened_s) == ["A", "C", "dry drums"]
    assert 0.3 < listened_s["A"] < 5
    assert 0.9 < listened_s["C"] < 5


def test_what_matters_is_noted_in_order(browser_page: Page, trials: Site):
    address = open_trial(browser_page, trials, "confidence")
    browser_page.keyboard.press("Space")
    expect(browser_page.locator("#play .play-label")).to_have_text("Pause")
    browser_page.keyboard.press("b")
    browser_page.keyboard.press("ArrowRight")
    browser_page.keyboard.press("[")
    browser_page.keyboard.press("x")
    browser_page.locator("#volume").press("ArrowLeft")
    browser_page.locator("h1").click()
    browser_page.keyboard.press("Space")
    browser_page.evaluate("dispatchEvent(new Event('blur')); dispatchEvent(new Event('focus'))")
    choose(browser_page, "A").check()
    browser_page.locator('[data-group=A] input[value="1"]').check()
    browser_page.locator('[data-group=B] input[value="1"]').check()
    submit(browser_page)
    events = taken(browser_page, address)["events"]
    kinds = ["device", "play", "switch", "seek", "loop", "loop", "volume", "pause", "blur", "focus"]
    assert [event["kind"] for event in events] == kinds
    device, play, switch, seek, loop, *_ = events
    assert device["browser"] == "chromium"
    assert device["rate_hz"] == RATE_HZ
    assert device["channels"] >= 1
    assert (play["sound"], switch["sound"]) == ("problem", "after B")
    assert 1.0 <= seek["s"] < 4.0
    assert loop["start_s"] > 0.0
    assert loop["end_s"] == pytest.approx(4.0)


def test_letters_typed_into_a_text_switch_nothing(browser_page: Page, trials: Site):
    open_trial(browser_page, trials, "axis")
    browser_page.get_by_label("Why?").first.press_sequentially("b c 3 ?")
    heard = browser_page.locator('button[data-sound="A"]')
    expect(heard).to_have_attribute("aria-pressed", "true")
    expect(browser_page.get_by_label("Why?").first).to_have_value("b c 3 ?")
    expect(browser_page.locator("#help")).to_be_hidden()
