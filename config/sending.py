"""Telling Celery workers of a job. The row is the truth, a message only a hint: it may be lost,
late or doubled, and the job is done once all the same.

Celery is loaded here and not above: a web process without a broker never needs it.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

if TYPE_CHECKING:
    from config.models import Job

logger = logging.getLogger(__name__)


def send_after_commit(job: "Job") -> None:
    """Not before: whoever gets the message must find the row."""
    if settings.CELERY_BROKER_URL:
        transaction.on_commit(lambda: send(job))


def send(job: "Job") -> bool:
    """Tell the broker of a job. Where it is away the job waits for a worker's housekeeping."""
    from config import celery

    try:
        with celery.broker() as connection:
            celery.send(job, connection)
    except Exception as error:  # whatever ails the broker, the caller's job is stored already
        logger.warning("job %s is stored, the broker was not told: %s", job.pk, error)
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
        for job in overdue.in_turn()[:missing]:
            # Of several workers that look at one moment, one sends.
            if overdue.filter(pk=job.pk).update(sent_at=now):
                celery.send(job, connection)
                sent += 1
    return sent
