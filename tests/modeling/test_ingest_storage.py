"""What goes into the library comes out of it again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import decode
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.songs import read_song
from modeling.storage import StorageError, read_stem
from tests.audio_files import noise, write_audio, write_song, write_stem_mp4

OnlySong = Callable[[Path], SongSource]


def decoded(source: SongSource, stem: str) -> NDArray[np.float32]:
    return np.concatenate(list(decode(source.stems[stem])), axis=1)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_16_bit_stems_are_stored_bit_for_bit(
    tmp_path: Path, only_song: OnlySong, suffix: str
) -> None:
    source = only_song(write_song(tmp_path / "song", suffix=suffix, duration_s=1.3))
    song = ingest(source, tmp_path / "library")
    for stem in STEMS:
        assert soundfile.info(song.folder / f"{stem}.flac").subtype == "PCM_16"
        before, _ = soundfile.read(source.stems[stem].path, dtype="int16")
        after, _ = soundfile.read(song.folder / f"{stem}.flac", dtype="int16")
        assert np.array_equal(before, after)
        assert np.array_equal(read_stem(song.folder, stem), decoded(source, stem))
        assert song.stems[stem].stored_scale == 1.0


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_finer_stems_keep_24_bits_and_peaks_up_to_6_db_over_full_scale(
    tmp_path: Path, only_song: OnlySong, subtype: str
) -> None:
    samples = np.random.default_rng(1).uniform(-1.0, 1.0, (44_100, 2)).astype(np.float32)
    if subtype == "FLOAT":
        samples *= np.float32(1.99)
    folder = write_song(tmp_path / "song", {"vocals": samples}, subtype=subtype)
    song = ingest(only_song(folder), tmp_path / "library")
    stored = song.stems["vocals"]
    assert (stored.bits, stored.stored_scale, stored.n_clipped) == (24, 0.5, 0)
    error = np.abs(read_stem(song.folder, "vocals") - decoded(only_song(folder), "vocals"))
    assert error.max() <= 2.0**-23


def test_what_exceeds_the_headroom_is_clipped_counted_and_said(
    tmp_path: Path, only_song: OnlySong
) -> None:
    samples = noise(1, 1.0)
    samples[100, 0], samples[200, 1], samples[300, 1] = 2.5, -3.0, 1.9
    folder = write_song(tmp_path / "song", {"drums": samples}, subtype="FLOAT")
    song = ingest(only_song(folder), tmp_path / "library")
    stem = read_stem(song.folder, "drums")
    assert song.stems["drums"].n_clipped == 2
    assert song.notes == ("drums had 2 samples over +6.02 dBFS, which were clipped",)
    assert (stem[0, 100], stem[1, 200]) == (
        pytest.approx(2.0, abs=1e-6),
        pytest.approx(-2.0, abs=1e-6),
    )
    assert stem[1, 300] == pytest.approx(1.9, abs=1e-6)


def test_a_window_is_read_without_the_rest(tmp_path: Path, only_song: OnlySong) -> None:
    source = only_song(write_song(tmp_path / "song", duration_s=2.0, subtype="PCM_24"))
    song = ingest(source, tmp_path / "library")
    whole = read_stem(song.folder, "bass")
    assert np.array_equal(read_stem(song.folder, "bass", 0.5, 0.25), whole[:, 22_050:33_075])
    assert np.array_equal(read_stem(song.folder, "bass", 1.5), whole[:, 66_150:])
    assert read_stem(song.folder, "bass", 1.9, 5.0).shape == (2, 4410)
    assert read_stem(song.folder, "bass", 99.0).shape == (2, 0)


@pytest.mark.parametrize(
    ("stem", "start_s", "duration_s", "message"),
    [
        ("guitar", 0.0, 1.0, "stem 'guitar' is unknown; use one of vocals, drums, bass, other"),
        ("bass", -1.0, 1.0, "start_s is -1.0; it must be 0 or more"),
        ("bass", 0.0, float("nan"), "duration_s is nan; it must be 0 or more"),
    ],
)
def test_a_window_that_is_none_is_refused(
    tmp_path: Path, stem: str, start_s: float, duration_s: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_stem(tmp_path, stem, start_s, duration_s)


def test_a_stored_stem_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "bass.flac").write_bytes(b"no flac")
    for stem in ("vocals", "bass"):
        with pytest.raises(StorageError, match=f"{stem}.flac: is missing or damaged"):
            read_stem(tmp_path, stem)


def test_the_json_twin_says_all_that_the_song_says(tmp_path: Path, only_song: OnlySong) -> None:
    folder = write_song(tmp_path / "The Band - Its Song")
    (folder / "song.json").write_text('{"genre": "folk", "licence": "CC0-1.0"}', encoding="utf-8")
    song = ingest(only_song(folder), tmp_path / "library")
    again = read_song(song.folder, already_there=False)
    assert again == song
    assert (again.artist, again.title, again.genre) == ("The Band", "Its Song", "folk")
    text = (song.folder / "gainsay-song.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert json.loads(text)["stems"]["bass"]["source_subtype"] == "PCM_16"


def test_a_twin_of_another_version_is_refused(tmp_path: Path) -> None:
    for text in ("{}", "[]", "{", '{"format": "gainsay-song/1"}'):
        (tmp_path / "gainsay-song.json").write_text(text, encoding="utf-8")
        with pytest.raises(StorageError, match="import the song again"):
            read_song(tmp_path)


def test_mono_and_other_rates_are_taken_and_said(tmp_path: Path, only_song: OnlySong) -> None:
    folder = write_song(tmp_path / "song", duration_s=2.0)
    write_audio(folder / "bass.wav", noise(9, 2.0)[:, :1])
    write_audio(folder / "other.wav", noise(9, 2.0, rate_hz=48_000), rate_hz=48_000)
    song = ingest(only_song(folder), tmp_path / "library")
    assert song.notes == (
        "bass is mono and was doubled to stereo",
        "other was resampled from 48000 Hz",
    )
    assert [song.stems[stem].bits for stem in STEMS] == [16, 16, 16, 24]
    assert read_stem(song.folder, "other").shape == (2, 88_200)


def test_a_stem_mp4_is_taken_without_its_mixture(tmp_path: Path, only_song: OnlySong) -> None:
    silence = np.zeros((44_100, 2), np.float32)
    stems = [noise(i, 1.0) for i in range(4)]
    songs = [
        ingest(
            only_song(write_stem_mp4(tmp_path / f"{name} - B.stem.mp4", [mixture, *stems])),
            tmp_path / "library",
        )
        for name, mixture in (("quiet", silence), ("loud", noise(7, 1.0)))
    ]
    assert songs[0].fingerprint == songs[1].fingerprint
    assert songs[1].already_there
