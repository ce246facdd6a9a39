"""Exports that are too large to wait for on a page: a worker writes them, and each is kept for a
day. Small ones are an answer at once (studies.exports.files.download)."""

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from annotate.background import JobStoppedError, enqueue
from annotate.background import Report as Told
from studies.exports.files import file_name, note_export, write_one
from studies.exports.scope import Scope
from studies.models import Export, Judgement, Rater, Study, Trial
from studies.services.orphans import remove_orphans

KIND = "write_export"
WRITTEN_BY_WORKERS = ("zip", "json")
# Some two seconds' work; more is for a worker.
MOST_JUDGEMENTS_AT_ONCE = 5_000
KEPT = timedelta(days=1)
SAID_EVERY_S = 1.0

logger = logging.getLogger(__name__)


def is_large(scope: Scope, what: str) -> bool:
    """Whether this file takes longer to write than somebody waits for a page."""
    if what not in WRITTEN_BY_WORKERS:
        return False
    some = _judgements(scope)[: MOST_JUDGEMENTS_AT_ONCE + 1]
    return some.count() > MOST_JUDGEMENTS_AT_ONCE


def ask_for(scope: Scope, what: str, *, by: Any) -> Export:
    """Queue it. Who asks twice for the same while it is not written yet gets the same. Whoever asks
    for names has unblinded the version before (views check it)."""
    about: dict[str, Any] = {
        "version": scope.version,
        "what": what,
        "include": sorted(scope.include),
        "is_blinded": scope.is_blinded,
        "by": by,
    }
    for waiting in Export.objects.filter(**about, written_at=None):
        if _is_at_work(waiting):
            return waiting
    row = Export.objects.create(**about, is_interim=scope.is_interim, created_at=scope.now)
    row.job_key = enqueue(
        KIND,
        {"key": row.key},
        owner=by,
        about=str(scope.version),
        page=f"{reverse('study-exports', args=[scope.version.study.key])}"
        f"?version={scope.version.number}",
    )
    row.save(update_fields=["job_key"])
    return row


def _is_at_work(row: Export) -> bool:
    jobs: Any = apps.get_model("config", "Job")
    return bool(jobs.objects.filter(key=row.job_key, state__in=["queued", "running"]).exists())


def kept(study: Study, now: datetime, *, by_name: bool) -> QuerySet[Export]:
    """What was asked for and has not gone by its age, the newest first; those with names too where
    `by_name`."""
    found = Export.objects.filter(version__study=study, created_at__gt=now - KEPT)
    found = found.select_related("by", "version")
    return found if by_name else found.filter(is_blinded=True)


def write(row: Export, report: Told) -> None:
    """Make the file. A run that was killed begins again; what is there is whole.

    Raises:
        OSError: the disk is full.
    """
    if row.written_at is not None:
        return
    scope = Scope(row.version, timezone.now(), row.is_blinded, frozenset(row.include))
    shutil.rmtree(row.folder, ignore_errors=True)  # what a run that was killed left
    row.folder.mkdir(parents=True, exist_ok=True)
    row.file_name, row.written_at = file_name(scope, row.what), scope.now
    with tempfile.TemporaryDirectory(dir=row.folder, prefix=".writing-") as draft:
        whole = Path(draft) / row.file_name
        with whole.open("wb") as file, _told_beside(report, scope, row.what) as tick:
            write_one(scope, row.what, file, tick)
        row.n_bytes = whole.stat().st_size
        whole.replace(row.path)
    row.save(update_fields=["file_name", "n_bytes", "written_at"])
    note_export(scope, row.what, by=row.by)


def remove_old(now: datetime) -> int:
    """Remove those whose day is over, and folders that lost their row; how many there were."""
    old = list(Export.objects.filter(created_at__lte=now - KEPT))
    for row in old:
        folder = row.folder
        row.delete()
        shutil.rmtree(folder, ignore_errors=True)
    return len(old) + remove_orphans("exports", Export)


def _judgements(scope: Scope) -> QuerySet[Judgement]:
    return Judgement.objects.filter(scope.answers("trial__rater__")).order_by()


def _rows(scope: Scope, what: str) -> int:
    """About how many rows the file has. A ZIP says all twice: as an object and in tables."""
    people = Rater.objects.filter(scope.raters()).count()
    trials = Trial.objects.filter(scope.answers("rater__")).count()
    return (people + trials + _judgements(scope).count()) * (2 if what == "zip" else 1)


@contextmanager
def _told_beside(report: Told, scope: Scope, what: str) -> Iterator[Callable[[], None]]:
    """Tell how many rows are written, from a thread with a connection of its own: the one that
    reads them stands at one moment and must not write. What it yields is to be called for each row,
    and raises JobStoppedError where the job shall stop."""
    total, done = max(1, _rows(scope, what)), 0
    is_over, is_stopped = threading.Event(), threading.Event()

    def tell() -> None:
        while not is_over.wait(SAID_EVERY_S):
            words = _("%(done)d of some %(total)d rows") % {"done": done, "total": total}
            try:
                report(min(0.99, done / total), words)
            except JobStoppedError:
                is_stopped.set()
                break
            except DatabaseError as error:  # busy now, perhaps not next time
                logger.warning("progress of an export was not stored: %s", error)
                connection.close()
        connection.close()

    def tick() -> None:
        nonlocal done
        done += 1
        if is_stopped.is_set():
            raise JobStoppedError

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield tick
    finally:
        is_over.set()
        thread.join()
