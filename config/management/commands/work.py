"""`manage.py work`: take jobs and do them, one at a time, until told to stop."""

import os
import signal
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.models import Job
from config.work import run_job


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
            job = Job.objects.take_next(worker=worker, now=timezone.now())
            if job is not None:
                job = run_job(job.pk)
                self.stderr.write(f"{job} {job.error}".rstrip())
            elif options["once"]:
                return
            else:
                stop.wait(options["poll"])
