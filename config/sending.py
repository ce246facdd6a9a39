"""Telling Celery workers of a job. The row is the truth, a message only a hint: it may be lost,
late or doubled, and the job is done once all the same.

Celery is loaded here and not above: a web process without a broker never needs it.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


def send_after_commit(job_id: int) -> None:
    """Not before: whoever gets the message must find the row."""
    if settings.CELERY_BROKER_URL:
        transaction.on_commit(lambda: send(job_id))


def send(job_id: int) -> bool:
    """Tell the broker of a job. Where it is away the job waits for a worker's housekeeping."""
    from config import celery

    try:
        with celery.broker() as connection:
            celery.send(job_id, connection)
    except Exception as error:  # whatever ails the broker, the caller's job is stored already
        logger.warning("job %s is stored, the broker was not told: %s", job_id, error)
        return False
    return True


def messages_waiting() -> int:
    """How many the broker holds. Raises whatever ails it."""
    from config import celery

    with celery.broker() as connection:
        return celery.messages_waiting(connection)


def send_again(now: datetime) -> int:
    """Tell the broker anew of jobs that wait and of which it seems to know nothing: it was away,
    lost its memory, or a worker died with the message. How many were sent.

    No more than are missing from its queue, so that a long queue does not grow by itself.
    """
    from config import celery
    from config.models import Job

    waiting = Job.objects.takeable(now)
    overdue = waiting.sent_before(now - timedelta(seconds=settings.HOUSEKEEPING_S))
    if not overdue.exists():
        return 0
    with celery.broker() as connection:
        missing = max(0, waiting.count() - celery.messages_waiting(connection))
        sent = 0
        for job in overdue.order_by("pk")[:missing]:
            # Of several workers that look at one moment, one sends.
            if overdue.filter(pk=job.pk).update(sent_at=now):
                celery.send(job.pk, connection)
                sent += 1
    return sent
