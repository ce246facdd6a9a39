"""A backup holds all that was acknowledged, and gives the same exports byte for byte elsewhere."""

import io
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from annotate.models import Campaign, Excerpt
from annotate.services import library
from annotate.services.campaigns import create_campaign, open_campaign
from annotate.services.consensus import compute_draft, freeze
from annotate.simulation import simulate_annotators
from config.models import Job
from modeling.flac import write_whole
from modeling.layouts import find_songs
from studies.models import Study
from tests.annotate.conftest import NOW, media, researcher, write_song
from tests.config.worker_process import database_url
from tests.conftest import ROOT
from tests.studies.study_cast import block_data, open_study
from tests.studies.walking import Participant

__all__ = ["media", "researcher"]

pytestmark = pytest.mark.django_db(transaction=True)

CALL = "from django.core.management import call_command as call"
MOMENT = "2026-04-01T12:00:00Z"


class Elsewhere:
    """Another database and media folder, with commands in processes of their own."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.media = folder / "media"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": url,
            "GAINSAY_VAR": str(folder),
            "MEDIA_ROOT": str(self.media),
        }

    def manage(self, commands: list[list[str]]) -> None:
        """One process for all, since each loads the whole site."""
        code = f"import django; django.setup(); {CALL}; [call(*c) for c in {commands!r}]"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    if connection.vendor == "sqlite":
        yield Elsewhere(tmp_path / "elsewhere", f"sqlite:///{tmp_path}/elsewhere/site.sqlite3")
        return
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield Elsewhere(tmp_path / "elsewhere", database_url().rpartition("/")[0] + f"/{name}")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def campaign(researcher: Any, tmp_path: Path) -> Campaign:
    folder = write_song(tmp_path / "A Song", seconds=1.5)
    list(library.import_songs(find_songs([folder]).songs, now=NOW))
    made = create_campaign(
        owner=researcher, name="Heard", now=NOW, excerpts=list(Excerpt.objects.all()), overlap=4
    )
    open_campaign(campaign=made, now=NOW)
    simulate_annotators(campaign=made, count=3, seed=1, now=NOW)
    compute_draft(made, now=NOW)
    freeze(made, by=researcher, now=NOW)
    return made


def backup(target: Path) -> dict[str, Any]:
    told = io.StringIO()
    call_command("backup", str(target), "--json", stdout=told, stderr=io.StringIO())
    found: dict[str, Any] = json.loads(told.getvalue())
    return found


def restore(file: Path, **options: Any) -> str:
    told = io.StringIO()
    call_command("restore", str(file), stdout=told, stderr=io.StringIO(), **options)
    return told.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def exports(study: Study, campaign: Campaign, out: Path) -> list[list[str]]:
    """The commands that write them."""
    out.mkdir()
    files = {kind: str(out / f"campaign.{kind}") for kind in ("csv", "json")}
    return [
        ["export_study_data", study.key, "--out", str(out / "study"), "--now", MOMENT],
        *(
            ["export_annotations", campaign.key, "--format", kind, "--out", file]
            for kind, file in files.items()
        ),
    ]


def test_restored_elsewhere_the_exports_are_the_same_byte_for_byte(
    tmp_path: Path, campaign: Campaign, elsewhere: Elsewhere
) -> None:
    study = open_study(blocks=[block_data("pairwise advice") | {"key": "part"}]).study
    person = Participant()
    person.join(study.latest)
    person.finish()
    before, after = tmp_path / "before", tmp_path / "after"
    for command in exports(study, campaign, before):
        call_command(*command, stdout=io.StringIO(), stderr=io.StringIO())
    file = Path(backup(tmp_path)["file"])
    assert file.parent == tmp_path
    elsewhere.manage(
        [["restore", str(file)], ["migrate", "--check"], *exports(study, campaign, after)]
    )
    assert len(contents(before)) > 5
    assert contents(before) == contents(after)
    kept = contents(elsewhere.media)
    assert len(kept) > 4
    original = Path(settings.MEDIA_ROOT)
    assert all((original / name).read_bytes() == content for name, content in kept.items())


class Writers:
    """People who bring sounds without end: first the file, then the row that names it."""

    def __init__(self, media: Path) -> None:
        self.folder = media / "brought"
        self.folder.mkdir(parents=True)
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=[n]) for n in range(3)]

    def _write(self, number: int) -> None:
        try:
            for count in itertools.count():
                if self._stop.is_set():
                    return
                name = f"{number}-{count}"
                write_whole(self.folder / name, name.encode() * 2_000)
                Job.objects.create(kind="add", about=name)
                self.acknowledged.append(name)
        finally:
            connection.close()

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_nothing_acknowledged_before_is_missing_and_no_row_lacks_its_file_while_people_write(
    tmp_path: Path, elsewhere: Elsewhere, media: Path
) -> None:
    with Writers(media) as writers:
        while len(writers.acknowledged) < 50:
            time.sleep(0.01)
        before = list(writers.acknowledged)
        file = Path(backup(tmp_path / "site.tar")["file"])
        assert len(writers.acknowledged) > len(before)
    rows = tmp_path / "rows.json"
    elsewhere.manage([["restore", str(file)], ["dumpdata", "config.job", "--output", str(rows)]])
    kept = {row["fields"]["about"] for row in json.loads(rows.read_text())}
    assert set(before) <= kept
    for name in kept:
        assert (elsewhere.media / "brought" / name).read_bytes() == name.encode() * 2_000


@pytest.fixture
def made(tmp_path: Path, campaign: Campaign) -> Path:
    return Path(backup(tmp_path / "site.tar")["file"])


def test_what_is_there_is_never_overwritten(made: Path) -> None:
    content = made.read_bytes()
    with pytest.raises(CommandError, match="exists already"):
        backup(made)
    assert made.read_bytes() == content
    assert [path.name for path in made.parent.glob(".*")] == []


def test_a_site_that_holds_something_is_left_alone_unless_asked(
    made: Path, campaign: Campaign
) -> None:
    root = Path(settings.MEDIA_ROOT)
    with pytest.raises(CommandError, match=r"media is not empty \(\w+\): --replace would"):
        restore(made)
    root.rename(root.with_name("aside"))
    with pytest.raises(CommandError, match=r"the database is not empty \(\w+\): --replace would"):
        restore(made)
    Campaign.objects.update(name="Changed since")
    (root / "songs").mkdir(parents=True)
    (root / "songs" / "later.flac").write_bytes(b"fLaC")
    assert "media files" in restore(made, replace=True)
    assert Campaign.objects.get().name == "Heard"
    assert contents(root) == contents(root.with_name("aside"))


def test_a_damaged_file_changes_nothing(made: Path, campaign: Campaign) -> None:
    Campaign.objects.update(name="Changed since")
    root = Path(settings.MEDIA_ROOT)
    before = contents(root)
    content = bytearray(made.read_bytes())
    content[content.index(b"fLaC") + 5_000] ^= 1
    made.write_bytes(content)
    with pytest.raises(CommandError, match=f"{made} is damaged: media/.* is not what was put in"):
        restore(made, replace=True)
    assert Campaign.objects.get().name == "Changed since"
    assert contents(root) == before


def test_a_database_that_cannot_be_put_in_place_leaves_the_media_as_they_were(
    made: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(settings.MEDIA_ROOT)
    (root / "songs" / "later.flac").write_bytes(b"fLaC")
    before = contents(root)

    def full(source: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("config.backups.database.load", full)
    with pytest.raises(CommandError, match="No space left"):
        restore(made, replace=True)
    assert contents(root) == before


def test_a_backup_of_a_newer_version_or_another_engine_is_refused(
    made: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.backups.database.code_migrations", lambda: {"config.0001_initial"})
    with pytest.raises(CommandError, match=r"newer version, which has .*: upgrade first"):
        restore(made, replace=True)
    monkeypatch.undo()
    monkeypatch.setattr(connection, "vendor", "oracle")
    with pytest.raises(CommandError, match="the database is oracle"):
        restore(made, replace=True)


def test_rows_committed_but_still_in_the_journal_are_in_the_backup(
    tmp_path: Path, campaign: Campaign
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the journal beside the file is SQLite's")
    Campaign.objects.update(name="The last word")
    file = Path(backup(tmp_path / "site.tar")["file"])
    with tarfile.open(file) as tar:
        tar.extract("database.sqlite3", tmp_path, filter="data")
    read = sqlite3.connect(tmp_path / "database.sqlite3")
    try:
        assert read.execute("SELECT name FROM annotate_campaign").fetchall() == [("The last word",)]
    finally:
        read.close()
