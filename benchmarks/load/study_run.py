"""One run against the database of DATABASE_URL: many participants take a study, then the database
is compared with what was acknowledged to them. Prints JSON.

    DATABASE_URL=... python -m benchmarks.load.study_run '{"clients": 200, ...}' FOLDER
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.load.annotator import Timed
from benchmarks.load.participant import Gainsay, Sitting, work
from benchmarks.load.run import own_processor_s
from benchmarks.load.server import Server, serving

SEED = 9


@dataclass(frozen=True)
class StudySize:
    """`think_s` 0 answers as fast as pages come; `kill_every_s` kills one of the web server's
    processes that often, at any instant, 0 none; `revisions` answers each trial so often."""

    clients: int = 200
    sittings: int = 1
    trials: int = 12
    think_s: float = 5.0
    kill_every_s: float = 0.0
    revisions: int = 1


@dataclass(frozen=True)
class StudyFigures:
    """`submits` a second while all clients were at work; milliseconds by kind of request;
    `memory_mib` of the web server's processes together; `errors` are sittings that broke off."""

    submits: float
    acknowledged: int
    counts: dict[str, int]
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    p99_ms: dict[str, float]
    server_ms: float
    client_share: float
    memory_mib: float
    kills: int
    errors: list[str]
    faults: dict[str, list[str]]


def main() -> None:
    size, folder = StudySize(**json.loads(sys.argv[1])), Path(sys.argv[2])
    print(json.dumps(asdict(participants(size, folder))))


def participants(size: StudySize, folder: Path) -> StudyFigures:
    """The real site and everything that a study's pages ask of it, audio apart."""
    import django

    django.setup()
    from benchmarks.load import study_books

    count = size.clients * size.sittings
    join = study_books.open_study(participants=count, trials=size.trials, seed=SEED)
    with serving("config.wsgi", folder / "server.log", os.environ) as server:
        began = _Began(perf_counter(), server.processor_s(), own_processor_s())
        sites, sittings, kills = asyncio.run(_take(server, size, join))
        memory_mib = server.memory_mib()
        figures = _figures(began, server, sites, sittings)
    acknowledged = {key: values for one in sittings for key, values in one.acknowledged.items()}
    return StudyFigures(
        **figures,
        memory_mib=memory_mib,
        acknowledged=sum(len(sent) for sent in acknowledged.values()),
        kills=kills,
        errors=[error for one in sittings for error in one.errors],
        faults=study_books.faults(acknowledged),
    )


@dataclass(frozen=True)
class _Began:
    at_s: float
    server_s: float
    client_s: float


async def _take(
    server: Server, size: StudySize, join: str
) -> tuple[list[Gainsay], list[Sitting], int]:
    """Each client takes `sittings` sittings, one after the other, each as another person."""
    sites: list[Gainsay] = []

    async def client(number: int) -> list[Sitting]:
        rng = np.random.default_rng([SEED, number])
        done = []
        for _ in range(size.sittings):
            site = Gainsay(server.port, join)
            sites.append(site)
            done.append(await work(site, rng, size.think_s, size.revisions))
        return done

    killed: list[str] = []
    killing = asyncio.create_task(_kill(server, size.kill_every_s, killed))
    found = await asyncio.gather(*(client(number) for number in range(size.clients)))
    killing.cancel()
    return sites, [sitting for sittings in found for sitting in sittings], len(killed)


async def _kill(server: Server, every_s: float, killed: list[str]) -> None:
    """kill -9 for one of the processes that answer, in turn; the web server starts another."""
    while every_s:
        await asyncio.sleep(every_s)
        processes = server.children()
        # Never the only one: what is sent while nobody listens is another test.
        if len(processes) > 1:
            victim = processes[len(killed) % len(processes)]
            killed.append(victim)
            with suppress(ProcessLookupError):
                os.kill(int(victim), signal.SIGKILL)


def _figures(
    began: _Began, server: Server, sites: list[Gainsay], sittings: list[Sitting]
) -> dict[str, Any]:
    all_s = perf_counter() - began.at_s
    server_s = server.processor_s() - began.server_s
    client_s = own_processor_s() - began.client_s
    times = [time for site in sites for time in site.times]
    by_kind: dict[str, list[float]] = {}
    for one in times:
        by_kind.setdefault(one.kind, []).append(1000.0 * one.took_s)

    def at(share: float) -> dict[str, float]:
        return {kind: float(np.percentile(took, share)) for kind, took in by_kind.items()}

    return {
        "submits": _rate([one for one in times if one.kind == "submit"]),
        "counts": {kind: len(took) for kind, took in by_kind.items()},
        "p50_ms": at(50),
        "p95_ms": at(95),
        "p99_ms": at(99),
        "server_ms": 1000.0 * server_s / max(1, len(by_kind.get("submit", []))),
        "client_share": client_s / all_s / (os.cpu_count() or 1),
    }


def _rate(submits: list[Timed]) -> float:
    """Submits a second between the first and the last tenth of them, when all are at work."""
    answered = sorted(one.answered_s for one in submits)
    tenth = len(answered) // 10
    middle = answered[tenth : len(answered) - tenth]
    return 0.0 if len(middle) < 2 else (len(middle) - 1) / (middle[-1] - middle[0])


if __name__ == "__main__":
    main()
