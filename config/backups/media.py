"""Media out of an archive into the media folder: all of it, or what was there before."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def strangers(media: Path) -> list[Path]:
    """What stands in the media folder, but for what was left unfinished there."""
    if not media.is_dir():
        return []
    return sorted(
        p for p in media.iterdir() if not p.name.startswith(".") and p.name != "lost+found"
    )


@contextmanager
def staging(media: Path) -> Iterator[Path]:
    """A folder within the media folder, which may be a disk of its own: from there files are moved
    by their names alone."""
    media.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".restoring-", dir=media))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def replaced(media: Path, new: Path, aside: Path) -> Iterator[None]:
    """`new` in the place of what stands there, which goes `aside`. A fault puts all back."""
    aside.mkdir()
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        source.rename(target)
        moved.append((source, target))

    try:
        for path in strangers(media):
            move(path, aside / path.name)
        for path in sorted(new.iterdir()) if new.is_dir() else []:
            move(path, media / path.name)
        yield
    except BaseException:
        for source, target in reversed(moved):
            target.rename(source)
        raise
