"""What came of an import, song by song."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from annotate.services.library import Imported
from modeling.audio import AudioError

Lines = list[dict[str, Any]]


@dataclass(slots=True)
class Outcomes:
    """Songs that are new, that were there already, and paths that gave none with the reason.
    `show` is how a path is told."""

    imported: Lines = field(default_factory=list)
    skipped: Lines = field(default_factory=list)
    failed: Lines = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def refuse(self, path: str, reason: str) -> None:
        self.failed.append({"path": path, "reason": reason})

    def add(
        self, path: Path, outcome: Imported | AudioError, show: Callable[[Path], str] = str
    ) -> None:
        if isinstance(outcome, AudioError):
            self.refuse(show(path), _reason(path, outcome, show))
            return
        song = outcome.song
        entry = {"path": show(path), "key": song.key, "title": song.title, "artist": song.artist}
        if outcome.is_new:
            self.imported.append({**entry, "notes": song.notes})
        else:
            self.skipped.append(entry)


def _reason(path: Path, fault: AudioError, show: Callable[[Path], str]) -> str:
    """The fault of the song at `path`, with the file it is about where that is another one."""
    if fault.path == path:
        return fault.reason
    name = fault.path.name if path in fault.path.parents else show(fault.path)
    return f"{name} {fault.reason}"
