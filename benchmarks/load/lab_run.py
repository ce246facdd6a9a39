"""One day of a lab against the database of DATABASE_URL: participants and annotators at once, if
asked for at a growing pace, if asked for while processes are killed and PostgreSQL is restarted.
Then the database is compared with what was acknowledged. Prints JSON.

    DATABASE_URL=... python -m benchmarks.load.lab_run '{"participants": 300, ...}' FOLDER
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.load.annotator import Timed
from benchmarks.load.lab_people import (
    ANNOTATOR_EVERY_S,
    PARTICIPANT_EVERY_S,
    Clock,
    LabAnnotator,
    LabParticipant,
    LabResearcher,
)
from benchmarks.load.machines import (
    Memory,
    Worker,
    kill_web_process,
    redis_server,
    restart_postgresql,
)
from benchmarks.load.run import own_processor_s
from benchmarks.load.server import Server, serving

SEED = 11
SAVES = ("save", "submit", "desk save", "desk submit")
SAMPLE_EVERY_S = 5.0


@dataclass(frozen=True)
class LabSize:
    """People come over `ramp_s`, pass the gates within `settle_s`, and are measured for `seconds`
    after it, in as many equal parts as there are `paces`: 2 is twice as often as people save."""

    participants: int = 300
    annotators: int = 50
    trials: int = 18
    excerpts: int = 4
    ramp_s: float = 60.0
    settle_s: float = 30.0
    seconds: float = 300.0
    paces: tuple[float, ...] = (1.0,)
    kill_every_s: float = 0.0
    restart_after_s: float = 0.0


@dataclass
class Step:
    """One pace: saves a second, and the milliseconds of a save."""

    offered: float
    achieved: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass
class LabFigures:
    """`troubles` is what was not answered at once, by status; `memory` is MiB at the end and MiB a
    minute by process; `p95_ms` and `n` are by kind of request. `server_p95_ms` is the time for
    which the site was at work on it, without the wait for a free thread."""

    steps: list[dict[str, float]]
    n: dict[str, int]
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    p99_ms: dict[str, float]
    server_p50_ms: dict[str, float]
    server_p95_ms: dict[str, float]
    acknowledged: int
    troubles: dict[str, int]
    errors: list[str]
    faults: list[str]
    memory: dict[str, tuple[float, float]]
    server_ms: float
    client_share: float
    kills: int
    restart_s: float
    has_redis: bool
    jobs: dict[str, int] = field(default_factory=dict)


def main() -> None:
    size, folder = LabSize(**json.loads(sys.argv[1])), Path(sys.argv[2])
    print(json.dumps(asdict(lab(size, folder))))


def lab(size: LabSize, folder: Path) -> LabFigures:
    with redis_server(folder) as redis:
        if redis:
            os.environ |= {"CELERY_BROKER_URL": f"{redis}/0", "CACHE_URL": f"{redis}/1"}
        import django

        django.setup()
        from benchmarks.load import lab_books

        opened = lab_books.open_lab(
            participants=size.participants + 20,
            trials=size.trials,
            annotators=size.annotators,
            excerpts=size.excerpts,
            seed=SEED,
        )
        pages = lab_books.researcher_pages()
        worker = Worker(dict(os.environ), folder / "worker.log")
        try:
            with serving("config.wsgi", folder / "server.log", os.environ) as server:
                lab_books.wait_for_the_stock()
                day = Day(size, server, worker, opened, pages)
                asyncio.run(day.pass_())
                figures = day.figures()
        finally:
            worker.stop()
    figures.faults = lab_books.faults(day.told, day.sent)
    figures.jobs = lab_books.jobs()
    figures.has_redis = bool(redis)
    return figures


class Day:
    """Everybody at work, and what befalls the machines meanwhile."""

    def __init__(
        self, size: LabSize, server: Server, worker: Worker, opened: Any, pages: Any
    ) -> None:
        join, tokens, cookie = opened
        self.size, self.server, self.worker = size, server, worker
        self.clock, self.troubles = Clock(), Counter[str]()
        self.memory, self.errors, self.kills, self.restart_s = Memory(), list[str](), 0, 0.0
        self.participants = [
            LabParticipant(server.port, join, self._rng(n), self.clock, self.troubles)
            for n in range(size.participants)
        ]
        self.annotators = [
            LabAnnotator(server.port, token, self._rng(1000 + n), self.clock, self.troubles)
            for n, token in enumerate(tokens)
        ]
        self.researcher = LabResearcher(server.port, cookie, pages, self.clock, self.troubles)
        self.starts_s: list[float] = []

    @staticmethod
    def _rng(number: int) -> np.random.Generator:
        return np.random.default_rng([SEED, number])

    async def pass_(self) -> None:
        began_s = perf_counter()
        self.client_s, self.server_s = own_processor_s(), self.server.processor_s()
        people = [*self.participants, *self.annotators]
        pause_s = self.size.ramp_s / len(people)
        order = self._rng(9999).permutation(len(people))
        at_work = [
            asyncio.create_task(self._noted(people[one].work, pause_s * place))
            for place, one in enumerate(order)
        ]
        later_s = self.size.ramp_s + self.size.settle_s
        at_work.append(asyncio.create_task(self._noted(self.researcher.work, later_s)))
        beside = [asyncio.create_task(self._sample())]
        await asyncio.sleep(self.size.ramp_s + self.size.settle_s)
        if self.size.kill_every_s:
            beside.append(asyncio.create_task(self._kill()))
        if self.size.restart_after_s:
            beside.append(asyncio.create_task(self._restart()))
        for pace in self.size.paces:
            self.clock.pace = pace
            self.starts_s.append(perf_counter())
            await asyncio.sleep(self.size.seconds / len(self.size.paces))
        self.starts_s.append(perf_counter())
        self.clock.ends_s = perf_counter()
        for task in beside[:2]:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.gather(*at_work)
        self.all_s = perf_counter() - began_s

    async def _noted(self, work: Callable[[], Awaitable[None]], after_s: float) -> None:
        await asyncio.sleep(after_s)
        try:
            await work()
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {str(error)[:300]}")

    async def _sample(self) -> None:
        while True:
            with suppress(OSError):
                processes = dict.fromkeys(self.server.children())
                named = {
                    f"web {n}": int(one) for n, one in enumerate(sorted(processes, key=int), 1)
                }
                named |= {"web master": self.server.process_id, "worker": self.worker.process.pid}
                self.memory.take(named)
            await asyncio.sleep(SAMPLE_EVERY_S)

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(self.size.kill_every_s)
            self.kills += kill_web_process(self.server, self.kills)
            await asyncio.to_thread(self.worker.kill)

    async def _restart(self) -> None:
        await asyncio.sleep(self.size.restart_after_s)
        self.restart_s = await asyncio.to_thread(restart_postgresql, os.environ["DATABASE_URL"])

    @property
    def told(self) -> dict[str, Any]:
        return {key: one for person in self.participants for key, one in person.told.items()}

    @property
    def sent(self) -> dict[str, Any]:
        return {key: one for person in self.annotators for key, one in person.sent.items()}

    def figures(self) -> LabFigures:
        people: list[Any] = [*self.participants, *self.annotators, self.researcher]
        times = [one for person in people for one in person.times]
        measured = [one for one in times if self.starts_s[0] <= one.answered_s <= self.starts_s[-1]]
        by_kind: dict[str, list[float]] = {}
        in_server: dict[str, list[float]] = {}
        for one in measured:
            by_kind.setdefault(one.kind, []).append(1000.0 * one.took_s)
            in_server.setdefault(one.kind, []).append(1000.0 * one.server_s)
        saves = [one for one in times if one.kind in SAVES]
        if file := os.environ.get("GAINSAY_LAB_TIMES"):  # what took long, and when
            Path(file).write_text(json.dumps([asdict(one) for one in times]))

        def at(share: float, times_ms: dict[str, list[float]] = by_kind) -> dict[str, float]:
            return {kind: float(np.percentile(took, share)) for kind, took in times_ms.items()}

        return LabFigures(
            steps=[asdict(one) for one in self._steps(saves)],
            n={kind: len(took) for kind, took in by_kind.items()},
            p50_ms=at(50),
            p95_ms=at(95),
            p99_ms=at(99),
            server_p50_ms=at(50, in_server),
            server_p95_ms=at(95, in_server),
            acknowledged=len(saves),
            troubles=dict(self.troubles),
            errors=self.errors,
            faults=[],
            memory=self.memory.slopes(),
            server_ms=1000.0 * (self.server.processor_s() - self.server_s) / max(1, len(saves)),
            client_share=(own_processor_s() - self.client_s) / self.all_s / (os.cpu_count() or 1),
            kills=self.kills,
            restart_s=self.restart_s,
            has_redis=False,
        )

    def _steps(self, saves: list[Timed]) -> list[Step]:
        size = self.size
        a_second = size.participants / PARTICIPANT_EVERY_S + size.annotators / ANNOTATOR_EVERY_S
        steps = []
        for pace, begins_s, ends_s in zip(
            size.paces, self.starts_s, self.starts_s[1:], strict=False
        ):
            took = [1000 * one.took_s for one in saves if begins_s <= one.answered_s <= ends_s]
            p50, p95, p99 = np.percentile(took or [0.0], [50, 95, 99]).tolist()
            steps.append(Step(pace * a_second, len(took) / (ends_s - begins_s), p50, p95, p99))
        return steps


if __name__ == "__main__":
    main()
