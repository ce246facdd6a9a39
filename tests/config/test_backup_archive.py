"""The file of a backup is taken apart only where it is whole, and never reaches elsewhere."""

import tarfile
from pathlib import Path

import pytest

from config.backups import archive
from config.backups.archive import BackupError, Manifest


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    for name in ("songs/one/bass.flac", "songs/one/drums.flac", "ümlaut/b.flac"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"fLaC" + name.encode() * 5_000)
    (folder / "songs" / ".bass.flac.draft").write_bytes(b"half")
    return folder


@pytest.fixture
def made(tmp_path: Path, media: Path) -> Path:
    database = tmp_path / "database.sqlite3"
    database.write_bytes(b"rows" * 1_000)
    target = tmp_path / "site.tar"
    archive.write(target, database, media, Manifest("now", "sqlite", ["a.0001"]), lambda n: None)
    return target


def unpack(file: Path, folder: Path) -> Manifest:
    folder.mkdir()
    return archive.unpack(file, folder, lambda n: None)


def test_what_comes_out_is_what_went_in_but_for_what_was_being_written(
    made: Path, media: Path, tmp_path: Path
) -> None:
    manifest = unpack(made, tmp_path / "out")
    assert (manifest.made_at, manifest.engine, manifest.migrations) == ("now", "sqlite", ["a.0001"])
    assert manifest.media_files == 3
    for path in archive.media_files(media):
        out = tmp_path / "out" / "media" / path.relative_to(media)
        assert out.read_bytes() == path.read_bytes()
        assert int(out.stat().st_mtime) == int(path.stat().st_mtime)
    assert not list((tmp_path / "out").rglob(".*"))
    assert list(tmp_path.glob("*.partial")) == list(tmp_path.glob(".*.partial")) == []


DAMAGES = {
    "cut": "is no backup, or damaged|ends before its manifest",
    "no manifest": "ends before its manifest|is no backup, or damaged",
    "one bit": r"media/songs/one/bass.flac is not what was put in",
    "other words": "is no backup",
    "empty": "is no backup|ends before",
    "a folder": "Is a directory",
    "not there": "No such file",
}


def damaged(made: Path, kind: str) -> Path:
    content = bytearray(made.read_bytes())
    file = made.with_name("damaged.tar")
    if kind == "a folder":
        file.mkdir()
        return file
    if kind == "not there":
        return file
    if kind == "one bit":
        content[content.index(b"fLaC") + 5_000] ^= 1
    ends = {
        "cut": len(content) // 2,
        "no manifest": content.rindex(b"manifest.json"),
        "empty": 0,
    }
    file.write_bytes(b"no backup " * 1_000 if kind == "other words" else content[: ends.get(kind)])
    return file


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_refused_in_one_line_that_names_it(
    made: Path, tmp_path: Path, kind: str
) -> None:
    file = damaged(made, kind)
    with pytest.raises(BackupError, match=DAMAGES[kind]) as refused:
        unpack(file, tmp_path / "out")
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def put(file: Path, *members: tarfile.TarInfo) -> None:
    with tarfile.open(file, "a") as tar:
        for member in members:
            tar.addfile(member)


@pytest.mark.parametrize("name", ["media/../../evil", "/evil", "evil/file", "../evil", "link"])
def test_an_archive_that_reaches_elsewhere_is_refused(
    made: Path, tmp_path: Path, name: str
) -> None:
    info = tarfile.TarInfo(name)
    if name == "link":
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
    put(made, info)
    with pytest.raises(BackupError, match="is no backup: it holds"):
        unpack(made, tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("name", ["media/more", "database.sqlite3", "manifest.json"])
def test_what_was_put_in_afterwards_is_refused(made: Path, tmp_path: Path, name: str) -> None:
    put(made, tarfile.TarInfo(name))
    with pytest.raises(BackupError, match=r"misplaced|damaged"):
        unpack(made, tmp_path / "out")


def test_a_file_that_was_taken_away_while_the_backup_ran_is_left_out(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [*archive.media_files(media), media / "songs" / "gone.flac"]
    monkeypatch.setattr(archive, "media_files", lambda folder: names)
    (tmp_path / "database.sqlite3").write_bytes(b"rows")
    target = tmp_path / "site.tar"
    archive.write(
        target, tmp_path / "database.sqlite3", media, Manifest("now", "x", []), lambda n: None
    )
    assert unpack(target, tmp_path / "out").media_files == 3
