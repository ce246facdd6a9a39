"""Songs imported in the background: what was sent or lies in an allowed folder, song by song.

What was sent waits below the media folder until it is read, and is decoded in a limited child
process. Stopped, killed or failed, the job goes on where it was: what is in the library is known by
its files or by its sound.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from annotate.background import JobStoppedError, Report, enqueue
from annotate.fields import new_key, storable_text
from annotate.media import media_folder
from annotate.services import acts, library
from annotate.services.import_outcomes import Outcomes
from annotate.services.journal import Journal
from modeling.archives import ArchiveError
from modeling.layouts import SongSource, find_songs
from modeling.song_reading import ingest_in_child
from modeling.songs import IngestedSong
from modeling.unpacking import unpack_in_child

KIND = "import_songs"
FOLDER = "song-imports"
RECEIVED, UNPACKED = "received", "unpacked"
UNPACKING_SHARE = 0.1
# What was sent and never finished is removed after this.
KEEP_S = 7 * 24 * 3600.0


class ImportRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the site
    """One line for whoever asked for the import."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the songs; an empty text leaves what the files say."""

    title: str = ""
    artist: str = ""
    genre: str = ""
    split: str = ""
    licence: str = ""


def batch_folder(batch: str) -> Path:
    return media_folder(FOLDER, batch)


def ask_for_upload(
    store: Callable[[Path], None], about: About, *, name: str, owner: Any, now: datetime
) -> str:
    """Store what was sent (`store` writes it into a new folder) and queue its import; the job's
    key. Raises ImportRefused where it cannot be stored."""
    batch = new_key()
    received = batch_folder(batch) / RECEIVED
    try:
        received.mkdir(parents=True)
        store(received)
        acts.note("songs sent", now=now, by=owner, about=batch)
        arguments = {"batch": batch, "about": asdict(about)}
        page = reverse("songs-import")
        return enqueue(KIND, arguments, owner=owner, about=name, page=page)
    except BaseException as error:
        shutil.rmtree(batch_folder(batch), ignore_errors=True)
        if isinstance(error, OSError):
            raise ImportRefused(_("It could not be stored: try again later.")) from error
        raise


def ask_for_folder(folder: Path, layout: str, about: About, *, owner: Any, now: datetime) -> str:
    """Queue the import of a folder of IMPORT_FOLDERS; the job's key."""
    acts.note("folder of songs imported", now=now, by=owner, folder=folder.name)
    arguments = {
        "paths": [str(folder)],
        "layout": layout,
        "about": asdict(about),
        "is_from_page": True,
    }
    page = reverse("songs-import")
    return enqueue(KIND, arguments, owner=owner, about=folder.name, page=page)


def ask_for_paths(paths: Sequence[str], layout: str) -> str:
    """Queue what a command names: whoever has a shell may import what they can read."""
    about = Path(paths[0]).name if len(paths) == 1 else f"{len(paths)} paths"
    return enqueue(KIND, {"paths": list(paths), "layout": layout}, about=storable_text(about))


def allowed_folders() -> list[Path]:
    """Folders of IMPORT_FOLDERS that are there, links followed."""
    return [Path(one).resolve() for one in settings.IMPORT_FOLDERS if Path(one).is_dir()]


def is_allowed(path: Path) -> bool:
    real = path.resolve()
    return any(real == one or one in real.parents for one in allowed_folders())


def run(
    report: Report,
    *,
    batch: str = "",
    paths: Sequence[str] = (),
    layout: str = "auto",
    about: dict[str, str] | None = None,
    is_from_page: bool = False,
) -> dict[str, Any]:
    """Import them one after the other; what came of each.

    Raises:
        ImportRefused: what was sent is gone or no archive, or a folder is not allowed any more.
        JobStoppedError: with what was done so far.
    """
    roots = [_unpacked(batch, report)] if batch else [Path(one) for one in paths]
    if is_from_page and not all(is_allowed(one) for one in roots):
        raise ImportRefused(_("This folder is not among IMPORT_FOLDERS any more."))
    found = find_songs(roots, layout=layout)
    shown = _Shown(roots)
    outcomes = Outcomes()
    for problem in found.problems:
        outcomes.refuse(shown(problem.path), problem.reason)
    sources = []
    for source in found.songs:
        if is_from_page and not all(is_allowed(one.path) for one in source.stems.values()):
            outcomes.refuse(shown(source.path), _("leads out of the folder by a link"))
        else:
            sources.append(source)
    _import(_described(sources, About(**(about or {}))), outcomes, shown, report)
    if batch:
        shutil.rmtree(batch_folder(batch), ignore_errors=True)
    return outcomes.as_data()


def _unpacked(batch: str, report: Report) -> Path:
    """The folder in which what was sent lies, a ZIP unpacked."""
    received = batch_folder(batch) / RECEIVED
    if not received.is_dir():
        raise ImportRefused(_("What was sent is not here any more: send it again."))
    archive = next(iter(received.glob("*.zip")), None)
    if archive is None:
        return received
    target = batch_folder(batch) / UNPACKED
    # A run that was stopped half way left half of it.
    shutil.rmtree(target, ignore_errors=True)
    try:
        unpack_in_child(
            archive,
            target / archive.stem,
            settings.IMPORT_UNPACKED_BYTES,
            lambda share: report(UNPACKING_SHARE * share, _("Unpacking")),
        )
    except ArchiveError as error:
        shutil.rmtree(batch_folder(batch), ignore_errors=True)
        raise ImportRefused(f"{archive.name} {error}") from None
    return target


@dataclass(frozen=True, slots=True)
class _Shown:
    """Paths as they are told: from the folder that was asked for, not from the server's root."""

    roots: Sequence[Path]

    def __call__(self, path: Path) -> str:
        for root in self.roots:
            if path != root and root in path.parents:
                return storable_text(str(path.relative_to(root)))
        return storable_text(path.name)


def _described(sources: Sequence[SongSource], about: About) -> list[SongSource]:
    given = {field: text for field, text in asdict(about).items() if text}
    if len(sources) > 1:
        given.pop("title", None)  # several songs cannot all have one title
    return [replace(source, **given) for source in sources]


def _import(
    sources: Sequence[SongSource], outcomes: Outcomes, shown: _Shown, report: Report
) -> None:
    n_all, done = len(sources), 0

    def say(source: SongSource, share: float) -> None:
        words = _("%(n)d of %(all)d: %(song)s") % {
            "n": min(done + 1, n_all),
            "all": n_all,
            "song": " – ".join(filter(None, (source.artist, source.title))),
        }
        total = UNPACKING_SHARE + (1.0 - UNPACKING_SHARE) * (done + share) / n_all
        report(total, storable_text(words))

    def read(source: SongSource, opened: Journal) -> IngestedSong:
        say(source, 0.0)
        return ingest_in_child(
            source,
            library.songs_dir(),
            opened.new_key(),
            opened.path,
            lambda share: say(source, share),
        )

    try:
        for source, outcome in library.import_songs(sources, now=timezone.now(), read=read):
            outcomes.add(source.path, outcome, shown)
            done += 1
    except JobStoppedError:
        raise JobStoppedError(outcomes.as_data()) from None


def remove_leftovers(now: datetime) -> int:
    """Remove what was sent long ago and never finished; how many there were."""
    oldest_s = now.timestamp() - KEEP_S
    old = [one for one in media_folder(FOLDER).glob("*") if one.stat().st_mtime < oldest_s]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)
