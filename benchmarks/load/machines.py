"""What a lab's site runs on beside its web server: Redis, a worker; how they are killed, how
PostgreSQL is restarted, and how much memory each process takes over time.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import psycopg

from benchmarks.load.server import ROOT, Server, free_port, proportional_kib
from config.serve import WEB_ENVIRONMENT


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A private Redis that keeps nothing; its URL, or "" where there is none on this machine."""
    program = shutil.which("redis-server")
    if program is None:
        yield ""
        return
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Worker:
    """`manage.py work`, started again when it was killed, as a supervisor does."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment, self.log = WEB_ENVIRONMENT | dict(environment), log
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as stream:
            return subprocess.Popen(
                [sys.executable, "manage.py", "work"],
                cwd=ROOT,
                env=self.environment,
                stdout=stream,
                stderr=stream,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def kill_web_process(server: Server, number: int) -> bool:
    """kill -9 for one of the processes that answer; the web server starts another."""
    processes = server.children()
    if len(processes) < 2:  # never the only one
        return False
    with suppress(ProcessLookupError):
        os.kill(int(processes[number % len(processes)]), signal.SIGKILL)
    return True


def restart_postgresql(url: str) -> float:
    """Stop the server at once and start it again, as its owner; how many seconds it was away."""
    with psycopg.connect(url, autocommit=True) as asked:
        (data,) = asked.execute("SHOW data_directory").fetchone() or ("",)
    folder = Path(data)
    owner = folder.stat()
    identity = {"user": owner.st_uid, "group": owner.st_gid} if os.getuid() == 0 else {}
    programs = Path(f"/proc/{_postmaster(folder)}/exe").readlink().parent
    command = [programs / "pg_ctl", "-D", folder, "-l", folder / "log", "-m", "fast", "-w"]
    began_s = perf_counter()
    # To a file: the new server inherits what it is given, and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        subprocess.run(
            [*command, "restart"],
            check=True,
            cwd="/",
            stdout=output,
            stderr=output,
            **identity,  # type: ignore[call-overload]
        )
    return perf_counter() - began_s


def _postmaster(folder: Path) -> str:
    return (folder / "postmaster.pid").read_text().splitlines()[0]


RESTING_S = 30.0


@dataclass
class Memory:
    """Samples of each process: [(seconds, MiB)]."""

    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def take(self, processes: Mapping[str, int]) -> None:
        for name, process_id in processes.items():
            with suppress(OSError):
                mib = proportional_kib(str(process_id)) / 1024
                self.samples.setdefault(name, []).append((perf_counter(), mib))

    def slopes(self) -> dict[str, tuple[float, float]]:
        """By process: MiB at the end, and MiB a minute over the second half; both of what it rests
        at, the least of each half minute: the arrays of a stem at work come and go."""
        found = {}
        for name, samples in self.samples.items():
            resting = [min(one) for one in _split(samples, RESTING_S)]
            later = resting[len(resting) // 2 :]
            if len(later) >= 3:
                slope = float(np.polyfit(np.arange(len(later)), later, 1)[0])
                found[name] = (later[-1], slope * 60.0 / RESTING_S)
        return found


def _split(samples: list[tuple[float, float]], every_s: float) -> list[list[float]]:
    """The sizes in stretches of so many seconds."""
    found: dict[int, list[float]] = {}
    for at_s, size in samples:
        found.setdefault(int((at_s - samples[0][0]) / every_s), []).append(size)
    return list(found.values())


def wait_for_a_socket(url: str, within_s: float = 30.0) -> None:
    """Until PostgreSQL takes connections again."""
    deadline_s = perf_counter() + within_s
    while perf_counter() < deadline_s:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        sleep(0.1)
    raise RuntimeError("PostgreSQL did not come back")
