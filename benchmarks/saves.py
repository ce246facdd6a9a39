"""32 clients asking for the next excerpt and saving, through the real views, on SQLite.

Each client is an annotator with a link of their own: queue page, next excerpt, mixer page, then
saves, the last of them with the answer; some batches are sent twice. Afterwards the database is
compared with what was sent. The same clients also save to a bare view that does one INSERT, so that
the table tells what our view costs on top. Client, server and database share the machine; the site
runs under its production settings with the web server of `config.serve`.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.load.run import Figures, Size
from benchmarks.load.server import ROOT, production
from benchmarks.table import Row

LEAST_RATE = 300.0
OFFERED = 340.0
FULL = Size()
QUICK = Size(excerpts=4, batches=20)


def run(quick: bool) -> list[Row]:
    """Rates, times and faults on SQLite; `benchmarks.saves_postgresql` has the other rows."""
    return measure("SQLite", "sqlite", QUICK if quick else FULL)


def measure(database: str, server: str, size: Size) -> list[Row]:
    """All rows of one database: as fast as answered, at a steady rate, and the bare view."""
    load_average = os.getloadavg()[0]
    fastest = one_run(server, size)
    steady = one_run(server, replace(size, offered=OFFERED))
    bare = one_run(server, replace(size, bare=True))
    return [
        *_rates(database, fastest, steady, bare),
        *_waits(database, steady),
        *_faults(database, [fastest, steady, bare]),
        Row(
            f"{database}: the web server's processor time, all requests, per save",
            fastest.server_ms,
            "ms",
            "a bare view with one INSERT",
            bare.server_ms,
        ),
        Row(
            f"{database}: the client's share of all processor time",
            100.0 * fastest.client_share,
            "%",
            "with the bare view",
            100.0 * bare.client_share,
        ),
        Row(f"{database}: load average of the machine before", load_average, ""),
    ]


def one_run(server: str, size: Size) -> Figures:
    """One run in a child process on a new database: `server` is "sqlite" or a PostgreSQL's URL."""
    with tempfile.TemporaryDirectory(prefix="gainsay-saves-") as folder:
        with new_database(server, Path(folder)) as url:
            command = [sys.executable, "-m", "benchmarks.load.run"]
            done = subprocess.run(
                [*command, json.dumps(asdict(size)), folder],
                cwd=ROOT,
                env=production(url, Path(folder)),
                capture_output=True,
                text=True,
            )
        check(done)
    return Figures(**json.loads(done.stdout))


@contextmanager
def new_database(server: str, folder: Path) -> Iterator[str]:
    if server == "sqlite":
        yield f"sqlite:///{folder}/database"
        return
    name = f"gainsay_load_{secrets.token_hex(4)}"
    _maintain(server, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _maintain(server, f"DROP DATABASE {name} WITH (FORCE)")


def _maintain(server: str, statement: LiteralString) -> None:
    """Connected for this alone: the server may be restarted meanwhile."""
    with psycopg.connect(server, autocommit=True) as maintenance:
        maintenance.execute(statement)


def _rates(database: str, fastest: Figures, steady: Figures, bare: Figures) -> list[Row]:
    aim = f"{LEAST_RATE:g} or more"
    return [
        Row(
            f"{database}: 32 clients as fast as they are answered",
            fastest.achieved,
            "saves/s",
            "a bare view with one INSERT",
            bare.achieved,
            aim,
            fastest.achieved >= LEAST_RATE,
        ),
        Row(
            f"{database}: 32 clients at a steady rate",
            steady.achieved,
            "saves/s",
            "offered, pages between excerpts apart",
            OFFERED,
            aim,
            steady.achieved >= LEAST_RATE,
        ),
    ]


def _waits(database: str, steady: Figures) -> list[Row]:
    kinds = {"save": "save", "submit": "submit", "next": "next excerpt", "page": "mixer page"}
    return [
        Row(
            f"{database}: {name}, p50 at that rate",
            steady.p50_ms[kind],
            "ms",
            "p95",
            steady.p95_ms[kind],
        )
        for kind, name in kinds.items()
    ]


def _faults(database: str, runs: list[Figures]) -> list[Row]:
    lost = [fault for figures in runs for fault in figures.faults["lost"]]
    over = [fault for figures in runs for fault in figures.faults.get("overlap", [])]
    for fault in (lost + over)[:10]:
        print(f"{database}: {fault}", file=sys.stderr)
    sent = sum(figures.saved for figures in runs)
    return [
        Row(
            f"{database}: saves lost, doubled or changed",
            len(lost),
            "",
            f"{sent:,} sent, one in twenty of them twice",
            aim="0",
            met=not lost,
        ),
        Row(
            f"{database}: excerpts with more people than places",
            len(over),
            "",
            aim="0",
            met=not over,
        ),
    ]


def check(done: "subprocess.CompletedProcess[str]") -> None:
    """Raises RuntimeError with the child's last words where it failed."""
    if done.returncode:
        raise RuntimeError(f"a child failed: {done.stderr[-3000:]}")
