"""What the mixer plays: the page's own graph, rendered offline in Chromium, against numpy."""

import base64
import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from numpy.typing import NDArray
from playwright.sync_api import Page

from analysis.vectors import STEMS
from modeling.headroom import compensation_db, peak_bound_db
from tests.e2e.annotator import open_mixer
from tests.e2e.site import Site

pytestmark = pytest.mark.browser

RATE_HZ = 44_100
RAMP_S, SLEW_S, SEAM_S = 0.015, 0.15, 0.01
CEILING_DBFS = -1.0

RENDER = """
async ({settings, script, seconds, urls}) => {
  const engine = await import("/static/js/engine.js");
  const meter = await import("/static/js/loudness.js");
  const desk = JSON.parse(document.getElementById("desk").textContent);
  const gram = meter.unpackGram(desk.gram, desk.n_hops);
  const peaks = meter.unpackPeaks(desk.peaks, desk.n_peaks);
  const inOrder = (faders) => engine.STEMS.map((role) => faders[role]);
  const context = new OfflineAudioContext(2, Math.round(seconds * 44100), 44100);
  const graph = engine.buildGraph(context, await engine.decodeStems(urls ?? desk.urls.stems), {
    start_db: desk.start_db, volume_db: 0, ceiling_db: desk.ceiling_dbfs, ...settings,
    boundDb: (faders) => meter.peakBoundDb(peaks, inOrder(faders)),
    compensationDb: (faders) => meter.compensationDb({
      gram, peaks, faders_db: inOrder(faders), target_lufs: desk.target_lufs,
      ceiling_db: desk.ceiling_dbfs }),
  });
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


def render(page: Page, settings: dict[str, Any], script: list[Any], seconds: float) -> Any:
    sides = page.evaluate(RENDER, {"settings": settings, "script": script, "seconds": seconds})
    return np.stack([np.frombuffer(base64.b64decode(side), "<f4") for side in sides])


@dataclass
class Excerpt:
    """The desk's own data, read with numpy: served stems (4, 2, n), Gram, peaks."""

    desk: dict[str, Any]
    stems: NDArray[np.float64]
    gram: NDArray[np.float64]
    peaks: NDArray[np.float64]

    def compensation(self, faders_db: list[float | None]) -> float:
        values = np.array([np.nan if db is None else db for db in faders_db])
        target = self.desk["target_lufs"]
        return 10 ** (compensation_db(self.gram, self.peaks, values, target_lufs=target) / 20)

    def bound(self, gains: NDArray[np.float64]) -> float:
        with np.errstate(divide="ignore"):
            faders_db = np.where(gains > 0, 20 * np.log10(gains), np.nan)
        return float(peak_bound_db(self.peaks, faders_db))


@pytest.fixture(scope="module")
def link(site: Site) -> str:
    answer = site.campaign("Sound of the mixer", headphone_check="none", seed="3")
    return str(answer["links"][0])


@pytest.fixture
def excerpt(browser_page: Page, site: Site, link: str) -> Excerpt:
    browser_page.goto(link)
    if browser_page.url.endswith("/welcome/"):
        open_mixer(browser_page, link)
    else:
        browser_page.get_by_role("button", name="Continue").click()
    desk = json.loads(browser_page.locator("#desk").text_content() or "")
    stems = []
    for role in STEMS:
        answer = browser_page.request.get(site.url + desk["urls"]["stems"][role])
        samples, rate = soundfile.read(io.BytesIO(answer.body()), always_2d=True)
        assert rate == RATE_HZ
        stems.append(samples.T)
    unpack: Callable[[str], NDArray[np.float32]] = lambda text: np.frombuffer(  # noqa: E731
        base64.b64decode(text), "<f4"
    )
    upper = unpack(desk["gram"]).reshape(-1, 10).astype(float)
    gram = np.zeros((len(upper), 4, 4))
    for values, (row, column) in zip(
        upper.T, itertools.combinations_with_replacement(range(4), 2), strict=True
    ):
        gram[:, row, column] = gram[:, column, row] = values
    peaks = unpack(desk["peaks"]).reshape(-1, 4).astype(float)
    return Excerpt(desk, np.stack(stems), gram, peaks)


class Line:
    """A gain over time that goes straight from point to point."""

    def __init__(self, value: float) -> None:
        self.points = [(0.0, value)]

    def at(self, time_s: Any) -> Any:
        return np.interp(time_s, *zip(*self.points, strict=True))

    def cut(self, at_s: float) -> None:
        here = float(self.at(at_s))
        self.points = [point for point in self.points if point[0] < at_s] + [(at_s, here)]

    def go(self, start_s: float, value: float, seconds: float) -> None:
        self.cut(start_s)
        self.points.append((start_s + seconds, value))


def gain(level_db: float | None) -> float:
    return 0.0 if level_db is None else 10 ** (level_db / 20)


def by_role(values: list[Any]) -> dict[str, Any]:
    return dict(zip(STEMS, values, strict=True))


class Reference:
    """The desk in numpy: what `engine.js` promises, written down once more."""

    def __init__(self, excerpt: Excerpt, faders_db: list[float | None]) -> None:
        self.excerpt = excerpt
        start = [excerpt.desk["start_db"][role] for role in STEMS]
        self.start_gains = np.array([gain(db) for db in start])
        self.start_compensation = excerpt.compensation(start)
        self.faders = [Line(gain(db)) for db in faders_db]
        self.gates = [Line(1.0) for _ in STEMS]
        self.compensation = Line(excerpt.compensation(faders_db))
        self.is_now = Line(1.0)

    def move(self, at_s: float, faders_db: list[float | None]) -> str:
        """Returns which way the compensation took."""
        before = np.array([line.at(at_s) for line in self.faders])
        after = np.array([gain(db) for db in faders_db])
        safe = gain(CEILING_DBFS - max(self.excerpt.bound(before), self.excerpt.bound(after)))
        target = self.excerpt.compensation(faders_db)
        present = float(self.compensation.at(at_s))
        ducks, waits = present > safe, target > safe
        start_s = at_s + RAMP_S if ducks else at_s
        for line, value in zip(self.faders, after, strict=True):
            if line.points[-1][1] != value:
                line.cut(at_s)
                line.go(start_s, value, RAMP_S)
        self.compensation.cut(at_s)
        if ducks:
            self.compensation.go(at_s, safe, RAMP_S)
        self.compensation.go(start_s + RAMP_S if ducks or waits else at_s, target, SLEW_S)
        return "ducks" if ducks else "waits" if waits else "follows"

    def mix(self, loop_s: tuple[float, float] | None, seconds: float) -> NDArray[np.float64]:
        n = round(seconds * RATE_HZ)
        time_s = np.arange(n) / RATE_HZ
        played = looped(self.excerpt.stems, loop_s, n)
        played *= np.minimum(1.0, time_s / RAMP_S)
        played *= np.stack([line.at(time_s) for line in self.gates])[:, None]
        now = (played * np.stack([line.at(time_s) for line in self.faders])[:, None]).sum(0)
        start = (played * self.start_gains[:, None, None]).sum(0) * self.start_compensation
        is_now = self.is_now.at(time_s)
        return is_now * self.compensation.at(time_s) * now + (1 - is_now) * start


def looped(
    stems: NDArray[np.float64], loop_s: tuple[float, float] | None, n: int
) -> NDArray[np.float64]:
    """The region over and over, its last 10 ms fading into what stands before its beginning."""
    seam = round(SEAM_S * RATE_HZ)
    share = np.arange(1, seam + 1) / (seam + 1)
    first, last = (0, stems.shape[2]) if loop_s is None else [round(s * RATE_HZ) for s in loop_s]
    region = stems[:, :, first:last].copy()
    before = stems[:, :, first - seam : first] if first else 0.0
    region[:, :, -seam:] = (1 - share) * region[:, :, -seam:] + share * before
    if not first:
        region[:, :, :seam] *= share
    return region[:, :, np.arange(n) % (last - first)]


def residual_db(heard: NDArray[Any], expected: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean((heard - expected) ** 2) / np.mean(expected**2)))


def test_loop_moves_mute_and_comparison_sound_as_numpy_computes_them(browser_page, excerpt):
    faders = [excerpt.desk["start_db"][role] for role in STEMS]
    reference = Reference(excerpt, faders)
    script: list[Any] = []
    ways = set()
    moves = [
        (0.30, [faders[0] - 3.1, *faders[1:]]),
        (0.31, [faders[0] - 3.4, *faders[1:]]),  # in the middle of the move before
        (0.60, [-40.0, -40.0, -40.0, -40.0]),
        (1.10, [12.0, -40.0, -40.0, 3.3]),  # would clip unless the compensation ducks first
        (1.50, [None, -20.0, 0.0, None]),
        (2.40, [-6.0, -6.0, -6.0, 2.0]),
    ]
    for at_s, faders_db in moves:
        ways.add(reference.move(at_s, faders_db))
        script.append(["move", by_role(faders_db), True, at_s])
    assert ways >= {"follows", "ducks"}
    script.append(["gate", ["drums"], [], 2.6])
    reference.gates[1].go(2.6, 0.0, RAMP_S)
    script.append(["gate", ["drums"], ["bass"], 2.9])
    reference.gates[0].go(2.9, 0.0, RAMP_S)
    reference.gates[3].go(2.9, 0.0, RAMP_S)
    script.append(["gate", [], [], 3.2])
    for line in reference.gates:
        line.go(3.2, 1.0, RAMP_S)
    script += [["compare", "start", 3.5], ["compare", "now", 3.505], ["compare", "start", 4.0]]
    reference.is_now.go(3.5, 0.0, RAMP_S)
    reference.is_now.go(3.505, 1.0, RAMP_S)
    reference.is_now.go(4.0, 0.0, RAMP_S)
    settings = {
        "faders_db": by_role(faders), "hold": True, "mute": [], "solo": [], "loop": [3.0, 5.0],
    }  # fmt: skip
    heard = render(browser_page, settings, script, 4.6)
    assert residual_db(heard, reference.mix((3.0, 5.0), 4.6)) < -80.0


def test_the_whole_excerpt_loops_without_a_gap(browser_page, excerpt):
    faders = [excerpt.desk["start_db"][role] for role in STEMS]
    settings = {
        "faders_db": by_role(faders), "hold": True, "mute": [], "solo": [], "loop": None,
    }  # fmt: skip
    seconds = excerpt.desk["duration_s"] + 1.0
    heard = render(browser_page, settings, [], seconds)
    assert residual_db(heard, Reference(excerpt, faders).mix(None, seconds)) < -80.0


def test_the_mix_is_held_at_the_target_whatever_the_faders(browser_page, excerpt):
    meter = pyloudnorm.Meter(RATE_HZ, filter_class="DeMan")
    for faders in ([0.0, -12.0, -3.0, -20.0], [-20.0, 6.0, None, -1.0]):
        settings = {
            "faders_db": by_role(faders), "hold": True, "mute": [], "solo": [], "loop": None,
        }  # fmt: skip
        heard = render(browser_page, settings, [], excerpt.desk["duration_s"])
        loudness = meter.integrated_loudness(heard.T.astype(float))
        assert loudness == pytest.approx(excerpt.desk["target_lufs"], abs=0.1)


@pytest.mark.parametrize("hold", [True, False])
def test_no_setting_clips_and_no_way_between_two_settings_does(browser_page, excerpt, hold):
    edges = [None, -40.0, 12.0]
    rng = np.random.default_rng(5)
    corners = [list(corner) for corner in itertools.product(edges, repeat=4)]
    wanted = [corners[i] for i in rng.permutation(len(corners))[:50]]
    script = [
        ["move", by_role(faders), hold, 0.1 + 0.3 * i + 0.1 * float(rng.random())]
        for i, faders in enumerate(wanted)
    ]
    settings = {
        "faders_db": by_role([12.0] * 4), "hold": hold, "mute": [], "solo": [], "loop": None,
    }  # fmt: skip
    heard = render(browser_page, settings, script, 0.1 + 0.3 * len(wanted))
    assert np.abs(heard).max() <= 10 ** (CEILING_DBFS / 20) * (1 + 1e-4)
    assert np.abs(heard).max() > 0.01
