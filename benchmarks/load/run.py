"""One run against the database of DATABASE_URL: many annotators work a campaign through, then the
database is compared with what they sent. Prints JSON.

    DATABASE_URL=... python -m benchmarks.load.run '{"clients": 32, "excerpts": 14, ...}' FOLDER

With `"bare": true` as many clients save to the view of `benchmarks.load.bare` instead. The other
variables that the site needs are set by `benchmarks.saves`.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import numpy as np

from benchmarks.load.annotator import Annotator, Plan, Sent, Timed, moves
from benchmarks.load.connection import Connection
from benchmarks.load.server import Server, serving

SEED = 7
SAVES = ("save", "submit")


@dataclass(frozen=True)
class Size:
    """`offered` saves a second in all, 0 for as many as are answered."""

    clients: int = 32
    excerpts: int = 14
    overlap: int = 16
    batches: int = 30
    offered: float = 0.0
    replay_share: float = 0.05
    bare: bool = False


@dataclass(frozen=True)
class Load:
    """What clients did in one run; `worked_s` until the first of them was done, `all_s` until the
    last; the processor seconds that server and client took in all that time."""

    times: list[Timed]
    worked_s: float
    all_s: float
    server_s: float
    client_s: float


@dataclass(frozen=True)
class Figures:
    """`achieved` saves a second, `counts` and milliseconds by kind of request are of the time in
    which all clients worked; `saved` is all that was sent until the end, replays apart.

    `server_ms` is the web server's processor time per save (pages and replays with it, the database
    server's without), `client_share` the client's part of the whole machine's processor time;
    `faults` is what the database holds otherwise than it was sent.
    """

    achieved: float
    saved: int
    counts: dict[str, int]
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    server_ms: float
    client_share: float
    faults: dict[str, list[str]]


def main() -> None:
    size, folder = Size(**json.loads(sys.argv[1])), Path(sys.argv[2])
    figures = (bare_saves if size.bare else annotators)(size, folder)
    print(json.dumps(asdict(figures)))


def annotators(size: Size, folder: Path) -> Figures:
    """The real site and everything that the mixer page asks of it, stems' audio apart."""
    import django

    django.setup()
    from benchmarks.load import books

    tokens = books.open_books(
        clients=size.clients, excerpts=size.excerpts, overlap=size.overlap, seed=SEED
    )
    interval_s = size.clients / size.offered if size.offered else 0.0
    plan = Plan(size.batches, interval_s, size.replay_share)
    with serving("config.wsgi", folder / "server.log", os.environ) as server:
        people = [
            Annotator(server.port, token, plan, np.random.default_rng([SEED, number]))
            for number, token in enumerate(tokens)
        ]
        load = asyncio.run(_annotate(server, people))
    sent: dict[str, Sent] = {}
    for person in people:
        sent |= person.sent
    n_saved = sum(len(one.batches) for one in sent.values())
    return _figures(n_saved, load, books.faults(sent))


async def _annotate(server: Server, people: list[Annotator]) -> Load:
    await asyncio.gather(*(person.arrive() for person in people))
    clock = _Clock(server)
    await asyncio.gather(*(person.work() for person in people))
    times = [time for person in people for time in person.times]
    return clock.stop(times, min(person.finished_s for person in people))


def bare_saves(size: Size, folder: Path) -> Figures:
    """The bare view, saved to as often as the annotators save."""
    from benchmarks.load import bare

    bare.make_table()
    with serving("benchmarks.load.bare", folder / "bare.log", os.environ) as server:
        load = asyncio.run(_save_bare(size, server))
    n_sent, n_stored = size.clients * _saves_each(size), bare.stored()
    lost = [] if n_stored == n_sent else [f"{n_stored} rows for {n_sent}"]
    return _figures(n_sent, load, {"lost": lost})


def _saves_each(size: Size) -> int:
    return size.excerpts * size.overlap * size.batches // size.clients


async def _save_bare(size: Size, server: Server) -> Load:
    times: list[Timed] = []

    async def save(number: int) -> float:
        connection, rng = Connection(server.port), np.random.default_rng([SEED, number])
        for seq in range(_saves_each(size)):
            body = json.dumps({"seq": seq, "events": moves(rng, seq)}).encode()
            sent_s = perf_counter()
            answer = await connection.request("POST", "/save/", body)
            assert answer.status == 200, answer.body[:500]
            times.append(Timed("save", perf_counter(), perf_counter() - sent_s))
        connection.close()
        return perf_counter()

    clock = _Clock(server)
    finished_s = await asyncio.gather(*(save(number) for number in range(size.clients)))
    return clock.stop(times, min(finished_s))


class _Clock:
    """Started when the clients start."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.started_s = perf_counter()
        self.server_s, self.client_s = server.processor_s(), own_processor_s()

    def stop(self, times: list[Timed], first_done_s: float) -> Load:
        return Load(
            times=[one for one in times if self.started_s <= one.answered_s <= first_done_s],
            worked_s=first_done_s - self.started_s,
            all_s=perf_counter() - self.started_s,
            server_s=self.server.processor_s() - self.server_s,
            client_s=own_processor_s() - self.client_s,
        )


def own_processor_s() -> float:
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _figures(n_saved: int, load: Load, faults: dict[str, list[str]]) -> Figures:
    by_kind: dict[str, list[float]] = {}
    for one in load.times:
        by_kind.setdefault(one.kind, []).append(1000.0 * one.took_s)
    return Figures(
        achieved=sum(len(by_kind.get(kind, [])) for kind in SAVES) / load.worked_s,
        saved=n_saved,
        counts={kind: len(times) for kind, times in by_kind.items()},
        p50_ms={kind: float(np.percentile(times, 50)) for kind, times in by_kind.items()},
        p95_ms={kind: float(np.percentile(times, 95)) for kind, times in by_kind.items()},
        server_ms=1000.0 * load.server_s / n_saved,
        client_share=load.client_s / load.all_s / (os.cpu_count() or 1),
        faults=faults,
    )


if __name__ == "__main__":
    main()
