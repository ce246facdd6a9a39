"""Doing one job: the same `run_job(id)` whether `manage.py work` or another engine calls it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from config.models import MAX_ATTEMPTS, Job

logger = logging.getLogger(__name__)


def run_job(job_id: int) -> Job:
    """Run a claimed job to its end and store what came of it; never raises for the job's faults."""
    job = Job.objects.get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        return _finish(job, error=f"given up: its worker died {MAX_ATTEMPTS} times")

    def report(progress: float, message: str = "") -> None:
        Job.objects.filter(pk=job.pk).update(
            progress=min(1.0, max(0.0, progress)),
            message=message[:200],
            heartbeat_at=timezone.now(),
        )

    try:
        function = import_string(settings.JOB_KINDS[job.kind])
        with _heartbeat(job.pk):
            result = function(report, **job.arguments)
    except Exception as error:  # a job's fault must not end the worker
        logger.exception("job %s failed", job)
        return _finish(job, error=str(error) or type(error).__name__)
    return _finish(job, result=result)


def _finish(job: Job, *, result: object = None, error: str = "") -> Job:
    job.state = Job.State.FAILED if error else Job.State.DONE
    job.result, job.error, job.finished_at = result, error, timezone.now()
    if not error:
        job.progress = 1.0
    # Only the latest attempt may speak: a worker thought dead may come back late.
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
        state=job.state,
        result=job.result,
        error=job.error,
        finished_at=job.finished_at,
        progress=job.progress,
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
