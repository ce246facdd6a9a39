"""`manage.py work` in a process of its own, on the database and the media folder of a test."""

import os
import subprocess
import sys

from django.db import connection
from pytest_django import Settings

from tests.conftest import ROOT

WORKER = """
import os
from pathlib import Path
import django
from django.conf import settings
django.setup()
settings.JOB_PERIODIC_S, settings.MEDIA_ROOT = {}, Path(os.environ["MEDIA_OF_TEST"])
from django.core.management import call_command
call_command("work", poll=0.05)
"""


def start_worker(settings: Settings) -> "subprocess.Popen[bytes]":
    stored = connection.settings_dict
    url = f"sqlite:///{stored['NAME']}"
    if connection.vendor != "sqlite":
        place = f"{stored['HOST']}:{stored['PORT']}"
        url = f"postgres://{stored['USER']}:{stored['PASSWORD']}@{place}/{stored['NAME']}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": url,
        "MEDIA_OF_TEST": str(settings.MEDIA_ROOT),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)
