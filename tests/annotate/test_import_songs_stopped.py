"""An import that is killed, or that finds the disk full, leaves nothing half made."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from annotate.models import Song
from annotate.services.journal import journal
from tests.annotate.conftest import write_song
from tests.annotate.test_import_songs import folders, rows, run
from tests.audio_files import full_disk
from tests.conftest import ROOT

# An import up to the moment between a song's folder and its rows, and there the power goes.
HALF_AN_IMPORT = """
import os, signal, sys, django
from pathlib import Path
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = Path(sys.argv[1])
from annotate.services import library
from modeling.layouts import find_songs
library.Song.objects.filter = lambda **_: library.Song.objects.none()
library.register = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
list(library.import_songs(find_songs([sys.argv[2]]).songs, now=None))
"""


def kill_half_way(media: Path, song: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", HALF_AN_IMPORT, str(media), str(song)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.django_db
def test_what_a_killed_import_left_behind_is_gone_after_the_next(
    tmp_path: Path, media: Path
) -> None:
    song = write_song(tmp_path / "song", seconds=1.5)
    kill_half_way(media, song)
    assert len(folders(media)) == 2  # the folder without rows, and the journal that names it
    result, _, _ = run(song)
    assert len(result["imported"]) == 1
    assert folders(media) == rows()


@pytest.mark.django_db
def test_what_another_import_is_making_is_left_alone(tmp_path: Path, media: Path) -> None:
    with journal() as other:
        making = media / "songs" / other.new_key()
        making.mkdir(parents=True)
        run(write_song(tmp_path / "song", seconds=1.5))
        assert making.is_dir()
    assert folders(media) == rows()


@pytest.mark.django_db
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, media: Path) -> None:
    song = write_song(tmp_path / "song", seconds=3.0)
    with full_disk(100_000):
        result, _, fault = run(song)
    assert "disk is full" in result["failed"][0]["reason"]
    assert "\n" not in fault
    assert folders(media) == set()
    assert not Song.objects.exists()


@pytest.mark.slow
def test_an_import_killed_at_any_moment_can_be_run_again(tmp_path: Path) -> None:
    songs = [write_song(tmp_path / "in" / f"song {n}", seconds=8.0, seed=n) for n in range(4)]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "GAINSAY_VAR": str(tmp_path),
    }
    environment.pop("DATABASE_URL", None)

    def start(*arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    assert start("migrate", "-v", "0").wait() == 0
    for number in range(3):
        running = start("import_songs", str(tmp_path / "in"), "--jobs", "2")
        deadline = time.monotonic() + 60
        while len(folders(tmp_path / "media")) < 2 + number and time.monotonic() < deadline:
            if running.poll() is not None:
                break
            time.sleep(0.01)
        # The whole group, workers included, as when the machine stops.
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert start("import_songs", str(tmp_path / "in")).wait() == 0
    with sqlite3.connect(tmp_path / "gainsay.sqlite3") as database:
        keys = {key for (key,) in database.execute("SELECT key FROM annotate_song")}
        assert len(keys) == len(songs)
        keys |= {key for (key,) in database.execute("SELECT key FROM annotate_excerpt")}
    assert folders(tmp_path / "media") == keys
