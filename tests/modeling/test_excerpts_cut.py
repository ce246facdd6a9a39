"""A cut excerpt is the song's own audio with soft edges, measured as it will be heard."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.vectors import STEMS
from modeling.excerpts import cut_excerpt
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.loudness import gram_of_stems, stem_loudness_lufs
from modeling.songs import IngestedSong, read_excerpt, read_levels
from modeling.storage import StorageError, read_stem
from tests.audio_files import full_disk, write_song

FADE = 441


@pytest.fixture(params=["PCM_16", "FLOAT"])
def song(
    request: pytest.FixtureRequest, tmp_path: Path, only_song: Callable[[Path], SongSource]
) -> IngestedSong:
    folder = write_song(tmp_path / "song", duration_s=4.0, subtype=request.param)
    return ingest(only_song(folder), tmp_path / "library")


def test_the_middle_is_the_song_and_the_edges_are_soft(song: IngestedSong, tmp_path: Path) -> None:
    excerpt = cut_excerpt(song.folder, 1.0, 2.0, tmp_path / "excerpts/e1")
    for stem in STEMS:
        before = read_stem(song.folder, stem, 1.0, 2.0)
        after = read_stem(excerpt.folder, stem)
        assert after.shape == (2, 88_200)
        assert np.array_equal(after[:, FADE:-FADE], before[:, FADE:-FADE])
        assert np.abs(after[:, [0, 1, -2, -1]]).max() < 1e-4
        assert (np.abs(after) <= np.abs(before) + 2**-16).all()
        # A raised cosine passes half of the amplitude in its middle.
        half = FADE // 2
        assert after[:, half] == pytest.approx(0.5 * before[:, half], abs=1e-4)
        assert after[:, -half - 1] == pytest.approx(0.5 * before[:, -half - 1], abs=1e-4)


def test_its_levels_are_measured_on_the_audio_that_is_stored(
    song: IngestedSong, tmp_path: Path
) -> None:
    excerpt = cut_excerpt(song.folder, 0.5, 3.0, tmp_path / "e")
    stems = np.stack([read_stem(excerpt.folder, stem) for stem in STEMS])
    levels = read_levels(excerpt.folder)
    gram = gram_of_stems(stems, 44_100)
    assert levels.gram == pytest.approx(gram, rel=1e-4, abs=1e-6)
    assert levels.peaks.shape == (30, 4)
    assert levels.waveform.shape == (4, 300)
    assert list(excerpt.loudness_lufs.values()) == pytest.approx(
        list(stem_loudness_lufs(gram)), abs=1e-3
    )
    assert all(share > 0.9 for share in excerpt.activity.values())


def test_its_twin_says_all_that_it_says(song: IngestedSong, tmp_path: Path) -> None:
    excerpt = cut_excerpt(song.folder, 0.25, 1.5, tmp_path / "e")
    assert read_excerpt(tmp_path / "e") == excerpt
    assert (excerpt.start_s, excerpt.duration_s, excerpt.fade_s) == (0.25, 1.5, 0.01)
    assert excerpt.song_fingerprint == song.fingerprint
    assert set(excerpt.stored_scale.values()) == {song.stems["bass"].stored_scale}


def test_the_whole_song_can_be_cut(song: IngestedSong, tmp_path: Path) -> None:
    excerpt = cut_excerpt(song.folder, 0.0, song.duration_s, tmp_path / "e")
    assert excerpt.n_samples == song.n_samples


@pytest.mark.parametrize(
    ("start_s", "duration_s"),
    [(3.0, 1.1), (0.0, 0.3), (-1.0, 2.0), (float("nan"), 1.0), (0.0, 1e9)],
)
def test_a_window_outside_the_song_is_refused(
    song: IngestedSong, tmp_path: Path, start_s: float, duration_s: float
) -> None:
    with pytest.raises(ValueError, match=r"does not fit|must be 0 or more"):
        cut_excerpt(song.folder, start_s, duration_s, tmp_path / "e")
    assert not (tmp_path / "e").exists()


def test_an_excerpt_is_never_written_over(song: IngestedSong, tmp_path: Path) -> None:
    cut_excerpt(song.folder, 0.0, 1.0, tmp_path / "all/e")
    with pytest.raises(StorageError, match="cannot be made"):
        cut_excerpt(song.folder, 1.0, 1.0, tmp_path / "all/e")
    assert read_excerpt(tmp_path / "all/e").start_s == 0.0
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["e"]


@pytest.mark.parametrize("n_bytes", [100, 50_000])
def test_a_full_disk_leaves_no_half_excerpt(
    song: IngestedSong, tmp_path: Path, n_bytes: int
) -> None:
    with full_disk(n_bytes), pytest.raises(StorageError, match="the disk is full or read-only"):
        cut_excerpt(song.folder, 0.0, 3.0, tmp_path / "all/e")
    assert not list((tmp_path / "all").iterdir())
