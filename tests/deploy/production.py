"""gunicorn with the production settings, on the database of the test that starts it."""

import os
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings

from tests.config.worker_process import database_url
from tests.conftest import ROOT
from tests.deploy.nginx import free_port

HOST = "gainsay.example"
CONFIG = ROOT / "deploy" / "gunicorn.conf.py"


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "GAINSAY_VAR": str(folder),
        "TRUSTED_PROXIES": "1",
        # Policies are written in the order of a set: two processes shall write the same.
        "PYTHONHASHSEED": "0",
        **more,
    }


def collect_static(folder: Path) -> None:
    """What every page needs, refusals included."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=ROOT,
        env=environment(folder),
        check=True,
    )


class Production:
    def __init__(self, folder: Path, **more: str) -> None:
        self.port = free_port()
        self._log = (folder / f"gunicorn-{self.port}.log").open("wb")
        bind = {"WEB_BIND": f"127.0.0.1:{self.port}", "WEB_WORKERS": "1", "WEB_THREADS": "4"}
        self.environment = environment(folder, **bind, **more)
        self._process = subprocess.Popen(
            [*(sys.executable, "-m", "gunicorn", "--config", str(CONFIG)), "config.wsgi"],
            cwd=ROOT,
            env=self.environment,
            stderr=self._log,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
                    connection.request("GET", "/healthz", headers=HEADERS)
                    assert connection.getresponse().status == 200
                    return
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def is_healthy(self) -> bool:
        """As the container's health check says."""
        check = [sys.executable, "deploy/healthcheck.py"]
        return subprocess.run(check, cwd=ROOT, env=self.environment, check=False).returncode == 0

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


# What nginx would say.
HEADERS = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
