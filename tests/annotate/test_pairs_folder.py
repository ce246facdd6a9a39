"""make_pairs: the folder, whole or not at all, the same every time, resumed where it stopped."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from analysis.vectors import STEMS
from annotate.models import Song
from modeling.corpus import read_corpus
from modeling.loudness import audio_loudness_lufs
from modeling.storage import read_stem


def make(out: Path, *options: str, count: int = 6) -> None:
    call_command("make_pairs", "--out", str(out), "--count", str(count), "--seed", "4", *options)


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "pairs.jsonl").read_text().splitlines()]


def fingerprint(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def audio(out: Path, name: str) -> np.ndarray:
    samples, _ = soundfile.read(out / name, always_2d=True)
    return samples.T


def test_mixes_are_what_the_line_says_at_one_loudness(imported_song: Song, tmp_path: Path) -> None:
    make(tmp_path / "set")
    excerpt = imported_song.excerpts.get()
    originals = np.stack([read_stem(excerpt.folder, stem) for stem in STEMS]).astype(float)
    for line in lines(tmp_path / "set"):
        assert set(line["files"]) == {"stems", "reference_mix", "problem_mix"}
        error = [line["problem"]["error_db"][stem] for stem in STEMS]
        expected = np.tensordot(10 ** (np.array(error) / 20), originals, axes=1)
        heard = audio(tmp_path / "set", line["files"]["problem_mix"])
        gain = (heard * expected).sum() / (expected**2).sum()
        assert np.abs(heard - gain * expected).max() < 1e-5
        assert audio_loudness_lufs(heard, 44_100) == pytest.approx(-23.0, abs=0.1)
        stems = sum(audio(tmp_path / "set", line["files"]["stems"][stem]) for stem in STEMS)
        reference = audio(tmp_path / "set", line["files"]["reference_mix"])
        gain = (reference * stems).sum() / (stems**2).sum()
        assert np.abs(reference - gain * stems).max() < 1e-5


def test_the_same_call_gives_the_same_bytes(imported_song: Song, tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two")
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")
    make(tmp_path / "one")
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")


def test_the_description_holds_what_is_needed_to_make_it_again(
    imported_song: Song, tmp_path: Path
) -> None:
    make(tmp_path / "set")
    made = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert made["format"] == "gainsay-pairs/1"
    assert made["settings"]["seed"] == 4
    assert made["n_pairs"] == 6
    assert made["songs"][0]["fingerprint"] == imported_song.fingerprint
    text = (tmp_path / "set" / "pairs.jsonl").read_bytes()
    assert made["pairs_sha256"] == hashlib.sha256(text).hexdigest()
    assert made["error_distribution"]["none"] == 0.25


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(
    imported_song: Song, tmp_path: Path
) -> None:
    make(tmp_path / "whole")
    make(tmp_path / "stopped")
    for name in ("dataset.json", "pairs.jsonl"):
        (tmp_path / "stopped" / name).unlink()
    mixes = sorted((tmp_path / "stopped" / "mixes").iterdir())
    for path in mixes[::2]:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in mixes[1::2] if "reference" not in path.name}
    make(tmp_path / "stopped")
    assert fingerprint(tmp_path / "stopped") == fingerprint(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_features_are_a_corpus_that_training_reads(imported_song: Song, tmp_path: Path) -> None:
    make(tmp_path / "set", "--format", "features")
    (excerpt,) = read_corpus(tmp_path / "set" / "features")
    assert excerpt.origin.fingerprint == imported_song.fingerprint
    assert {line["files"]["features"] for line in lines(tmp_path / "set")} == {
        f"features/{path.name}" for path in (tmp_path / "set" / "features").iterdir()
    }
    assert not list((tmp_path / "set").rglob("*.flac"))


def test_a_folder_of_another_set_is_refused_and_left_as_it_is(
    imported_song: Song, tmp_path: Path
) -> None:
    make(tmp_path / "set")
    before = fingerprint(tmp_path / "set")
    with pytest.raises(CommandError, match="holds another set"):
        make(tmp_path / "set", "--preset", "published")
    assert fingerprint(tmp_path / "set") == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--genre", "polka"], "no excerpt with audio"),
        (["--campaign", "nowhere"], "no campaign 'nowhere'"),
        (["--count", "0"], "--count 0: at least 1"),
        (["--seed", "-1"], "--seed -1: 0 or more"),
    ],
)
def test_what_cannot_be_made_gets_one_line_and_no_folder(
    imported_song: Song, tmp_path: Path, options: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("make_pairs", "--out", str(tmp_path / "set"), *options)
    assert not (tmp_path / "set").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(imported_song: Song, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("mine")
    with pytest.raises(CommandError, match="is a file"):
        make(tmp_path / "set")
    assert (tmp_path / "set").read_text() == "mine"
