"""What looks like a song but is none gets one line that says what is wrong with it."""

import os
from pathlib import Path

import pytest

from analysis.vectors import STEMS
from modeling.layouts import find_songs
from tests.audio_files import open_folder, without_privileges


def reason_for(folder: Path, *names: str, layout: str = "auto") -> str:
    for name in names:
        (folder / name).touch()
    found = find_songs([folder], layout)
    assert not found.songs
    (problem,) = found.problems
    assert problem.path == folder
    assert "\n" not in str(problem)
    return problem.reason


def test_a_missing_stem_is_named(tmp_path: Path) -> None:
    reason = reason_for(tmp_path, "vocals.wav", "bass.wav")
    assert reason.startswith("has no drums, no other; expected vocals, drums, bass, other")


def test_wrong_names_are_listed_beside_what_was_expected(tmp_path: Path) -> None:
    reason = reason_for(tmp_path, "voc.wav", "drums.wav", "bass.wav", "guitars.wav", "mixture.wav")
    assert "has no vocals, no other" in reason
    assert reason.endswith("found guitars.wav, voc.wav instead")


def test_a_long_list_of_wrong_names_is_cut_short(tmp_path: Path) -> None:
    assert reason_for(tmp_path, *(f"{i:02}.wav" for i in range(20))).endswith(
        "found 00.wav, 01.wav, 02.wav, 03.wav, 04.wav, 05.wav and 14 more instead"
    )


def test_a_stem_that_is_there_twice_is_named(tmp_path: Path) -> None:
    reason = reason_for(tmp_path, *(f"{stem}.wav" for stem in STEMS), "vocals.flac")
    assert reason == "has one stem twice (vocals.flac, vocals.wav); keep one of them"


def test_hq_takes_wav_only(tmp_path: Path) -> None:
    names = ("vocals.flac", "drums.wav", "bass.wav", "other.wav")
    reason = reason_for(tmp_path, *names, layout="musdb18hq")
    assert reason.startswith("has no vocals; expected vocals, drums, bass, other as .wav")


def test_a_path_without_any_song_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert reason_for(tmp_path).startswith("holds no song; expected 'Artist - Title.stem.mp4'")


def test_a_path_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    (problem,) = find_songs([tmp_path / "nowhere"]).problems
    assert problem.reason == "does not exist; check the path"


def test_a_single_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "vocals.wav").touch()
    (problem,) = find_songs([tmp_path / "vocals.wav"]).problems
    assert problem.reason.startswith("is a single file; expected")


def test_the_rest_goes_on_beside_a_problem(tmp_path: Path) -> None:
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
    (tmp_path / "bad/vocals.wav").touch()
    for stem in STEMS:
        (tmp_path / "good" / f"{stem}.wav").touch()
    found = find_songs([tmp_path])
    assert [song.title for song in found.songs] == ["good"]
    assert [problem.path.name for problem in found.problems] == ["bad"]


def test_a_folder_of_the_library_is_not_imported_again(tmp_path: Path) -> None:
    reason = reason_for(tmp_path, *(f"{stem}.flac" for stem in STEMS), "gainsay-song.json")
    assert reason.startswith("is a folder of a library, already imported")


@pytest.mark.parametrize("inner", ["", "deeper"])
def test_an_unreadable_folder_is_a_problem(inner: str) -> None:
    with open_folder() as folder:
        locked = folder / "locked"
        locked.mkdir()
        (locked / "vocals.wav").touch()
        locked.chmod(0)
        with without_privileges():
            if os.access(locked, os.R_OK, effective_ids=True):
                pytest.skip("this user may read every folder")
            found = find_songs([locked / inner])
        locked.chmod(0o755)
    (problem,) = found.problems
    assert problem.path == locked / inner
    assert problem.reason.startswith("cannot be read: permission denied")


def test_an_unknown_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="layout 'zip' is unknown; use one of auto, musdb18"):
        find_songs([tmp_path], "zip")
