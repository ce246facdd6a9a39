"""The nginx of deploy/nginx.conf on free loopback ports, in front of a site of the tests."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.conftest import ROOT

CONFIG = ROOT / "deploy" / "nginx.conf"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Nginx:
    def __init__(self, folder: Path, media: Path, site_port: int = 8000) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        assert program, "the deployment suite needs nginx: install it"
        self.program, self.folder = program, folder
        self.media = media
        self.http, self.https = free_port(), free_port()
        self.log, self.errors = folder / "access.log", folder / "error.log"
        self.config = folder / "nginx.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.config.write_text(self._config(media, site_port))
        self._certify()

    def _config(self, media: Path, site_port: int) -> str:
        """The file as it is, with the places of this test at every line marked "here"."""
        replaced = {
            "/tmp/nginx": f"{self.folder}/nginx",
            "/dev/stdout": str(self.log),
            "web:8000": f"127.0.0.1:{site_port}",
            "listen 8080": f"listen 127.0.0.1:{self.http}",
            "listen 8443": f"listen 127.0.0.1:{self.https}",
            "/etc/nginx/tls/": f"{self.folder}/",
            "/srv/media/": f"{media}/",
        }
        pattern = re.compile("|".join(map(re.escape, replaced)))
        lines = [
            pattern.sub(lambda found: replaced[found[0]], line) if "# here" in line else line
            for line in CONFIG.read_text().splitlines()
        ]
        # Under root nginx gives its workers to nobody, who may not read a test's folders.
        user = "user root;\n" if os.getuid() == 0 else ""
        return user + "daemon off;\n" + "\n".join(lines) + "\n"

    def _certify(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=gainsay.example"),
                *("-keyout", str(self.folder / "site.key"), "-out", str(self.folder / "site.crt")),
            ],
            check=True,
            capture_output=True,
        )

    def _command(self, *more: str) -> list[str]:
        return [self.program, "-c", str(self.config), "-e", str(self.errors), *more]

    def check(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self._command("-t"), capture_output=True, text=True, check=False)

    def start(self) -> None:
        self._process = subprocess.Popen(self._command())
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.https), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None, self.errors.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(20)
