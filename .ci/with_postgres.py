"""Run a command with TEST_DATABASE_URL pointing at a private PostgreSQL, and stop it afterwards.

The server lives in a temporary folder on a free port of the loopback, never as root.

    python .ci/with_postgres.py COMMAND...
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def binaries() -> Path:
    """The folder of initdb and pg_ctl, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    candidates = [*found, *([Path(path)] if (path := shutil.which("initdb")) else [])]
    for candidate in candidates:
        folder = candidate.resolve().parent
        if (folder / "pg_ctl").exists():
            return folder
    sys.exit("no PostgreSQL server found: install it, or set TEST_DATABASE_URL")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def server_user() -> str:
    """Who runs the server: this user, or where that is root, somebody who is not."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    sys.exit("running as root and no other user to run PostgreSQL as: set TEST_DATABASE_URL")


def main(command: list[str]) -> int:
    folder, user, port = Path(tempfile.mkdtemp(prefix="gainsay-pg-")), server_user(), free_port()
    who = pwd.getpwnam(user)
    os.chown(folder, who.pw_uid, who.pw_gid)
    identity = {"user": who.pw_uid, "group": who.pw_gid} if os.getuid() == 0 else {}
    data, programs = folder / "data", binaries()

    def run(*arguments: str) -> None:
        done = subprocess.run(
            arguments, cwd=folder, capture_output=True, text=True, check=False, **identity
        )
        if done.returncode:
            sys.exit(f"{arguments[0]} failed: {done.stderr or done.stdout}")

    run(str(programs / "initdb"), "-D", str(data), "-U", "gainsay", "--auth=trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    log = str(folder / "log")
    control = str(programs / "pg_ctl")
    run(control, "-D", str(data), "-l", log, "-w", "-o", options, "start")
    try:
        url = f"postgres://gainsay@127.0.0.1:{port}/postgres"
        return subprocess.run(
            command, env={**os.environ, "TEST_DATABASE_URL": url}, check=False
        ).returncode
    finally:
        run(control, "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: with_postgres.py COMMAND...")
    sys.exit(main(sys.argv[1:]))
