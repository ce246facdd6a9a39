"""Participants through a study's real pages: 200 who think, 32 who do not, on SQLite.

Join, gates, trials, end; every acknowledged answer is then looked for in the database, by count and
by content. Client, server and database share the machine; audio is not fetched.

For orientation, measured elsewhere on two such cores with the client beside the server: Label
Studio 1.23 takes about 41 submits/s (p50 189 ms at 8 clients) in 340-890 MiB, pymushra 20/s.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.load.server import ROOT, production
from benchmarks.load.study_run import StudyFigures, StudySize
from benchmarks.saves import check, new_database
from benchmarks.table import Row

LEAST_SUBMITS, LONGEST_P50_MS, MOST_MIB = 300.0, 120.0, 170.0
THINKING, QUICK_THINKING = StudySize(200, 1, 12, 5.0), StudySize(20, 1, 4, 0.5)
RUSHING, QUICK_RUSHING = StudySize(32, 2, 14, 0.0), StudySize(8, 1, 6, 0.0)
# Every trial answered thirty times over: what a submit costs without the pages between.
SUBMITTING = StudySize(32, 1, 8, 0.0, revisions=30)
QUICK_SUBMITTING = StudySize(8, 1, 4, 0.0, revisions=10)
STEPS = {
    "join": "joining",
    "consent": "consent",
    "instructions": "instructions",
    "page": "trial page (its two redirects apart)",
    "submit": "submit",
    "debriefing": "debriefing",
}


def run(quick: bool) -> list[Row]:
    """Rates, times and faults on SQLite; `benchmarks.participants_postgresql` has the others."""
    return measure("SQLite", "sqlite", quick)


def measure(database: str, server: str, quick: bool) -> list[Row]:
    """All rows of one database."""
    load_average = os.getloadavg()[0]
    thinking = one_run(server, QUICK_THINKING if quick else THINKING)
    rushing = one_run(server, QUICK_RUSHING if quick else RUSHING)
    submitting = one_run(server, QUICK_SUBMITTING if quick else SUBMITTING)
    count = (QUICK_THINKING if quick else THINKING).clients
    return [
        *_saturation(database, submitting, rushing),
        *_steps(f"{database}: {count} participants who think 5 s", thinking),
        *_faults(database, [thinking, rushing, submitting]),
        Row(
            f"{database}: the client's share of all processor time, without thinking",
            100.0 * rushing.client_share,
            "%",
        ),
        Row(f"{database}: load average of the machine before", load_average, ""),
    ]


def one_run(server: str, size: StudySize) -> StudyFigures:
    """One run in a child process on a new database: `server` is "sqlite" or a PostgreSQL's URL."""
    with tempfile.TemporaryDirectory(prefix="gainsay-participants-") as folder:
        with new_database(server, Path(folder)) as url:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.load.study_run",
                    json.dumps(asdict(size)),
                    folder,
                ],
                cwd=ROOT,
                env=production(url, Path(folder)),
                capture_output=True,
                text=True,
            )
        check(done)
    return StudyFigures(**json.loads(done.stdout))


def _saturation(database: str, submitting: StudyFigures, rushing: StudyFigures) -> list[Row]:
    p50_ms = submitting.p50_ms["submit"]
    return [
        Row(
            f"{database}: 32 participants submit as fast as they are answered",
            submitting.submits,
            "submits/s",
            "p99 of a submit, ms",
            submitting.p99_ms["submit"],
            f"{LEAST_SUBMITS:g} or more",
            submitting.submits >= LEAST_SUBMITS,
        ),
        Row(
            f"{database}: a submit then, p50",
            p50_ms,
            "ms",
            "p95",
            submitting.p95_ms["submit"],
            f"under {LONGEST_P50_MS:g}",
            p50_ms < LONGEST_P50_MS,
        ),
        Row(
            f"{database}: the same with a trial's page fetched after each submit",
            rushing.submits,
            "submits/s",
            "p50 of a page, ms",
            rushing.p50_ms["page"],
        ),
        Row(
            f"{database}: memory of the web server's processes together",
            submitting.memory_mib,
            "MiB",
            aim=f"under {MOST_MIB:g}",
            met=submitting.memory_mib < MOST_MIB,
        ),
        Row(
            f"{database}: processor time per submit",
            submitting.server_ms,
            "ms",
            "with a page",
            rushing.server_ms,
        ),
    ]


def _steps(name: str, figures: StudyFigures) -> list[Row]:
    rows = [Row(f"{name}: achieved", figures.submits, "submits/s")]
    return rows + [
        Row(
            f"{name}: {label}, p50",
            figures.p50_ms[kind],
            "ms",
            f"p95; p99 is {figures.p99_ms[kind]:.0f} ms",
            figures.p95_ms[kind],
        )
        for kind, label in STEPS.items()
        if kind in figures.p50_ms
    ]


def _faults(database: str, runs: list[StudyFigures]) -> list[Row]:
    lost = [fault for figures in runs for fault in figures.faults["lost"]]
    over = [fault for figures in runs for fault in figures.faults["overlap"]]
    errors = [error for figures in runs for error in figures.errors]
    for fault in (lost + over + errors)[:10]:
        print(f"{database}: {fault}", file=sys.stderr)
    acknowledged = sum(figures.acknowledged for figures in runs)
    return [
        Row(
            f"{database}: answers lost, doubled or changed",
            len(lost),
            "",
            f"{acknowledged:,} were acknowledged",
            aim="0",
            met=not lost,
        ),
        Row(f"{database}: lists with two people", len(over), "", aim="0", met=not over),
        Row(f"{database}: sittings that broke off", len(errors), "", aim="0", met=not errors),
    ]
