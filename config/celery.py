"""Jobs by Celery on Redis. A task carries a job's id; the worker claims that row as it does without
a broker, and calls the same `run_job`. Loading and sending cost 30 MB: see `config.sending`.
"""

import logging
import os
import socket
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging
from django.conf import settings
from django.utils import timezone
from kombu.connection import Connection

from config.models import Job
from config.work import DATABASE_AWAY, run_job

QUEUE = "gainsay"
LONGEST_PAUSE_S = 60
# Redis has a list for each priority, and 9 is the last that a worker looks into.
UNHURRIED = 9

logger = logging.getLogger(__name__)

app = Celery("gainsay", set_as_current=False)
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_default_queue=QUEUE,
    task_serializer="json",
    accept_content=["json"],
    # The row says what came of a job.
    result_backend=None,
    task_ignore_result=True,
    # A message is kept until its job is over, and a worker holds no other meanwhile.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Short, since a web process may wait for it: a broker that does not answer is away.
    broker_transport_options={
        "socket_connect_timeout": 1.0,
        "socket_timeout": 2.0,
        "max_retries": 0,
        "visibility_timeout": 3600,
    },
    # Nobody commands a worker from outside.
    worker_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)


@setup_logging.connect  # type: ignore[untyped-decorator]
def leave_logging_alone(**_: Any) -> None:
    """Being connected is enough: Celery then sets up none, and lines are those of the site."""


def broker() -> Connection:
    """A connection of its own: none is shared over a fork, none remembers what Redis forgot."""
    connection: Connection = app.connection_for_write(settings.CELERY_BROKER_URL)
    return connection


def send(job: Job, connection: Connection) -> None:
    priority = UNHURRIED if job.is_unhurried else 0
    do_job.apply_async(args=[job.pk], connection=connection, retry=False, priority=priority)


def messages_waiting(connection: Connection) -> int:
    queue = app.amqp.queues[QUEUE].bind(connection.default_channel)
    return int(queue.queue_declare().message_count)


@app.task(  # type: ignore[untyped-decorator]  # Celery has no types
    bind=True,
    name="gainsay.do_job",
    autoretry_for=DATABASE_AWAY,
    retry_backoff=True,
    retry_backoff_max=LONGEST_PAUSE_S,
    max_retries=None,
)
def do_job(self: "Task[Any, Any]", job_id: int) -> None:
    """Do the job unless it is done, gone or another's: a message may come twice."""
    job = Job.objects.take(job_id, worker=worker_name(), now=timezone.now())
    if job is not None:
        job = run_job(job.pk)
        logger.info("%s %s", job, job.error)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def work() -> None:
    """Be a worker until told to stop: one job at a time, in this process, as without a broker."""
    app.worker_main(
        [
            *(
                "--quiet",
                "worker",
                "--pool=solo",
                "--hostname",
                f"{os.getpid()}@%h",
                "--loglevel=WARNING",
            ),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
    )
