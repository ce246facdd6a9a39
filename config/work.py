"""Doing one job: the same `run_job(id)` whether `manage.py work` or another engine calls it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from annotate.background import JobStoppedError
from config.models import MAX_ATTEMPTS, Job

# What passes by itself: a database or a machine that is away or busy. Everything else is the job's
# own fault, and would fail again.
DATABASE_AWAY = (OperationalError, InterfaceError)
TRANSIENT = (*DATABASE_AWAY, ConnectionError, TimeoutError)
FIRST_PAUSE_S = 5

logger = logging.getLogger(__name__)


def run_job(job_id: int) -> Job:
    """Run a claimed job to its end and store what came of it; never raises for the job's faults."""
    job = Job.objects.get(pk=job_id)
    if job.stop_asked:  # its worker died before it could stop
        return _finish(job, is_stopped=True)
    if job.is_given_up:
        return _finish(job, error=f"given up: its worker died {MAX_ATTEMPTS} times")

    def report(progress: float, message: str = "") -> None:
        say(job, progress, message)

    try:
        function = import_string(settings.JOB_KINDS[job.kind])
        with _heartbeat(job.pk):
            result = function(report, **job.arguments)
    except JobStoppedError as stopped:
        return _finish(job, result=stopped.result, is_stopped=True)
    except TRANSIENT as error:
        logger.warning("job %s, attempt %s: %s", job, job.attempts, error)
        connection.close_if_unusable_or_obsolete()
        return _finish(job, error=str(error)) if job.is_last_attempt else _put_back(job, error)
    except Exception as error:  # a job's fault must not end the worker
        logger.exception("job %s failed", job)
        return _finish(job, error=_in_words(error))
    return _finish(job, result=result)


def _in_words(error: Exception) -> str:
    """What its owner reads: without the place of the media folder, which is the server's own."""
    words = str(error) or type(error).__name__
    return words.replace(f"{settings.MEDIA_ROOT}/", "")


def say(job: Job, progress: float, message: str) -> None:
    """Store how far a job is, and ask whether to go on: one statement for both.

    Raises:
        JobStoppedError: somebody asked it to stop, or its worker was thought dead and another has
            taken over.
    """
    goes_on = Job.objects.filter(
        pk=job.pk, attempts=job.attempts, state=Job.State.RUNNING, stop_asked=False
    ).update(
        progress=min(1.0, max(0.0, progress)),
        message=message[:200],
        heartbeat_at=timezone.now(),
    )
    if not goes_on:
        raise JobStoppedError


def _finish(job: Job, *, result: object = None, error: str = "", is_stopped: bool = False) -> Job:
    job.state = Job.State.FAILED if error else Job.State.DONE
    if is_stopped:
        job.state = Job.State.STOPPED
    job.result, job.error, job.finished_at = result, error, timezone.now()
    found: dict[str, object] = {
        "state": job.state,
        "result": job.result,
        "error": job.error,
        "finished_at": job.finished_at,
    }
    if job.state == Job.State.DONE:
        found["progress"] = job.progress = 1.0
    # Only the latest attempt may speak: a worker thought dead may come back late.
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(**found)
    return job


def _put_back(job: Job, error: Exception) -> Job:
    """Queue the job again, each time for a longer pause."""
    told = _("Trying again soon: %(error)s") % {"error": error}
    job.state, job.message = Job.State.QUEUED, told[:200]
    tried = job.attempts - job.attempts_before
    job.not_before = timezone.now() + timedelta(seconds=FIRST_PAUSE_S * 4 ** (tried - 1))
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
        state=job.state, message=job.message, not_before=job.not_before
    )
    return job


@contextmanager
def _heartbeat(job_id: int) -> Iterator[None]:
    """Tell every few seconds that the worker lives, also while a job computes for long."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(settings.JOB_HEARTBEAT_S):
            try:
                Job.objects.filter(pk=job_id).update(heartbeat_at=timezone.now())
            except DatabaseError as error:  # a database that is busy now may not be so next time
                logger.warning("no heartbeat of job %s: %s", job_id, error)
                connection.close()
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
