"""`manage.py work`: take jobs and do them, one at a time, until told to stop."""

import logging
import os
import signal
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from config.models import Job
from config.work import run_job

AFTER_TROUBLE_S = 2.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do background work: excerpts, consensus, freezing. Run as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when no job is left")
        parser.add_argument("--poll", type=float, default=0.5, help="seconds between looks")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, lambda *_: stop.set())
        worker = f"{socket.gethostname()}:{os.getpid()}"
        while not stop.is_set():
            try:
                job = self._work(worker)
            except (OperationalError, InterfaceError) as error:
                # Away or busy for a while, or it closed an old connection: a new one is opened. A
                # job that was taken goes stale and is taken again.
                if options["once"]:
                    raise
                logger.warning("the database does not answer: %s", error)
                connection.close()
                stop.wait(AFTER_TROUBLE_S)
                continue
            if job is None and options["once"]:
                return
            if job is None:
                stop.wait(options["poll"])

    def _work(self, worker: str) -> Job | None:
        """Do the next job, if there is one."""
        Job.objects.enqueue_due(timezone.now())
        job = Job.objects.take_next(worker=worker, now=timezone.now())
        if job is None:
            return None
        job = run_job(job.pk)
        self.stderr.write(f"{job} {job.error}".rstrip())
        return job
