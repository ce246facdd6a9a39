"""`python -m config.serve`: worker and web server together, for one machine and for `make demo`."""

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# How gunicorn serves; the benchmarks serve the same way. Threads mostly wait for the disk, and what
# waits together is committed together; desks save every 2 s and keep their connection for it.
WEB_SERVER = (
    *("--workers", "2", "--threads", "16", "--worker-class", "gthread", "--preload"),
    *("--keep-alive", "15"),
)
# With 16 threads the C library would keep up to 16 pools of memory, most of them nearly empty. It
# also learns to keep the room of large arrays, where those of a stem that is levelled for a desk
# leave holes: over some 40 stems a process grew by 60 to 160 MB, and by 2 MB with fixed thresholds.
WEB_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="config.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "DEBUG": "0",
        **WEB_ENVIRONMENT,
        **os.environ,
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run(
        [*manage, "collectstatic", "--noinput", "-v", "0"], cwd=ROOT, env=environment, check=True
    )
    commands = [
        [*manage, "work"],
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi"),
            *("--bind", f"{options.host}:{options.port}"),
            *WEB_SERVER,
            *("--log-level", "warning"),
        ],
    ]
    children = [subprocess.Popen(command, cwd=ROOT, env=environment) for command in commands]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"Gainsay answers on http://{options.host}:{options.port}/ (Ctrl+C stops it)", flush=True)  # noqa: T201
    # Where one of the two ends, the other is of little use: stop both and say so by the status.
    while not stop.wait(0.5) and all(child.poll() is None for child in children):
        pass
    failed = not stop.is_set()
    for child in children:
        child.terminate()
    for child in children:
        child.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
