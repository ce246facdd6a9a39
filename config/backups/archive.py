"""The file of a backup: a tar with the database, `media/...` and, last, a manifest with the length
and SHA-256 of everything. What ends early has no manifest, so a part is never taken for a whole.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
MEDIA = "media"
LARGEST_MANIFEST_BYTES = 2**30
CHUNK_BYTES = 2**20

Report = Callable[[int], None]


class BackupError(Exception):
    """Why there is no backup, or none that can be restored: one line."""


@dataclass(frozen=True)
class Entry:
    n_bytes: int
    sha256: str


@dataclass
class Manifest:
    made_at: str
    engine: str
    # The applied migrations, "app.name": whether this code knows the database is asked by them.
    migrations: list[str]
    format: int = FORMAT
    files: dict[str, Entry] = field(default_factory=dict)

    @property
    def media_files(self) -> int:
        return sum(name.startswith(f"{MEDIA}/") for name in self.files)


class _Hashing(io.RawIOBase):
    """Reads on from a file, at most `n_bytes`, and hashes what it gives."""

    def __init__(self, source: IO[bytes], n_bytes: int) -> None:
        self._source, self._left = source, n_bytes
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted)
        if len(data) < wanted:
            raise BackupError("a file became shorter while it was read")
        self._left -= len(data)
        self.sha256.update(data)
        return data


def write(
    target: Path, database: Path, media: Path, manifest: Manifest, report: Report
) -> Manifest:
    """Write the archive so that it is there whole or not at all. Media that is deleted meanwhile
    belongs to rows that were deleted after the database was read; what grows is cut where it was.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with draft.open("xb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, database, database.name, manifest, report)
                for path in media_files(media):
                    name = f"{MEDIA}/{path.relative_to(media).as_posix()}"
                    try:
                        _add(tar, path, name, manifest, report)
                    except FileNotFoundError:
                        continue
                told = json.dumps(asdict(manifest), indent=1).encode()
                info = tarfile.TarInfo(MANIFEST)
                info.size = len(told)
                tar.addfile(info, io.BytesIO(told))
            file.flush()
            os.fsync(file.fileno())
        if target.exists():  # it came meanwhile
            raise BackupError(f"{target} exists already: it is left as it is")
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def media_files(media: Path) -> list[Path]:
    """All files but what is being written: such names begin with a dot."""
    found = []
    for folder, folders, names in os.walk(media, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return found


def _add(tar: tarfile.TarFile, path: Path, name: str, manifest: Manifest, report: Report) -> None:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mtime = found.st_size, int(found.st_mtime)
        source = _Hashing(file, found.st_size)
        tar.addfile(info, source)
    manifest.files[name] = Entry(found.st_size, source.sha256.hexdigest())
    report(found.st_size)


def unpack(archive: Path, folder: Path, report: Report) -> Manifest:
    """Unpack into an empty folder, and hold everything against the manifest.

    Raises:
        BackupError: it is no backup, damaged, or incomplete; the archive is named.
    """
    found: dict[str, Entry] = {}
    told = b""
    try:
        with tarfile.open(archive, mode="r|") as tar:
            for member in tar:
                _check_name(archive, member)
                if member.name == MANIFEST:
                    told = _content(tar, member)
                    continue
                if told or member.name in found:
                    raise BackupError(f"{archive} is no backup: {member.name!r} is misplaced")
                found[member.name] = _unpack_one(tar, member, folder / member.name)
                report(member.size)
    except (tarfile.TarError, EOFError, OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.filename:
            raise BackupError(f"{error.filename}: {error.strerror}") from None
        raise BackupError(f"{archive} is no backup, or damaged: {error}") from None
    return _checked(archive, told, found)


def _check_name(archive: Path, member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name).parts
    is_plain = member.isreg() and not member.name.startswith("/") and ".." not in parts
    is_known = len(parts) == 1 or parts[0] == MEDIA
    if not (is_plain and is_known and "\0" not in member.name):
        raise BackupError(f"{archive} is no backup: it holds {member.name!r}")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    source = tar.extractfile(member)
    if source is None or member.size > LARGEST_MANIFEST_BYTES:
        return b""
    return source.read()


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> Entry:
    source = tar.extractfile(member)
    assert source is not None
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256()
    with target.open("xb") as file:
        while chunk := source.read(CHUNK_BYTES):
            file.write(chunk)
            sha256.update(chunk)
    target.chmod(0o644)
    os.utime(target, (member.mtime, member.mtime))
    return Entry(target.stat().st_size, sha256.hexdigest())


def _checked(archive: Path, told: bytes, found: dict[str, Entry]) -> Manifest:
    if not told:
        raise BackupError(f"{archive} is damaged: it ends before its manifest")
    try:
        data: dict[str, Any] = json.loads(told)
        files = {name: Entry(**entry) for name, entry in data.pop("files").items()}
        manifest = Manifest(**data, files=files)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupError(f"{archive} is damaged: its manifest cannot be read") from None
    if manifest.format != FORMAT:
        raise BackupError(f"{archive} has format {manifest.format}: this version reads {FORMAT}")
    for name in sorted(manifest.files.keys() | found.keys()):
        if name not in found:
            raise BackupError(f"{archive} is damaged: {name} is missing")
        if manifest.files.get(name) != found[name]:
            raise BackupError(f"{archive} is damaged: {name} is not what was put in")
    return manifest
