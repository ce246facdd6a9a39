"""The browser's meter gives the numbers of Python's: the very module of the page, in Chromium."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from modeling.headroom import compensation_db, pack_peaks, peak_bound_db, peaks_of_stems
from modeling.loudness import gram_of_stems, loudness_lufs, matching_gain_db, pack_gram
from tests.modeling.loudness_audio import generated_stems

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parents[2] / "static"
RATE = 44_100
TARGET_LUFS = -16.0

MEASURE = """
async ({packedGram, nHops, packedPeaks, nPeaks, balances, target}) => {
  const meter = await import("/js/loudness.js");
  const gram = meter.unpackGram(packedGram, nHops);
  const peaks = meter.unpackPeaks(packedPeaks, nPeaks);
  return balances.map((faders_db) => ({
    loudness: meter.loudnessLufs(gram, faders_db),
    matching: meter.matchingGainDb(gram, faders_db, target),
    bound: meter.peakBoundDb(peaks, faders_db),
    compensation: meter.compensationDb({gram, peaks, faders_db, target_lufs: target}),
  }));
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test's output is its result only."""


@pytest.fixture
def static_page(chromium: Browser) -> Iterator[Page]:
    """A page of a server that serves the static folder and nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(STATIC)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    page.close()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def song():
    """Gram and peaks of one song, through float32 as the browser gets them."""
    stems = generated_stems(seed=6, rate=RATE, duration_s=8.0)
    stems[3] *= np.arange(stems.shape[2]) < 4 * RATE  # a stem that pauses, so that the gates work
    return gram_of_stems(stems, RATE), peaks_of_stems(stems, RATE)


def _measure(page: Page, gram, peaks, balances) -> dict[str, np.ndarray]:
    faders = [[None if np.isnan(db) else float(db) for db in row] for row in balances]
    rows = page.evaluate(
        MEASURE,
        {
            "packedGram": pack_gram(gram),
            "nHops": len(gram),
            "packedPeaks": pack_peaks(peaks),
            "nPeaks": len(peaks),
            "balances": faders,
            "target": TARGET_LUFS,
        },
    )
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def test_200_balances_read_as_in_python(static_page, song):
    gram, peaks = song
    rng = np.random.default_rng(0)
    balances = rng.uniform(-40, 12, (200, 4))
    balances[rng.random((200, 4)) < 0.2] = np.nan
    seen = _measure(static_page, gram, peaks, balances)
    expected = {
        "loudness": loudness_lufs(gram, balances),
        "matching": matching_gain_db(gram, balances, TARGET_LUFS),
        "bound": peak_bound_db(peaks, balances),
        "compensation": [
            compensation_db(gram, peaks, row, target_lufs=TARGET_LUFS) for row in balances
        ],
    }
    for name, values in expected.items():
        assert seen[name] == pytest.approx(np.array(values), abs=1e-4, nan_ok=True), name
    limited = seen["compensation"] < seen["matching"] - 1e-3
    assert 0 < limited.sum() < 200  # both the target and the ceiling were at work


def test_silence_and_short_audio_have_no_number_in_the_browser_either(static_page, song):
    gram, peaks = song
    off = np.full((1, 4), np.nan)
    seen = _measure(static_page, gram, peaks, off)
    assert np.isnan([seen["loudness"][0], seen["matching"][0], seen["bound"][0]]).all()
    assert seen["compensation"][0] == 0.0
    short = _measure(static_page, gram[:3], peaks[:3], np.zeros((1, 4)))
    assert np.isnan(short["loudness"][0])
    assert short["compensation"][0] == compensation_db(
        gram[:3], peaks[:3], np.zeros(4), target_lufs=TARGET_LUFS
    )


def test_measuring_an_excerpt_takes_well_under_a_frame(static_page, song):
    gram, peaks = song
    seconds_each = static_page.evaluate(
        """async ({packedGram, nHops, packedPeaks, nPeaks, target}) => {
          const meter = await import("/js/loudness.js");
          const gram = meter.unpackGram(packedGram, nHops);
          const peaks = meter.unpackPeaks(packedPeaks, nPeaks);
          const start = performance.now();
          for (let i = 0; i < 2000; i += 1) {
            const faders_db = [-i / 100, 0, null, i / 200];
            meter.compensationDb({gram, peaks, faders_db, target_lufs: target});
          }
          return (performance.now() - start) / 2000 / 1000;
        }""",
        {
            "packedGram": pack_gram(np.concatenate([gram] * 4)[:250]),
            "nHops": 250,
            "packedPeaks": pack_peaks(np.concatenate([peaks] * 4)[:250]),
            "nPeaks": 250,
            "target": TARGET_LUFS,
        },
    )
    assert seconds_each < 0.001


def test_packed_data_of_another_length_is_refused(static_page, song):
    gram, _ = song
    message = static_page.evaluate(
        """async ({packed, nHops}) => {
          const meter = await import("/js/loudness.js");
          try { meter.unpackGram(packed, nHops); } catch (error) { return error.message; }
        }""",
        {"packed": pack_gram(gram), "nHops": len(gram) + 1},
    )
    assert message == f"expected {10 * (len(gram) + 1)} packed values, got {10 * len(gram)}"
