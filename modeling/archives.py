"""ZIPs from people: refused before anything is unpacked where they are more than plain files."""

import stat
import zipfile
from dataclasses import dataclass

# FLAC hardly shrinks, JSON by twenty.
MOST_TIMES_LARGER = 100
_ENCRYPTED = 0x1


class ArchiveError(Exception):
    """What is wrong with an archive, in one line."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How many entries an archive may have, and how many bytes unpacked."""

    entries: int
    n_bytes: int


def check_entries(file: zipfile.ZipFile, n_bytes: int, limits: ArchiveLimits) -> None:
    """Refuse what a plain archive never holds, before anything of it is unpacked. `n_bytes` is the
    archive's own size. Raises ArchiveError."""
    entries = file.infolist()
    if len(entries) > limits.entries:
        raise ArchiveError(f"holds {len(entries)} entries; at most {limits.entries}")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise ArchiveError("holds two entries of one name")
    for entry in entries:
        shown = repr(entry.filename[:60])
        if not _is_plain_name(entry.filename):
            raise ArchiveError(f"{shown} leads out of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ArchiveError(f"{shown} is a link; put the file itself there")
        if entry.flag_bits & _ENCRYPTED:
            raise ArchiveError(f"{shown} is encrypted; send it without a password")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.n_bytes:
        raise ArchiveError(f"holds more than {limits.n_bytes // 2**30} GiB")
    # Entries that share their bytes, or shrink beyond what audio can, are there to fill a disk.
    overlap = sum(entry.compress_size for entry in entries) > n_bytes
    if overlap or unpacked > MOST_TIMES_LARGER * max(n_bytes, 1):
        raise ArchiveError(f"unpacks to more than {MOST_TIMES_LARGER} times its size")


def _is_plain_name(name: str) -> bool:
    """
    >>> [_is_plain_name(one) for one in ("a/b.flac", "../a", "/a", "a/../b", "c:/a", "a\\\\b", "")]
    [True, False, False, False, False, False, False]
    """
    if not name or any(character in name for character in "\\:\0"):
        return False
    return not name.startswith("/") and ".." not in name.split("/")
