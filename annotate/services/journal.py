"""Which folders are being made: a journal that outlives the process, so that none is left behind.

A song's folder is there before its row is. Its key is written into a journal first; whoever holds
the journal's lock is alive, and the lock goes with the process however that ends. The next import
reads the journals that nobody holds and removes the folders that no row names.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from annotate.fields import new_key
from annotate.media import media_folder
from annotate.models import Excerpt, Song
from modeling.storage import StorageError


class Journal:
    """Gives out keys of new folders, each written down before it is used."""

    def __init__(self, path: Path, file: TextIOWrapper) -> None:
        self.path = path
        self._file = file

    def new_key(self) -> str:
        """Raises StorageError where the disk is full."""
        key = new_key()
        try:
            self._file.write(f"{key}\n")
            self._file.flush()
        except OSError as error:
            raise _cannot_write(self.path.parent, error) from error
        return key


@contextmanager
def journal() -> Iterator[Journal]:
    """A journal for this block; at its end, folders without a row are removed, whatever happened.

    Raises StorageError where the media folder cannot be written.
    """
    path = media_folder("journals", new_key())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("x", encoding="ascii")
    except OSError as error:
        raise _cannot_write(path.parent, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield Journal(path, file)
        finally:
            _settle(path)


def settle_abandoned() -> None:
    """Remove what processes that are gone left half made."""
    for path in sorted(media_folder("journals").glob("*")):
        with path.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _settle(path)


def _settle(path: Path) -> None:
    for key in path.read_text(encoding="ascii").split():
        for name, rows in (("songs", Song.objects), ("excerpts", Excerpt.objects)):
            folder = media_folder(name, key)
            if folder.is_dir() and not rows.filter(key=key).exists():
                shutil.rmtree(folder, ignore_errors=True)
    path.unlink(missing_ok=True)


def _cannot_write(folder: Path, error: OSError) -> StorageError:
    reason = f"cannot be written: {(error.strerror or '').lower()}; check rights and space"
    return StorageError(folder, reason)
