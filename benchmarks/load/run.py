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
from benchmarks.load.server import serving

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
    bare: bool = False


@dataclass(frozen=True)
class Load:
    """What clients did in one run; `worked_s` until the first of them was done."""

    times: list[Timed]
    worked_s: float
    client_share: float


@dataclass(frozen=True)
class Figures:
    """`achieved` saves a second while all clients worked; milliseconds by kind of request.

    `client_share` is the client's part of the whole machine's processor time; `faults` what the
    database holds otherwise than it was sent.
    """

    achieved: float
    counts: dict[str, int]
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
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
    plan = Plan(size.batches, size.clients / size.offered if size.offered else 0.0)
    with serving("config.wsgi", folder / "server.log") as port:
        people = [
            Annotator(port, token, plan, np.random.default_rng([SEED, number]))
            for number, token in enumerate(tokens)
        ]
        load = asyncio.run(_annotate(people))
    sent: dict[str, Sent] = {}
    for person in people:
        sent |= person.sent
    return _figures(load, books.faults(sent))


async def _annotate(people: list[Annotator]) -> Load:
    await asyncio.gather(*(person.arrive() for person in people))
    processor_s, started_s = _processor_s(), perf_counter()
    await asyncio.gather(*(person.work() for person in people))
    share = _share(processor_s, started_s)
    worked_s = min(person.finished_s for person in people) - started_s
    times = [time for person in people for time in person.times]
    in_time = [one for one in times if started_s < one.answered_s <= started_s + worked_s]
    return Load(in_time, worked_s, share)


def bare_saves(size: Size, folder: Path) -> Figures:
    """The bare view, saved to as often as the annotators save."""
    from benchmarks.load import bare

    bare.make_table()
    with serving("benchmarks.load.bare", folder / "bare.log") as port:
        load = asyncio.run(_save_bare(size, port))
    n_sent, n_stored = size.clients * _saves_each(size), bare.stored()
    lost = [] if n_stored == n_sent else [f"{n_stored} rows for {n_sent}"]
    return _figures(load, {"lost": lost})


def _saves_each(size: Size) -> int:
    return size.excerpts * size.overlap * size.batches // size.clients


async def _save_bare(size: Size, port: int) -> Load:
    processor_s, started_s = _processor_s(), perf_counter()
    times: list[Timed] = []

    async def save(number: int) -> float:
        connection, rng = Connection(port), np.random.default_rng([SEED, number])
        for seq in range(_saves_each(size)):
            body = json.dumps({"seq": seq, "events": moves(rng, seq)}).encode()
            sent_s = perf_counter()
            answer = await connection.request("POST", "/save/", body)
            assert answer.status == 200, answer.body[:500]
            times.append(Timed("save", perf_counter(), perf_counter() - sent_s))
        connection.close()
        return perf_counter()

    finished_s = await asyncio.gather(*(save(number) for number in range(size.clients)))
    share = _share(processor_s, started_s)
    in_time = [one for one in times if one.answered_s <= min(finished_s)]
    return Load(in_time, min(finished_s) - started_s, share)


def _processor_s() -> float:
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _share(processor_s: float, started_s: float) -> float:
    """The part of all cores' time since `started_s` that this process took."""
    return (_processor_s() - processor_s) / (perf_counter() - started_s) / (os.cpu_count() or 1)


def _figures(load: Load, faults: dict[str, list[str]]) -> Figures:
    by_kind: dict[str, list[float]] = {}
    for one in load.times:
        by_kind.setdefault(one.kind, []).append(1000.0 * one.took_s)
    return Figures(
        achieved=sum(len(by_kind.get(kind, [])) for kind in SAVES) / load.worked_s,
        counts={kind: len(times) for kind, times in by_kind.items()},
        p50_ms={kind: float(np.percentile(times, 50)) for kind, times in by_kind.items()},
        p95_ms={kind: float(np.percentile(times, 95)) for kind, times in by_kind.items()},
        client_share=load.client_share,
        faults=faults,
    )


if __name__ == "__main__":
    main()
