"""Simulated participants in numbers: who comes, and how far each of them came."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlencode

import numpy as np
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse

from studies.models import Rater, Study
from studies.services.participants import make_pass
from studies.simulation.manners import SHARES, Manner, MannerName, draw_manner
from studies.simulation.walker import Pace, Walk, Walker

Report = Callable[[int], None]


def walkers(
    study: Study,
    site_url: str,
    *,
    participants: int,
    seed: int,
    run: str = Rater.Run.MAIN,
    shares: Mapping[MannerName, float] = SHARES,
    pace: Pace | None = None,
) -> list[Walker]:
    """Participants by the seed. Each comes by a link that marks them as simulated for ever."""
    streams = np.random.default_rng(seed).spawn(participants)
    return [
        Walker(join_url(study, site_url, manner, run), manner, rng, pace)
        for rng in streams
        for manner in [draw_manner(rng, shares)]
    ]


def join_url(study: Study, site_url: str, manner: Manner, run: str = Rater.Run.MAIN) -> str:
    """The study's link with a pass for one simulated rater."""
    admitted = make_pass(study, run=run, kind=Rater.Kind.SIMULATED, manner=manner.name)
    address = reverse("part-join", args=[study.key])
    return f"{site_url.rstrip('/')}{address}?{urlencode({'pass': admitted})}"


def walk_all(people: list[Walker], *, at_once: int, report: Report) -> Iterator[Walk]:
    """Let them walk, at most `at_once` together; each walk as it ends."""
    with ThreadPoolExecutor(at_once) as pool:
        walks = [pool.submit(_walk, one) for one in people]
        for done, walk in enumerate(as_completed(walks), 1):
            report(done)
            yield walk.result()


def _walk(one: Walker) -> Walk:
    try:
        return one.walk()
    finally:
        connections.close_all()


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A simulation tells how far it is, not every request."""


@contextmanager
def served_here() -> Iterator[str]:
    """This site on a free port of the loopback, for as long as it is needed; its address."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _QuietHandler)
    server.set_app(get_wsgi_application())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
