"""A lab's day on two cores: 300 participants saving every 5 s and 50 annotators sending a batch
every 2 s, on gunicorn, PostgreSQL, Redis and one worker; then faster and faster; then with
processes killed every 20 s and PostgreSQL restarted once.

Always on a PostgreSQL of its own, since that is restarted. Each sound of a page is loaded once, a
researcher looks at every page meanwhile. Clients send again what was not answered, as pages do.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.load.lab_run import LabFigures, LabSize
from benchmarks.load.machines import wait_for_a_socket
from benchmarks.load.postgresql import again_with_a_server
from benchmarks.load.server import ROOT, production
from benchmarks.saves import check, new_database
from benchmarks.table import Row

MODULE = "benchmarks.lab"
LONGEST_P95_MS, LONGEST_PAGE_MS = 100.0, 100.0
# Memory that grows by more than this is not flat.
MOST_MIB_A_MIN = 1.0
CALM = LabSize()
# How long the lab is in trouble: fourteen kills of each kind and the restart.
TROUBLE_S = 300.0
QUICK = LabSize(
    participants=20, annotators=4, trials=4, excerpts=1, ramp_s=3, settle_s=0, seconds=16
)
PACES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
SAVES = ("save", "submit", "desk save", "desk submit")
NOT_PAGES = (*SAVES, "sound", "stem")


def run(quick: bool) -> list[Row]:
    """Rates, times, memory and faults, calm, saturated and in trouble."""
    return again_with_a_server(MODULE, quick)


def _measured(quick: bool) -> list[Row]:
    load_average = os.getloadavg()[0]
    calm = QUICK if quick else CALM
    first = one_day(calm)
    faster = one_day(replace(calm, seconds=9 if quick else 90, paces=PACES[:3] if quick else PACES))
    trouble = one_day(in_trouble(calm))
    return [
        *_calm(first),
        *_saturation(faster),
        *_trouble(trouble),
        Row("load average of the machine before", load_average, ""),
    ]


def in_trouble(calm: LabSize) -> LabSize:
    """The same with kills every 20 s, and a restart of PostgreSQL in the middle."""
    kill_every_s = min(20.0, calm.seconds / 2)
    seconds = min(TROUBLE_S, calm.seconds)
    return replace(calm, seconds=seconds, kill_every_s=kill_every_s, restart_after_s=0.45 * seconds)


def one_day(size: LabSize) -> LabFigures:
    """One run in a child process on a new database of TEST_DATABASE_URL's server."""
    server = os.environ["TEST_DATABASE_URL"]
    wait_for_a_socket(server)
    with tempfile.TemporaryDirectory(prefix="gainsay-lab-") as folder:
        with new_database(server, Path(folder)) as url:
            environment = production(url, Path(folder)) | {"LIMIT_JOIN": "1000000/h"}
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.load.lab_run", json.dumps(asdict(size)), folder],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
            if log := os.environ.get("GAINSAY_LAB_LOG"):
                Path(log).write_text((Path(folder) / "server.log").read_text())
        check(done)
    figures: dict[str, Any] = json.loads(done.stdout)
    return LabFigures(**figures)


def _calm(figures: LabFigures) -> list[Row]:
    step, saves = figures.steps[0], "300 participants and 50 annotators"
    answered_5xx = sum(n for status, n in figures.troubles.items() if status.startswith("5"))
    return [
        Row(f"{saves}: saves", step["achieved"], "/s", "offered", step["offered"]),
        Row(
            f"{saves}: a save, p95",
            step["p95_ms"],
            "ms",
            f"p50 {step['p50_ms']:.0f} ms; p99",
            step["p99_ms"],
            f"under {LONGEST_P95_MS:g}",
            step["p95_ms"] < LONGEST_P95_MS,
        ),
        *_kinds(figures, SAVES[1:]),
        *_faults(saves, figures),
        Row(f"{saves}: answered 5xx", answered_5xx, "", aim="0", met=answered_5xx == 0),
        *_memory(figures),
        *_pages(figures),
        Row(
            f"{saves}: processor time of the web server per save, pages and sounds included",
            figures.server_ms,
            "ms",
            "the client's share of all processor time, %",
            100 * figures.client_share,
        ),
        Row(
            "background jobs left waiting or failed",
            sum(n for state, n in figures.jobs.items() if state != "done"),
            "",
            "done, by Celery on Redis" if figures.has_redis else "done, by manage.py work",
            figures.jobs.get("done", 0),
        ),
    ]


def _kinds(figures: LabFigures, kinds: tuple[str, ...]) -> list[Row]:
    return [
        Row(f"  {kind}, p50", figures.p50_ms[kind], "ms", "p95", figures.p95_ms[kind])
        for kind in kinds
        if kind in figures.n
    ]


def _memory(figures: LabFigures) -> list[Row]:
    return [
        Row(
            f"memory of {name} at the end",
            mib,
            "MiB",
            "more a minute",
            slope,
            f"grows by less than {MOST_MIB_A_MIN:g} MiB/min",
            slope < MOST_MIB_A_MIN,
        )
        for name, (mib, slope) in sorted(figures.memory.items())
    ]


def _pages(figures: LabFigures) -> list[Row]:
    return [
        Row(
            f"page under load: {kind}, server time, p95 of {figures.n[kind]}",
            figures.server_p95_ms[kind],
            "ms",
            f"with the way there: p50 {figures.p50_ms[kind]:.0f} ms; p95",
            figures.p95_ms[kind],
            f"under {LONGEST_PAGE_MS:g}",
            figures.server_p95_ms[kind] < LONGEST_PAGE_MS,
        )
        for kind in sorted(figures.n)
        if kind not in NOT_PAGES
    ]


def _saturation(figures: LabFigures) -> list[Row]:
    return [
        Row(
            f"{step['offered']:.0f} saves/s offered: achieved",
            step["achieved"],
            "/s",
            f"p50 {step['p50_ms']:.0f} ms; p95, ms",
            step["p95_ms"],
        )
        for step in figures.steps
    ] + _faults("faster and faster", figures)


def _trouble(figures: LabFigures) -> list[Row]:
    step = figures.steps[0]
    told = ", ".join(f"{status}: {n}" for status, n in sorted(figures.troubles.items())) or "none"
    return [
        Row(
            f"{figures.kills} web processes and as many workers killed, PostgreSQL restarted "
            f"({figures.restart_s:.1f} s): saves",
            step["achieved"],
            "/s",
            "offered",
            step["offered"],
        ),
        Row("in trouble: a save, p95", step["p95_ms"], "ms", "p99", step["p99_ms"]),
        Row(f"in trouble: sent again ({told})", sum(figures.troubles.values()), ""),
        *_faults("in trouble", figures),
    ]


def _faults(name: str, figures: LabFigures) -> list[Row]:
    for fault in (figures.faults + figures.errors)[:10]:
        print(f"{name}: {fault}", file=sys.stderr)
    return [
        Row(
            f"{name}: saves lost, doubled or changed",
            len(figures.faults),
            "",
            f"{figures.acknowledged:,} were acknowledged",
            aim="0",
            met=not figures.faults,
        ),
        Row(
            f"{name}: people who could not go on",
            len(figures.errors),
            "",
            aim="0",
            met=not figures.errors,
        ),
    ]


if __name__ == "__main__":
    if "--short" in sys.argv:  # for the test: one short day in trouble
        print(json.dumps(asdict(one_day(in_trouble(QUICK)))))
    else:
        print(json.dumps([asdict(row) for row in _measured("--quick" in sys.argv)]))
