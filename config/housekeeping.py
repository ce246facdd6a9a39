"""What a worker does beside its jobs: tells that it lives, and with a broker, asks for what is due
and sends again what was lost."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

from config import sending
from config.models import Job, Worker

logger = logging.getLogger(__name__)


def keep_house(worker: str, now: datetime) -> None:
    Worker.objects.seen(worker, now)
    if settings.CELERY_BROKER_URL:
        Job.objects.enqueue_due(now)
        sending.send_again(now)


@contextmanager
def housekeeping(worker: str) -> Iterator[None]:
    """Keep house every few seconds in a thread, also while a job computes for long."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.is_set():
            try:
                keep_house(worker, timezone.now())
            except Exception as error:  # database or broker: away now, perhaps not next time
                logger.warning("no housekeeping this time: %s", error)
                connection.close()
            stop.wait(settings.HOUSEKEEPING_S)
        _forget(worker)
        connection.close()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _forget(worker: str) -> None:
    try:
        Worker.objects.filter(name=worker).delete()
    except Exception as error:  # it will be forgotten by its age
        logger.warning("%s ends, which could not be stored: %s", worker, error)
