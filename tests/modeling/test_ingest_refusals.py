"""A song that cannot be taken leaves one line and nothing else behind."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.vectors import STEMS
from modeling.audio import AudioError
from modeling.ingest import IngestError, ingest
from modeling.layouts import SongSource, find_songs
from modeling.storage import StorageError, read_stem, write_array, write_json
from tests.audio_files import (
    full_disk,
    keep_share,
    noise,
    open_folder,
    without_privileges,
    write_audio,
    write_song,
)

OnlySong = Callable[[Path], SongSource]


def refusal(folder: Path, library: Path) -> AudioError:
    (source,) = find_songs([folder]).songs
    with pytest.raises(AudioError) as caught:
        ingest(source, library)
    assert "\n" not in str(caught.value)
    assert not library.exists() or not list(library.iterdir())
    return caught.value


def test_a_song_without_a_sound_is_refused(tmp_path: Path) -> None:
    silence = np.zeros((88_200, 2), np.float32)
    folder = write_song(tmp_path / "song", dict.fromkeys(STEMS, silence))
    error = refusal(folder, tmp_path / "library")
    assert isinstance(error, IngestError)
    assert (error.path, error.reason) == (
        folder,
        "all four stems are silent; export the stems again",
    )


def test_a_song_too_short_for_a_loudness_is_refused(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", duration_s=0.399)
    reason = refusal(folder, tmp_path / "library").reason
    assert reason == "lasts 0.399 s; a loudness needs 0.4 s or more"


def test_a_broken_stem_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", suffix=".flac", duration_s=12.0)
    keep_share(folder / "bass.flac", 0.7)
    error = refusal(folder, tmp_path / "library")
    assert error.path == folder / "bass.flac"
    assert "truncated" in error.reason


def test_a_stem_full_of_nan_is_refused(tmp_path: Path) -> None:
    nan = np.full((44_100, 2), np.nan, np.float32)
    folder = write_song(tmp_path / "song", {"other": nan}, subtype="FLOAT")
    error = refusal(folder, tmp_path / "library")
    assert error.path == folder / "other.wav"
    assert error.reason.startswith("has a sample that is nan at 0.000 s")


def test_a_slightly_shorter_stem_is_padded_and_that_is_said(
    tmp_path: Path, only_song: OnlySong
) -> None:
    folder = write_song(tmp_path / "song", {"drums": noise(1, 5.5)}, duration_s=6.25)
    song = ingest(only_song(folder), tmp_path / "library")
    assert song.notes == ("drums was shorter and got 0.750 s of silence at its end",)
    drums = read_stem(song.folder, "drums")
    assert drums.shape == (2, round(6.25 * 44_100))
    assert np.array_equal(drums[:, : round(5.5 * 44_100)], noise(1, 5.5).T)
    assert not drums[:, round(5.5 * 44_100) :].any()


@pytest.mark.parametrize("duration_s", [4.0, 12.0])
def test_stems_of_clearly_different_length_are_refused(tmp_path: Path, duration_s: float) -> None:
    folder = write_song(tmp_path / "song", {"bass": noise(2, 1.5)}, duration_s=duration_s)
    reason = refusal(folder, tmp_path / "library").reason
    assert reason.startswith("bass ends at 1.50 s but vocals goes on to ")


def test_a_too_long_song_is_refused(tmp_path: Path, only_song: OnlySong) -> None:
    source = only_song(write_song(tmp_path / "song", duration_s=2.0))
    with pytest.raises(AudioError, match=r"beyond the limit of 0\.02 min"):
        ingest(source, tmp_path / "library", longest_s=1.2)


# Every stage in turn: opening a FLAC, its header, its blocks, its very last block.
@pytest.mark.parametrize("n_bytes", [0, 60, 20_000, 700_000, None])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, only_song: OnlySong, n_bytes: int | None
) -> None:
    source = only_song(write_song(tmp_path / "song", duration_s=8.0))
    if n_bytes is None:
        whole = ingest(source, tmp_path / "whole").folder
        n_bytes = max(path.stat().st_size for path in whole.glob("*.flac")) - 1
    library = tmp_path / "library"
    with full_disk(n_bytes), pytest.raises(StorageError, match="cannot be written"):
        ingest(source, library)
    assert not list(library.iterdir())


def test_a_disk_that_is_full_when_the_arrays_come_is_named(tmp_path: Path) -> None:
    with full_disk(1000), pytest.raises(StorageError, match=r"gram\.npy: cannot be written"):
        write_array(tmp_path, "gram", np.zeros((100, 4, 4)))
    with full_disk(10), pytest.raises(StorageError, match=r"song\.json: cannot be written"):
        write_json(tmp_path / "gainsay-song.json", {"title": "A long title"})


def test_a_library_that_may_not_be_written_is_named(only_song: OnlySong) -> None:
    with open_folder() as folder:
        source = only_song(write_song(folder / "song"))
        library = folder / "library"
        library.mkdir(mode=0o555)
        with without_privileges():
            if os.access(library, os.W_OK, effective_ids=True):
                pytest.skip("this user may write everywhere")
            with pytest.raises(StorageError) as caught:
                ingest(source, library)
    assert str(caught.value).startswith(f"{library}: cannot be written: permission denied")


def test_what_a_killed_import_left_behind_is_cleared_away(
    tmp_path: Path, only_song: OnlySong
) -> None:
    source = only_song(write_song(tmp_path / "song"))
    library = tmp_path / "library"
    node = os.uname().nodename
    dead = library / f".incoming-{node}-4194999-abc"
    running = library / f".incoming-{node}-{os.getpid()}-abc"
    elsewhere = library / ".incoming-another.machine-4194999-abc"
    for folder in (dead, running, elsewhere):
        folder.mkdir(parents=True)
        write_audio(folder / "vocals.flac", noise(0, 0.1))
    ingest(source, library)
    assert not dead.exists()
    assert running.exists()
    assert elsewhere.exists()


def test_a_name_that_another_song_holds_is_refused(tmp_path: Path, only_song: OnlySong) -> None:
    library = tmp_path / "library"
    first = only_song(write_song(tmp_path / "a"))
    second = only_song(write_song(tmp_path / "b", {"bass": noise(9, 1.0)}))
    kept = ingest(first, library, folder_name="k1")
    assert ingest(first, library, folder_name="k1").already_there
    with pytest.raises(StorageError, match="holds another song; choose another name"):
        ingest(second, library, folder_name="k1")
    assert kept.folder == library / "k1"
    assert [path.name for path in library.iterdir()] == ["k1"]
