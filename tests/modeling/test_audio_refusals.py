"""A file that is not one whole recording is refused with one line that names it."""

import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modeling.audio import AudioError, StemDecoder, StemFile
from tests.audio_files import (
    keep_share,
    noise,
    open_folder,
    overwrite,
    without_privileges,
    write_audio,
    write_stem_mp4,
)


def refusal(file: Path | StemFile, longest_s: float = 1800.0) -> str:
    with pytest.raises(AudioError) as caught:
        for _ in StemDecoder(file, longest_s=longest_s).blocks():
            pass
    path = file.path if isinstance(file, StemFile) else file
    assert caught.value.path == path
    assert "\n" not in str(caught.value)
    return caught.value.reason


def spoiled(value: float, at: int) -> np.ndarray:
    samples = noise(0, 2.0)
    samples[at, 1] = value
    return samples


def empty(folder: Path) -> Path:
    (folder / "vocals.wav").touch()
    return folder / "vocals.wav"


def text(folder: Path) -> Path:
    (folder / "vocals.wav").write_text("This is a text.\n" * 100)
    return folder / "vocals.wav"


def no_channels(folder: Path) -> Path:
    path = write_audio(folder / "vocals.wav", noise(0, 0.5))
    return overwrite(path, 22, b"\0\0")


def no_channels_in_an_aiff(folder: Path) -> Path:
    path = write_audio(folder / "vocals.aiff", noise(0, 0.5))
    return overwrite(path, path.read_bytes().index(b"COMM") + 8, b"\0\0")


def six_channels(folder: Path) -> Path:
    return write_audio(folder / "vocals.wav", np.zeros((4410, 6), np.float32))


def no_samples(folder: Path) -> Path:
    return write_audio(folder / "vocals.wav", np.zeros((0, 2), np.float32))


def odd_rate(folder: Path) -> Path:
    return write_audio(folder / "vocals.wav", noise(0, 0.1), rate_hz=4000)


def missing(folder: Path) -> Path:
    return folder / "vocals.wav"


def a_folder(folder: Path) -> Path:
    (folder / "vocals.wav").mkdir()
    return folder / "vocals.wav"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (empty, "is empty (0 bytes)"),
        (text, "is not readable audio"),
        (no_channels, "has 0 channels"),
        (no_channels_in_an_aiff, "has 0 channels"),
        (six_channels, "has 6 channels"),
        (no_samples, "holds no samples"),
        (odd_rate, "has a sample rate of 4000 Hz"),
        (missing, "cannot be read: no such file"),
        (a_folder, "cannot be read: is a directory"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    assert reason in refusal(make(tmp_path))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
@pytest.mark.parametrize("share", [0.6, 0.95])
def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = write_audio(tmp_path / f"bass{suffix}", noise(1, 3.0))
    assert "truncated" in refusal(keep_share(path, share))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_stem_mp4_that_ends_too_early_is_refused(tmp_path: Path, share: float) -> None:
    path = write_stem_mp4(tmp_path / "A - B.stem.mp4", [noise(i, 1.0) for i in range(5)])
    assert "truncated" in refusal(StemFile(keep_share(path, share), 4))


def test_the_real_stem_mp4_cut_off_is_refused(tmp_path: Path, shared_dir: Path) -> None:
    whole = shared_dir / "stems/musdb18/train/The Easton Ellises - Falcon 69.stem.mp4"
    path = tmp_path / whole.name
    path.write_bytes(whole.read_bytes())
    assert "truncated" in refusal(StemFile(keep_share(path, 0.7), 4))


def test_a_stem_mp4_with_other_streams_is_refused(tmp_path: Path) -> None:
    path = write_stem_mp4(tmp_path / "A - B.stem.mp4", [noise(i, 0.5) for i in range(2)])
    assert refusal(StemFile(path, 1)).startswith("has 2 audio streams; a MUSDB18 stem file has")


def test_a_text_named_like_a_stem_mp4_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "A - B.stem.mp4"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    assert "is not a readable MP4 file" in refusal(StemFile(path, 1))


def test_a_flac_damaged_in_its_middle_is_refused(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "drums.flac", noise(2, 3.0))
    damaged = overwrite(path, path.stat().st_size // 2, b"\x55" * 400)
    assert "is truncated or corrupt soon after 1.0 s" in refusal(damaged)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 30_000.0])
def test_a_sample_that_is_no_sound_is_refused_with_its_time(tmp_path: Path, value: float) -> None:
    path = write_audio(tmp_path / "other.wav", spoiled(value, 66_150), subtype="FLOAT")
    reason = refusal(path)
    assert f"{value:g}" in reason
    assert "at 1.500 s" in reason


def test_a_file_whose_header_says_too_long_is_refused_before_decoding(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "vocals.flac", noise(3, 3.0))
    with pytest.raises(AudioError, match=r"beyond the limit of 0\.025 min"):
        StemDecoder(path, longest_s=1.5)


def test_a_file_without_a_length_is_refused_once_it_is_too_long(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "vocals.flac", noise(3, 3.0))
    # The length takes the last 36 bits of these 8 bytes of the header; 0 means unknown.
    head = struct.unpack(">Q", path.read_bytes()[18:26])[0]
    overwrite(path, 18, struct.pack(">Q", head >> 36 << 36))
    assert "goes on, beyond the limit" in refusal(path, longest_s=1.5)


def test_a_file_that_may_not_be_read_is_refused() -> None:
    with open_folder() as folder:
        path = write_audio(folder / "vocals.wav", noise(4, 0.5))
        path.chmod(0)
        with without_privileges():
            if os.access(path, os.R_OK, effective_ids=True):
                pytest.skip("this user may read every file")
            assert "permission denied" in refusal(path)


def test_a_refusal_survives_the_way_between_processes(tmp_path: Path) -> None:
    error = AudioError(tmp_path, "is empty")
    again = pickle.loads(pickle.dumps(error))
    assert (again.path, again.reason, str(again)) == (tmp_path, "is empty", str(error))
