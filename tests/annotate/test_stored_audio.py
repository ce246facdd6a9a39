"""Stored audio is sent by the site, or by nginx at the site's word; never from elsewhere."""

from pathlib import Path

import pytest
from pytest_django import Settings

from annotate.views.stored_audio import stored_audio


@pytest.fixture
def file(media: Path) -> Path:
    path = media / "songs" / "a b" / "bass.flac"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"fLaC")
    return path


def test_the_site_sends_the_bytes_itself(file: Path) -> None:
    answer = stored_audio(file)
    assert answer.content == b"fLaC"
    assert dict(answer.items()) == {
        "Content-Type": "audio/flac",
        "Cache-Control": "private, max-age=31536000, immutable",
    }


def test_nginx_is_told_which_file_to_send(file: Path, settings: Settings) -> None:
    settings.X_ACCEL_PREFIX = "/stored-media/"
    answer = stored_audio(file, {"X-Stem-Scale": "0.5"})
    assert answer.content == b""
    assert answer["X-Accel-Redirect"] == "/stored-media/songs/a%20b/bass.flac"
    assert answer["X-Stem-Scale"] == "0.5"


@pytest.mark.parametrize("prefix", ["", "/stored-media/"])
def test_a_file_that_is_gone_is_said_before_anything_is_sent(
    file: Path, settings: Settings, prefix: str
) -> None:
    settings.X_ACCEL_PREFIX = prefix
    file.unlink()
    with pytest.raises(FileNotFoundError):
        stored_audio(file)


def test_nothing_outside_the_media_folder_is_named(
    file: Path, media: Path, settings: Settings
) -> None:
    settings.X_ACCEL_PREFIX = "/stored-media/"
    (media.parent / "secret").write_text("secret")
    for outside in (media.parent / "secret", media / ".." / "secret", Path("/etc/passwd")):
        with pytest.raises(ValueError, match=r"subpath|leads out"):
            stored_audio(outside)
