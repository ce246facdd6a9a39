"""Songs are found in every layout that people have them in."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.vectors import STEMS
from modeling.audio import StemFile
from modeling.layouts import SongSource, find_songs
from tests.audio_files import write_song

OnlySong = Callable[[Path], SongSource]


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_stem_mp4_is_a_song_with_artist_title_split_and_streams(
    tmp_path: Path, only_song: OnlySong
) -> None:
    touch(tmp_path / "test", "The Band - A Song - Live.stem.mp4")
    song = only_song(tmp_path)
    assert (song.layout, song.artist, song.title, song.split) == (
        "musdb18",
        "The Band",
        "A Song - Live",
        "test",
    )
    path = tmp_path / "test/The Band - A Song - Live.stem.mp4"
    assert song.stems == {
        "vocals": StemFile(path, 4),
        "drums": StemFile(path, 1),
        "bass": StemFile(path, 2),
        "other": StemFile(path, 3),
    }


def test_an_hq_folder_is_a_song_and_its_mixture_is_ignored(
    tmp_path: Path, only_song: OnlySong
) -> None:
    folder = touch(tmp_path / "train/X - Y", *(f"{stem}.wav" for stem in STEMS), "mixture.wav")
    song = only_song(tmp_path)
    assert (song.layout, song.artist, song.title, song.split) == ("musdb18hq", "X", "Y", "train")
    assert {stem.path.name for stem in song.stems.values()} == {f"{stem}.wav" for stem in STEMS}
    assert song.path == folder


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".WAV"])
def test_any_folder_with_four_stems_is_a_song(
    tmp_path: Path, only_song: OnlySong, suffix: str
) -> None:
    touch(tmp_path / "My song", *(f"{stem}{suffix}" for stem in STEMS))
    song = only_song(tmp_path / "My song")
    assert (song.layout, song.artist, song.title, song.split) == ("folder", "", "My song", "")


def test_names_of_stems_may_be_written_in_capitals(tmp_path: Path, only_song: OnlySong) -> None:
    touch(tmp_path / "s", "Vocals.wav", "DRUMS.flac", "bass.Ogg", "Other.mp3")
    assert only_song(tmp_path).stems["drums"].path.name == "DRUMS.flac"


def test_songs_come_in_the_order_of_paths_and_names_each_once(tmp_path: Path) -> None:
    for name in ("b", "a", "c/d"):
        write_song(tmp_path / name, duration_s=0.01)
    found = find_songs([tmp_path / "c", tmp_path, tmp_path / "a"])
    assert [song.title for song in found.songs] == ["d", "a", "b"]
    assert not found.problems


def test_a_layout_finds_only_its_own_songs(tmp_path: Path) -> None:
    touch(tmp_path, "A - B.stem.mp4")
    touch(tmp_path / "hq", *(f"{stem}.wav" for stem in STEMS))
    touch(tmp_path / "plain", *(f"{stem}.flac" for stem in STEMS))
    names = {
        layout: [song.path.name for song in find_songs([tmp_path], layout).songs]
        for layout in ("auto", "musdb18", "musdb18hq", "folder")
    }
    assert names == {
        "auto": ["A - B.stem.mp4", "hq", "plain"],
        "musdb18": ["A - B.stem.mp4"],
        "musdb18hq": ["hq"],
        "folder": ["hq", "plain"],
    }


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path, only_song: OnlySong) -> None:
    touch(tmp_path / "s", *(f"{stem}.wav" for stem in STEMS), "._vocals.wav", ".x.stem.mp4")
    touch(tmp_path / ".trash", *(f"{stem}.wav" for stem in STEMS))
    assert only_song(tmp_path).title == "s"


def test_a_folder_given_relative_has_the_name_of_its_folder(
    tmp_path: Path, only_song: OnlySong, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(touch(tmp_path / "Me - Mine", *(f"{stem}.wav" for stem in STEMS)))
    song = only_song(Path(os.curdir))
    assert (song.artist, song.title) == ("Me", "Mine")


def test_the_real_songs_are_found_and_the_incomplete_one_is_named(shared_dir: Path) -> None:
    found = find_songs([shared_dir / "stems"])
    assert [song.title for song in found.songs] == [
        "Caesium",
        "Francium",
        "Hydrogen",
        "Lithium",
        "Rubidium",
        "Sodium",
        "falcon69-flac",
        "mono-band",
        "Falcon 69",
    ]
    assert found.songs[-1].artist == "The Easton Ellises"
    (problem,) = found.problems
    assert problem.path.name == "no-vocals"
    assert problem.reason.startswith("has no vocals; expected")
