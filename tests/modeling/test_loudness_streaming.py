"""Stems may arrive in blocks of any size: same Gram, same peaks, little memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.headroom import PeakMeter, peaks_of_stems
from modeling.loudness import GramMeter, gram_of_stems, pack_gram, unpack_gram
from tests.modeling.loudness_audio import generated_stems

RATE = 44_100
STEMS = generated_stems(seed=3, rate=RATE, duration_s=1.25)


@given(st.lists(st.integers(0, len(STEMS[0, 0])), max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_gram_and_the_peaks_do_not_depend_on_the_blocks(cuts):
    gram_meter, peak_meter = GramMeter(RATE), PeakMeter(RATE)
    for block in np.split(STEMS, sorted(cuts), axis=2):
        gram_meter.push(block)
        peak_meter.push(block)
    gram = gram_of_stems(STEMS, RATE)
    assert gram_meter.finish() == pytest.approx(gram, rel=1e-9, abs=1e-15)
    assert np.array_equal(peak_meter.finish(), peaks_of_stems(STEMS, RATE))


def test_the_gram_has_a_row_per_whole_hop_and_the_peaks_one_for_the_rest_too():
    assert gram_of_stems(STEMS, RATE).shape == (12, 4, 4)
    assert peaks_of_stems(STEMS, RATE).shape == (13, 4)
    assert peaks_of_stems(STEMS, RATE)[12] == pytest.approx(
        np.abs(STEMS[:, :, 12 * 4410 :]).max(axis=(1, 2))
    )


def test_float32_stems_read_as_float64_ones_do():
    single = gram_of_stems(STEMS.astype(np.float32), RATE)
    assert single == pytest.approx(gram_of_stems(STEMS, RATE), rel=1e-5, abs=1e-9)


def test_memory_grows_by_the_gram_only():
    meter = GramMeter(RATE)
    block = np.ones((4, 2, 3 * 4410 + 7))
    meter.push(block)
    tracemalloc.start()
    for _ in range(30):
        meter.push(block)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000  # 9 s of audio would be 25 MB


def test_packing_for_the_browser_keeps_the_gram_to_single_precision():
    gram = gram_of_stems(STEMS, RATE)
    back = unpack_gram(pack_gram(gram))
    assert back == pytest.approx(gram, rel=1e-6, abs=1e-12)
    assert len(pack_gram(gram)) == 12 * 10 * 4 * 4 / 3


@pytest.mark.parametrize("text", ["not base64!", "AAAA", "AAAAAAAAAAA="])
def test_a_broken_packed_gram_is_refused(text):
    with pytest.raises(ValueError, match="packed Gram is broken"):
        unpack_gram(text)
