"""`song.json` beside the stems says what no file name can."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.vectors import STEMS
from modeling.layouts import SongSource, find_songs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    song = tmp_path / "Someone - Something"
    song.mkdir()
    for stem in STEMS:
        (song / f"{stem}.flac").touch()
    return song


def reason_for(folder: Path, text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    (folder / "song.json").write_bytes(data)
    found = find_songs([folder])
    assert not found.songs
    return found.problems[0].reason


def test_notes_win_over_names_and_leave_the_rest(
    folder: Path, only_song: Callable[[Path], SongSource]
) -> None:
    notes = {"title": "Élan", "genre": "jazz ", "split": "test", "licence": "CC0-1.0"}
    (folder / "song.json").write_text(
        json.dumps({**notes, "artist": "", "source": "a box", "generated": True}), encoding="utf-8"
    )
    song = only_song(folder)
    assert (song.title, song.artist, song.genre, song.split) == ("Élan", "Someone", "jazz", "test")
    assert (song.licence, song.origin, song.generated) == ("CC0-1.0", "a box", True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not valid JSON in UTF-8"),
        (b"\xff\xfe", "is not valid JSON in UTF-8"),
        ("[" * 50_000, "is not valid JSON in UTF-8"),
        ("[]", "is no JSON object"),
        ('{"tempo": 120}', "has the unknown field 'tempo'; use title, artist, genre, split"),
        ('{"title": 7}', "title is 7; write a text in quotes"),
        ('{"split": "dev"}', "split is 'dev'; use one of train, validation, test"),
        ('{"generated": "yes"}', "generated is 'yes'; write true or false"),
        (json.dumps({"genre": "x" * 201}), "genre has 201 characters; at most 200"),
        (json.dumps({"genre": "x" * 100_001}), "is larger than 100 kB"),
    ],
)
def test_notes_that_cannot_be_used_are_a_problem_of_that_song(
    folder: Path, text: str | bytes, reason: str
) -> None:
    assert reason in reason_for(folder, text)


def test_notes_that_cannot_be_read_are_a_problem(folder: Path) -> None:
    (folder / "song.json").mkdir()
    (problem,) = find_songs([folder]).problems
    assert problem.reason == "song.json cannot be read: Is a directory"
