"""From the link to "that was all": welcome, volume, headphone check, queue, refusals."""

import io
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.e2e.annotator import listen, open_mixer, wait_until_playable, welcome
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

HEAR_NOISE = """
async () => {
  const { pinkNoise } = await import("/static/js/noise.js");
  const context = new OfflineAudioContext(2, 1, 44100);
  const buffer = pinkNoise(context);
  return [0, 1].map((side) => Array.from(buffer.getChannelData(side)));
}
"""


def short_silence() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((2_000, 2)), 44_100, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def answer_trial(page: Page, choice: str) -> None:
    expect(page.get_by_role("button", name=choice, exact=True)).to_be_enabled()
    page.keyboard.press(choice)


def take_check(page: Page, choices: str) -> None:
    page.get_by_role("button", name="Start the check").click()
    page.get_by_role("button", name="Play the three sounds").click()
    for number, choice in enumerate(choices, 1):
        expect(page.get_by_text(f"Sound {number} of 6")).to_be_visible()
        answer_trial(page, choice)


def test_a_headphone_check_has_two_attempts_and_says_nothing_on_the_way(
    browser_page: Page, site: Site
):
    campaign = site.campaign("Headphones", headphone_check="antiphase", seed="5")
    # Short silences in place of twelve sounds of four seconds: what is tested is the way.
    browser_page.route("**/headphones/**.flac", lambda route: route.fulfill(body=short_silence()))
    welcome(browser_page, campaign["links"][0])
    expect(browser_page.get_by_role("button", name="Play the three sounds")).to_have_count(0)
    take_check(browser_page, "111111")
    expect(browser_page.get_by_text("That did not come out clearly.")).to_be_visible()
    take_check(browser_page, "222222")
    expect(browser_page.get_by_role("button", name="First excerpt")).to_be_visible()


def test_loudspeakers_need_no_headphone_check(browser_page: Page, site: Site):
    campaign = site.campaign("Loudspeakers", headphone_check="huggins")
    browser_page.goto(campaign["links"][0])
    browser_page.get_by_role("button", name="Begin").click()
    expect(browser_page).to_have_url(f"{campaign['links'][0]}welcome/")
    browser_page.get_by_label("I have read this").check()
    browser_page.get_by_label("For how many years").fill("40")
    browser_page.get_by_label("studio monitors").check()
    browser_page.get_by_label("The volume is comfortable").check()
    browser_page.get_by_role("button", name="Begin").click()
    expect(browser_page.get_by_role("button", name="First excerpt")).to_be_visible()


def test_every_excerpt_once_then_thanks_and_one_can_still_amend(browser_page: Page, site: Site):
    campaign = site.campaign("All of it", headphone_check="none", repeats="0")
    open_mixer(browser_page, campaign["links"][0])
    addresses = set()
    for _ in range(campaign["excerpts"]):
        wait_until_playable(browser_page)
        addresses.add(browser_page.url)
        listen(browser_page, 0.3)
        browser_page.get_by_role("button", name="Submit this balance").click()
        browser_page.get_by_role("button", name="Next excerpt").click()
    assert len(addresses) == campaign["excerpts"]
    expect(browser_page.get_by_role("heading", name="That was all. Thank you!")).to_be_visible()
    browser_page.get_by_role("link", name="Change excerpt 2").click()
    wait_until_playable(browser_page)
    expect(browser_page.get_by_role("button", name="Submit again")).to_be_visible()


def test_the_noise_to_set_the_volume_by_is_as_loud_as_the_mixes(browser_page: Page, site: Site):
    campaign = site.campaign("Noise", headphone_check="none")
    browser_page.goto(campaign["links"][0])
    noise = np.array(browser_page.evaluate(HEAR_NOISE)).T
    meter = pyloudnorm.Meter(44_100, filter_class="DeMan")
    assert meter.integrated_loudness(noise) == pytest.approx(-23.0, abs=0.3)
    assert np.abs(noise).max() < 1.0
    button = browser_page.get_by_role("button", name="Play the noise")
    button.click()
    browser_page.get_by_role("button", name="Stop the noise").click()
    expect(button).to_be_visible()


def test_an_annotator_meets_no_name_of_song_artist_or_other_people(browser_page: Page, site: Site):
    campaign: Any = site.campaign("Blind", headphone_check="none", invite=2)
    open_mixer(browser_page, campaign["links"][0])
    seen = browser_page.content()
    songs = site.manage("shell", "-c", "from annotate.models import Song\nfor s in Song.objects.all(): print(s.title, s.key, sep='\\n'); print(*s.excerpts.values_list('key', flat=True), sep='\\n')")  # noqa: E501 # fmt: skip
    lines = [line for line in songs.splitlines() if line and "objects imported" not in line]
    assert len(lines) >= 9
    for line in lines:
        assert line not in seen
