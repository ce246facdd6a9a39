"""From the faders of tracks to balances of stems, and the file that carries them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from analysis.sessions import FORMAT, main, read_sessions, to_annotation_file, to_annotations


def track(instrument: str, loudness_lufs: float | None, gain_db: float | None) -> dict[str, Any]:
    return {
        "kind": "AUDIO",
        "instrument": instrument,
        "loudness_lufs": loudness_lufs,
        "fader_gain_db": gain_db,
    }


def session(mix: str, *tracks: dict[str, Any]) -> dict[str, Any]:
    return {"mix": mix, "song": "Song", "tracks": list(tracks)}


@pytest.fixture
def sessions_path(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.json"
    mixes = [
        session(
            "A",
            track("VOCALS", -20, -3),
            track("DRUMS", -20, 0),
            track("DRUMS", -20, -60),
            track("BASS", -25, 2),
            track("GUITARS", -22, 0),
            track("KEYS", -22, 0),
            track("MISC", None, 5),
            track("KEYS", -10, None),
            {**track("VOCALS", -1, 0), "kind": "AUX"},
        ),
        session("B", track("DRUMS", -20, -6), track("BASS", -25, 0), track("KEYS", -19, 1)),
    ]
    path.write_text(json.dumps({"mixes": mixes}), encoding="utf-8")
    return path


def test_the_level_of_a_stem_is_the_power_sum_of_its_audio_tracks(sessions_path: Path) -> None:
    first, second = read_sessions(sessions_path)
    assert first.level_lufs["vocals"] == pytest.approx(-23)
    assert first.level_lufs["drums"] == pytest.approx(-20, abs=1e-3)
    assert first.raw_loudness_lufs["drums"] == pytest.approx(-20 + 10 * math.log10(2))
    assert first.level_lufs["other"] == pytest.approx(-22 + 10 * math.log10(2))
    assert second.level_lufs["vocals"] is None


def test_a_balance_is_the_level_less_the_songs_loudness_of_the_stem(sessions_path: Path) -> None:
    file = to_annotation_file(read_sessions(sessions_path), "source")
    (excerpt,) = file["excerpts"]
    for row, mix in zip(file["annotations"], read_sessions(sessions_path), strict=True):
        for stem, balance_db in row["balance_db"].items():
            if balance_db is not None:
                level_lufs = excerpt["stem_loudness_lufs"][stem] + balance_db
                assert level_lufs == pytest.approx(mix.level_lufs[stem])
    assert file["annotations"][1]["balance_db"]["vocals"] is None
    assert file["format"] == FORMAT


def test_a_file_becomes_arrays_with_its_labels(sessions_path: Path) -> None:
    file = to_annotation_file(read_sessions(sessions_path), "source")
    annotations, excerpts, people = to_annotations(file)
    assert excerpts == ["Song / whole song"]
    assert people == ["A", "B"]
    assert annotations.balance_db[0, 0] == pytest.approx(-3)
    assert math.isnan(annotations.balance_db[1, 0])


def test_the_command_writes_the_same_bytes_twice(sessions_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    contents = []
    for _run in range(2):
        assert main([str(sessions_path), "--out", str(out)]) == 0
        contents.append(out.read_bytes())
    assert contents[0] == contents[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.json", "sessions.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", 'no JSON object with "mixes"'),
        ("[]", 'no JSON object with "mixes"'),
        ('{"mixes": [{"mix": "A"}]}', "mix 0: KeyError 'song'"),
        ('{"mixes": [{"mix": "A", "song": "S"}]}', "mix A of S: KeyError 'tracks'"),
        (
            json.dumps({"mixes": [session("A", track("BASS", -20, "loud"))]}),  # type: ignore[arg-type]
            "mix A of Song: ValueError could not convert string to float: 'loud'",
        ),
        (json.dumps({"mixes": [session("A"), session("A")]}), "A has mixed 'Song' twice"),
    ],
)
def test_bad_files_give_one_line_and_write_nothing(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "bad.json", tmp_path / "out.json"
    path.write_text(content, encoding="utf-8")
    assert main([str(path), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json"), "--out", str(tmp_path / "out.json")]) == 1
    assert "none.json" in capsys.readouterr().err
