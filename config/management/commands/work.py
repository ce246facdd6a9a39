"""`manage.py work`: take jobs and do them, one at a time, until told to stop. From Celery where
CELERY_BROKER_URL is set, else from the database."""

import logging
import os
import signal
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from config.housekeeping import housekeeping
from config.models import Job, Worker
from config.work import DATABASE_AWAY, run_job

AFTER_TROUBLE_S = 2.0
NICENESS = 10

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do background work: excerpts, consensus, freezing. Run as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when no job is left")
        parser.add_argument(
            "--alive", action="store_true", help="do nothing but say whether a worker lives here"
        )
        parser.add_argument("--poll", type=float, default=0.5, help="seconds between looks")
        parser.add_argument(
            "--nice",
            type=int,
            default=NICENESS,
            help="how far jobs give way to pages on the same machine (0 to 19; %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        here = socket.gethostname()
        if options["alive"]:
            alive = Worker.objects.alive(timezone.now())
            if not alive.filter(name__startswith=f"{here}:").exists():
                raise CommandError(f"no worker lives on {here}")
            return
        worker = f"{here}:{os.getpid()}"
        if not 0 <= options["nice"] <= 19:
            raise CommandError("--nice is 0 to 19")
        if options["once"]:
            while self._work(worker) is not None:
                pass
            return
        if threading.current_thread() is threading.main_thread():
            os.setpriority(os.PRIO_PROCESS, 0, options["nice"])
        with housekeeping(worker):
            self.stderr.write(f"{worker} takes jobs; Ctrl+C stops it after the one at hand")
            if settings.CELERY_BROKER_URL:
                from config import celery

                celery.work()
            else:
                self._poll(worker, options["poll"])

    def _poll(self, worker: str, pause_s: float) -> None:
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                job = self._work(worker)
            except DATABASE_AWAY as error:
                # Away or busy for a while, or it closed an old connection: a new one is opened. A
                # job that was taken goes stale and is taken again.
                logger.warning("the database does not answer: %s", error)
                connection.close()
                stop.wait(AFTER_TROUBLE_S)
                continue
            if job is None:
                stop.wait(pause_s)

    def _work(self, worker: str) -> Job | None:
        """Do the next job, if there is one."""
        Job.objects.enqueue_due(timezone.now())
        job = Job.objects.take_next(worker=worker, now=timezone.now())
        if job is None:
            return None
        job = run_job(job.pk)
        self.stderr.write(f"{job} {job.error}".rstrip())
        return job
