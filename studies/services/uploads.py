"""Taking a visitor's stems in, and letting them go again."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from analysis.vectors import STEMS
from annotate.background import Report, enqueue
from annotate.fields import storable_text
from modeling.sniffing import HEAD_BYTES, kind_of
from studies.models import Upload
from studies.models.uploads import visitor_hash
from studies.services.child import ReadingError, read_in_child
from studies.services.orphans import remove_orphans

LONGEST_NAME = 100


class RefusedError(Exception):
    """An upload that is not taken: the status of the answer and one line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class SentFile(Protocol):
    """What is read of a file that was sent."""

    name: str | None
    size: int | None
    file: BinaryIO

    def chunks(self) -> object: ...


def receive(*, files: Mapping[str, SentFile], visitor: str, now: datetime) -> Upload:
    """Store four files as they were sent and ask the worker to read them. Raises RefusedError.

    The row comes before the count, so that of two who come at once for the last place both may be
    refused, and never both be taken.
    """
    suffixes = {stem: _checked_kind(stem, files.get(stem)) for stem in STEMS}
    n_bytes = sum(int(files[stem].size or 0) for stem in STEMS)
    if n_bytes > settings.ADVISE_UPLOAD_BYTES:
        raise RefusedError(413, too_large())
    upload = Upload.objects.create(
        visitor_hash=visitor_hash(visitor),
        title=_title(files),
        file_names={stem: _own_name(files[stem], suffixes[stem]) for stem in STEMS},
        n_bytes=n_bytes,
        created_at=now,
        expires_at=now + timedelta(hours=settings.ADVISE_KEEP_HOURS),
    )
    try:
        _check_room(upload, now)
        _store(upload, files, suffixes)
        upload.job_key = enqueue("advise_on_upload", {"upload": upload.key})
        upload.save(update_fields=["job_key"])
    except BaseException:
        remove(upload)
        raise
    return upload


def too_large() -> str:
    megabytes = settings.ADVISE_UPLOAD_BYTES // 10**6
    return _("The four stems together may have %(mb)d MB at most: cut them or send FLAC.") % {
        "mb": megabytes
    }


def read(upload: Upload, report: Report) -> None:
    """Decode and measure an upload in a limited process; done before, it is not done again.

    What was sent is deleted either way: what is kept is what was understood of it.
    """
    if upload.state != Upload.State.WAITING:
        return
    for half_done in (upload.song_folder, upload.excerpt_folder):
        shutil.rmtree(half_done, ignore_errors=True)
    try:
        notes = read_in_child(
            upload.received,
            upload.folder,
            longest_s=settings.ADVISE_LONGEST_S,
            progress=lambda share: report(0.6 * share, _("Reading the stems")),
        )
        changes = {"state": Upload.State.READY, "notes": notes, "n_bytes": _size(upload.folder)}
    except ReadingError as error:
        changes = {"state": Upload.State.FAILED, "fault": str(error)[:500], "n_bytes": 0}
    shutil.rmtree(upload.received, ignore_errors=True)
    if changes["state"] == Upload.State.FAILED:
        shutil.rmtree(upload.folder, ignore_errors=True)
    if not Upload.objects.filter(pk=upload.pk).update(**changes):
        # Deleted by its visitor meanwhile.
        shutil.rmtree(upload.folder, ignore_errors=True)
    for name, value in changes.items():
        setattr(upload, name, value)


def remove(upload: Upload) -> None:
    """Forget an upload: its row and what was said about it first, then its files."""
    folder = upload.folder
    upload.delete()
    shutil.rmtree(folder, ignore_errors=True)


def remove_expired(now: datetime) -> int:
    """Remove what has expired, and folders that lost their row; how many there were."""
    expired = list(Upload.objects.expired(now))
    for upload in expired:
        remove(upload)
    return len(expired) + remove_orphans("uploads", Upload)


def _checked_kind(stem: str, file: SentFile | None) -> str:
    if file is None or not file.size:
        raise RefusedError(
            400, _("%(stem)s is missing: choose four files that are not empty.") % {"stem": stem}
        )
    file.file.seek(0)
    suffix = kind_of(file.file.read(HEAD_BYTES))
    file.file.seek(0)
    if suffix is None:
        message = _("%(stem)s is no WAV, FLAC, Ogg, MP3 or AIFF file.")
        raise RefusedError(400, message % {"stem": stem})
    return suffix


def _check_room(upload: Upload, now: datetime) -> None:
    current = Upload.objects.current(now)
    own = current.filter(visitor_hash=upload.visitor_hash).count()
    if own > settings.ADVISE_UPLOADS_PER_VISITOR:
        most = settings.ADVISE_UPLOADS_PER_VISITOR
        message = _("You have %(most)d sets of stems here already: delete one first.")
        raise RefusedError(429, message % {"most": most})
    stored = Upload.objects.aggregate(total=Sum("n_bytes"))["total"] or 0
    if stored > settings.ADVISE_STORAGE_BYTES:
        raise RefusedError(
            503, _("There is no room for more stems at the moment: try again later.")
        )


def _store(upload: Upload, files: Mapping[str, SentFile], suffixes: Mapping[str, str]) -> None:
    try:
        upload.received.mkdir(parents=True)
        for stem in STEMS:
            with (upload.received / f"{stem}{suffixes[stem]}").open("wb") as target:
                shutil.copyfileobj(files[stem].file, target)
    except OSError as error:
        raise RefusedError(503, _("The stems could not be stored: try again later.")) from error


def _title(files: Mapping[str, SentFile]) -> str:
    """What the files' names have in common besides the stems' names, else a plain word."""
    names = [PurePath(str(files[stem].name)).stem for stem in STEMS]
    start = _common_start([name.casefold() for name in names])
    common = names[0][: len(start)].strip(" -_.([")
    return storable_text(common)[:LONGEST_NAME] or _("Untitled stems")


def _common_start(names: list[str]) -> str:
    shortest = min(names, key=len)
    for index, character in enumerate(shortest):
        if any(name[index] != character for name in names):
            return shortest[:index]
    return shortest


def _own_name(file: SentFile, suffix: str) -> str:
    """The visitor's own file name without folder or control characters, with the right suffix."""
    name = PurePath(storable_text(str(file.name)).replace("\\", "/")).name
    clean = "".join(character for character in name if character.isprintable())
    stem = PurePath(clean).stem[:LONGEST_NAME].strip(" .") or "stem"
    known = PurePath(clean).suffix.lower()
    kept = {".aif": ".aiff", ".aifc": ".aiff", ".oga": ".ogg"}.get(known, known) == suffix
    return f"{stem}{PurePath(clean).suffix if kept else suffix}"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
