"""Stems that no advice can be given on: one clear line each, and nothing half written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from analysis.vectors import STEMS
from modeling.audio import AudioError
from studies.reading import clipped_share, read_stems
from studies.services.child import ReadingError, read_in_child
from tests.annotate.conftest import write_song

RATE_HZ = 44_100
Change = Callable[[Path], None]


def rewrite(folder: Path, stem: str, audio: np.ndarray) -> None:
    soundfile.write(folder / f"{stem}.flac", audio, RATE_HZ, subtype="PCM_16")


def silent(*stems: str) -> Change:
    def change(folder: Path) -> None:
        for stem in stems:
            rewrite(folder, stem, np.zeros((4 * RATE_HZ, 2)))

    return change


def clipped(folder: Path) -> None:
    audio, _ = soundfile.read(folder / "drums.flac")
    rewrite(folder, "drums", np.clip(40.0 * audio, -1.0, 1.0))


def shorter(folder: Path) -> None:
    audio, _ = soundfile.read(folder / "bass.flac")
    rewrite(folder, "bass", audio[: 2 * RATE_HZ])


def eight_hours(folder: Path) -> None:
    """A header that promises eight hours; nothing of them is read."""
    n_bytes = 8 * 3600 * RATE_HZ * 2
    (folder / "other.flac").unlink()
    with (folder / "other.wav").open("wb") as file:
        file.write(b"RIFF" + (36 + n_bytes).to_bytes(4, "little") + b"WAVEfmt ")
        file.write((16).to_bytes(4, "little") + (1).to_bytes(2, "little") * 2)
        file.write(RATE_HZ.to_bytes(4, "little") + (2 * RATE_HZ).to_bytes(4, "little"))
        file.write((2).to_bytes(2, "little") + (16).to_bytes(2, "little"))
        file.write(b"data" + n_bytes.to_bytes(4, "little"))
        file.truncate(44 + n_bytes)  # a hole: it takes no room on the disk


CASES: dict[str, tuple[Change, str]] = {
    "missing": (lambda folder: (folder / "vocals.flac").unlink(), "has no vocals"),
    "all silent": (silent(*STEMS), "all four stems are silent"),
    "one sounds": (silent("vocals", "bass", "other"), "has only drums to hear"),
    "clipped": (clipped, "drums is clipped"),
    "mismatched": (shorter, "bass ends at 2.00 s"),
    "eight hours": (eight_hours, "lasts 480.0 min"),
}


@pytest.mark.parametrize("case", CASES)
def test_stems_that_are_of_no_use_get_one_line(tmp_path: Path, case: str) -> None:
    change, words = CASES[case]
    folder = write_song(tmp_path / "song", seconds=4.0)
    change(folder)
    with pytest.raises(AudioError) as caught:
        read_stems(folder, tmp_path / "out")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_stems_under_three_seconds_are_too_short(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"lasts 2\.0 s; advice needs 3 s"):
        read_stems(write_song(tmp_path / "song", seconds=2.0), tmp_path / "out")


def test_the_command_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    folder = write_song(tmp_path / "song", seconds=4.0)
    call_command("advise", str(folder), "--system", "zero")
    clipped(folder)
    with pytest.raises(CommandError, match="drums is clipped"):
        call_command("advise", str(folder))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_one_silent_stem_is_masked_in_the_advice(tmp_path: Path, capsys) -> None:
    import json

    folder = write_song(tmp_path / "song", seconds=4.0)
    silent("vocals")(folder)
    call_command("advise", str(folder), "--system", "equal_loudness", "--json")
    said = json.loads(capsys.readouterr().out)["systems"]["equal_loudness"]
    assert said["move_db"]["vocals"] is None
    assert said["move_db"]["drums"] is not None


def test_a_square_wave_under_full_scale_and_loud_noise_are_not_clipped() -> None:
    rng = np.random.default_rng(1)
    square = 0.5 * np.sign(np.sin(np.arange(RATE_HZ) / 20.0))[np.newaxis].repeat(2, axis=0)
    assert clipped_share(square.astype(np.float32)) == 0.0
    noise = np.clip(rng.normal(0.0, 0.25, (2, RATE_HZ)), -1.0, 1.0)
    assert clipped_share(noise.astype(np.float32)) < 1e-4
    assert clipped_share(np.clip(8 * noise, -1.0, 1.0).astype(np.float32)) > 0.01


def test_real_stems_are_not_called_clipped(shared_dir: Path, tmp_path: Path) -> None:
    read = read_stems(shared_dir / "stems" / "falcon69-flac", tmp_path / "out")
    assert read.notes == ()


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", seconds=4.0)
    with pytest.raises(ReadingError, match="more memory or time"):
        read_in_child(
            folder, tmp_path / "out", longest_s=60.0, progress=lambda share: None, wait_s=0.05
        )


def test_a_child_gets_no_secret_of_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modeling import child

    monkeypatch.setenv("SECRET_KEY", "s3cret")
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@h/d")
    assert not {"SECRET_KEY", "DATABASE_URL"} & set(child._environment())


def test_progress_of_a_child_reaches_its_parent(tmp_path: Path) -> None:
    shares: list[float] = []
    folder = write_song(tmp_path / "song", seconds=4.0)
    read_in_child(folder, tmp_path / "out", longest_s=60.0, progress=shares.append)
    assert shares
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
