"""What is measured on the way in is what the stems themselves would say."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.vectors import STEMS
from modeling.headroom import peaks_of_stems
from modeling.ingest import ingest
from modeling.layouts import SongSource, find_songs
from modeling.loudness import gram_of_stems, stem_loudness_lufs
from modeling.songs import IngestedSong, read_levels
from modeling.storage import read_stem
from modeling.waveform import EnvelopeMeter, waveform_bytes
from tests.audio_files import noise, write_song

OnlySong = Callable[[Path], SongSource]


def stems_of(song: IngestedSong) -> np.ndarray:
    return np.stack([read_stem(song.folder, stem) for stem in STEMS])


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_gram_and_peaks_are_those_of_the_stored_stems(
    tmp_path: Path, only_song: OnlySong, subtype: str
) -> None:
    # Longer than two chunks, and no whole number of hops.
    folder = write_song(tmp_path / "song", duration_s=11.234, subtype=subtype)
    song = ingest(only_song(folder), tmp_path / "library")
    levels, stems = read_levels(song.folder), stems_of(song)
    assert levels.gram == pytest.approx(gram_of_stems(stems, 44_100), rel=1e-6, abs=1e-12)
    assert levels.peaks == pytest.approx(peaks_of_stems(stems, 44_100), abs=1e-6)
    assert levels.waveform.shape == (4, 1124)
    assert levels.waveform.dtype == np.uint8


def test_loudness_and_activity_stand_in_the_song(tmp_path: Path, only_song: OnlySong) -> None:
    half = noise(1, 4.0)
    half[: len(half) // 2] = 0.0
    folder = write_song(tmp_path / "song", {"vocals": half, "other": half * 0.0}, duration_s=4.0)
    song = ingest(only_song(folder), tmp_path / "library")
    expected = stem_loudness_lufs(gram_of_stems(stems_of(song), 44_100))
    assert song.stems["vocals"].loudness_lufs == pytest.approx(expected[0], abs=1e-6)
    assert song.stems["vocals"].activity == pytest.approx(0.5, abs=0.05)
    assert song.stems["other"].loudness_lufs is None
    assert song.stems["other"].activity == 0.0
    assert not song.stems["other"].is_active
    assert song.notes == ("other is silent and counts as inactive",)


def test_the_number_of_threads_changes_no_byte(tmp_path: Path, only_song: OnlySong) -> None:
    source = only_song(write_song(tmp_path / "song", duration_s=7.0))
    folders = [
        ingest(source, tmp_path / f"library{threads}", threads=threads).folder for threads in (1, 5)
    ]
    files = sorted(path.name for path in folders[0].iterdir())
    assert len(files) == 8
    for name in files:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_the_fingerprint_knows_the_audio_whatever_holds_it(
    tmp_path: Path, only_song: OnlySong
) -> None:
    library = tmp_path / "library"
    first = ingest(only_song(write_song(tmp_path / "a", suffix=".wav")), library)
    again = ingest(only_song(write_song(tmp_path / "b", suffix=".flac")), library)
    other = ingest(only_song(write_song(tmp_path / "c", {"bass": noise(9, 1.0)})), library)
    swapped = {"vocals": noise(1, 1.0), "drums": noise(0, 1.0)}
    mixed_up = ingest(only_song(write_song(tmp_path / "d", swapped)), library)
    assert (again.fingerprint, again.folder) == (first.fingerprint, first.folder)
    assert (first.already_there, again.already_there) == (False, True)
    assert len({first.fingerprint, other.fingerprint, mixed_up.fingerprint}) == 3
    assert len(list(library.iterdir())) == 3


def test_progress_counts_the_seconds_of_audio(tmp_path: Path, only_song: OnlySong) -> None:
    done: list[float] = []
    source = only_song(write_song(tmp_path / "song", duration_s=12.5))
    ingest(source, tmp_path / "library", progress=done.append)
    assert len(done) == 3
    assert sum(done) == pytest.approx(12.5)


def test_memory_does_not_grow_with_the_length_of_a_song(
    tmp_path: Path, only_song: OnlySong
) -> None:
    peaks_bytes = []
    for duration_s in (11.0, 31.0):
        folder = write_song(tmp_path / f"{duration_s}", duration_s=duration_s)
        source = only_song(folder)
        tracemalloc.start()
        ingest(source, tmp_path / "library", threads=1)
        peaks_bytes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks_bytes[1] < 1.1 * peaks_bytes[0]


def test_a_waveform_point_is_the_peak_of_10_ms_in_db() -> None:
    envelope = np.array([[1.0, 10 ** (-20 / 20), 1e-3, 0.0, 2.0]], dtype=np.float32)
    assert waveform_bytes(envelope).tolist() == [[255, 170, 0, 0, 255]]


def test_an_envelope_does_not_depend_on_the_blocks() -> None:
    block = np.random.default_rng(1).normal(size=(4, 2, 10_000)).astype(np.float32)
    whole, pieces = EnvelopeMeter(), EnvelopeMeter()
    whole.push(block)
    for start in range(0, 10_000, 333):
        pieces.push(block[:, :, start : start + 333])
    assert np.array_equal(whole.finish(), pieces.finish())
    assert whole.finish().shape == (4, 23)


@pytest.mark.parametrize(
    "name", ["cc0/Caesium", "mono-band", "musdb18/train/The Easton Ellises - Falcon 69.stem.mp4"]
)
def test_real_songs_come_in_at_the_loudness_that_their_list_says(
    tmp_path: Path, shared_dir: Path, name: str
) -> None:
    listed = {
        "cc0/Caesium": (-20.6, -24.3, -24.5, -38.5),
        "mono-band": (-17.3, -30.3, -20.1, -19.4),
    }.get(name, (-19.0, -19.3, -18.6, -18.9))
    (source,) = find_songs([shared_dir / "stems" / name]).songs
    song = ingest(source, tmp_path)
    for stem, lufs in zip(STEMS, listed, strict=True):
        # The list was measured with a filter that reads 0.04 dB low, and is rounded to 0.1.
        assert song.stems[stem].loudness_lufs == pytest.approx(lufs, abs=0.12)
