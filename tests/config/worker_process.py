"""A worker in a process of its own, on the database of the test that starts it."""

import os
import subprocess
import sys

from django.db import connection

from tests.conftest import ROOT

# Impatient, so that tests of what is noticed after a while are short.
WORKER = """
import django
from django.conf import settings
django.setup()
from tests.config.job_functions import KINDS
settings.JOB_KINDS, settings.JOB_PERIODIC_S = KINDS, {periodic!r}
settings.JOB_HEARTBEAT_S, settings.JOB_STALE_S, settings.HOUSEKEEPING_S = 0.3, 2, 1
from django.core.management import call_command
call_command("work", poll=0.05)
"""


def start_worker(
    *, broker: str = "", periodic: dict[str, int] | None = None
) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": broker,
    }
    code = WORKER.format(periodic=periodic or {})
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


def database_url() -> str:
    """The database of this test, as another process is told of it."""
    stored = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stored['NAME']}"
    place = f"{stored['HOST']}:{stored['PORT']}"
    return f"postgres://{stored['USER']}:{stored['PASSWORD']}@{place}/{stored['NAME']}"
