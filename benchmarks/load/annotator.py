"""An annotator as the mixer page is one: asks for the next excerpt, opens it, saves, submits.

What it sends is what `static/js/save-queue.js` sends (cookie and CSRF header, batches numbered per
page load, the answer under a key of its own), and everything is noted, to be compared with the
database afterwards.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from analysis.vectors import STEMS
from benchmarks.load.connection import Answer, Connection

DESK = re.compile(rb'<script id="desk" type="application/json">(.*?)</script>', re.DOTALL)
CSRF_FIELD = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
# The site runs as behind a proxy that ends TLS: these are the proxy's and the browser's headers.
PROXY_HEADERS = "X-Forwarded-Proto: https\r\nOrigin: https://127.0.0.1\r\n"
MOVES_PER_BATCH = 12  # 2 s with a fader in the hand two thirds of the time
LISTENED_S = 2.0


@dataclass
class Timed:
    """One answered request: its kind, when it was answered, how long that took, and for how much
    of it the site was at work, in seconds.

    Where saves are due at given times the wait counts from then, not from when it was sent: a late
    server cannot hide behind a client that had to wait for it.
    """

    kind: str
    answered_s: float
    took_s: float
    server_s: float = 0.0


@dataclass
class Sent:
    """What one showing must be found to hold."""

    batches: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    desk: dict[str, Any] = field(default_factory=dict)
    listened_s: float = 0.0
    moves: int = 0
    submissions: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass
class Plan:
    """`interval_s` 0 sends as fast as answers come; else one batch is due every so many seconds."""

    batches: int
    interval_s: float = 0.0
    replay_share: float = 0.05


def moves(rng: np.random.Generator, seq: int) -> list[dict[str, Any]]:
    """The events of 2 s: one fader on its way."""
    stem = STEMS[int(rng.integers(len(STEMS)))]
    levels_db = np.round(rng.uniform(-12.0, 6.0, MOVES_PER_BATCH), 1).tolist()
    return [
        {"t": 2000 * seq + 110 * n, "kind": "fader", "stem": stem, "db": level_db}
        for n, level_db in enumerate(levels_db)
    ]


class Annotator:
    """One client with a link. `sent` and `times` hold what it did."""

    def __init__(self, port: int, token: str, plan: Plan, rng: np.random.Generator) -> None:
        self.token, self.plan, self.rng = token, plan, rng
        self.connection = Connection(port, PROXY_HEADERS)
        self.csrf = self.cookie = ""
        self.sent: dict[str, Sent] = {}
        self.times: list[Timed] = []
        self.finished_s = 0.0

    async def arrive(self) -> None:
        """Open the queue page, which gives the cookie."""
        answer = await self._ask("queue", "GET", f"/a/{self.token}/")
        self.cookie = answer.header("Set-Cookie").partition(";")[0]
        self._take_csrf(answer)

    async def work(self) -> None:
        """Excerpt after excerpt until none is left."""
        while (address := await self.next()) is not None:
            page = await self._ask("page", "GET", address, headers=self._cookie())
            self._take_csrf(page)
            found = DESK.search(page.body)
            assert found is not None, f"no mixer at {address}: {page.status}"
            await self._mix(json.loads(found[1]))
        self.finished_s = perf_counter()
        self.connection.close()

    async def next(self) -> str | None:
        """Ask for the next excerpt: the address of its mixer page, None when none is left."""
        form = f"csrfmiddlewaretoken={self.csrf}".encode()
        kind = f"{self._cookie()}Content-Type: application/x-www-form-urlencoded\r\n"
        answer = await self._ask("next", "POST", f"/a/{self.token}/next/", form, kind, status=302)
        address = answer.header("Location")
        return None if address.endswith("?finished") else address

    async def _mix(self, desk: dict[str, Any]) -> None:
        client = self.rng.bytes(12).hex()
        sent = self.sent.setdefault(desk["assignment"], Sent())
        opened_s = perf_counter()
        for seq in range(1, self.plan.batches + 1):
            # Half an interval at random, so that the clients do not all save at one instant.
            due_s = opened_s + (seq - 0.5 * self.rng.random()) * self.plan.interval_s
            batch = self._batch(sent, desk, client, seq)
            body = json.dumps(batch).encode()
            kind = "submit" if batch["submit"] else "save"
            if self.plan.interval_s:
                await asyncio.sleep(max(0.0, due_s - perf_counter()))
            await self._save(kind, desk["urls"]["save"], body, seq, due_s)
            if self.rng.random() < self.plan.replay_share:
                await self._save("replay", desk["urls"]["save"], body, seq, 0.0)

    async def _save(self, kind: str, path: str, body: bytes, seq: int, due_s: float) -> None:
        headers = f"{self._cookie()}Content-Type: application/json\r\nX-CSRFToken: {self.csrf}\r\n"
        since_s = due_s if self.plan.interval_s and due_s else None
        answer = await self._ask(kind, "POST", path, body, headers, since_s=since_s)
        told = json.loads(answer.body)
        assert told["saved_seq"] == seq, told
        assert told["is_latest"], told
        assert (told["submitted"] is not None) == (kind == "submit" or b'"key"' in body), told

    def _batch(self, sent: Sent, desk: dict[str, Any], client: str, seq: int) -> dict[str, Any]:
        """The next 2 s of work, noted in `sent`; the last batch carries the answer."""
        events = moves(self.rng, seq)
        last = events[-1]
        faders_db = {**sent.desk.get("faders_db", desk["start_db"]), last["stem"]: last["db"]}
        sent.desk = {
            **{"faders_db": faders_db, "mute": [], "solo": [], "loop": [2.0, 9.5]},
            **{"hold": True, "confidence": 4, "comment": ""},
        }
        sent.batches[client, seq] = events
        sent.listened_s += LISTENED_S
        sent.moves += len(events)
        submit = None
        if seq == self.plan.batches:
            key = self.rng.bytes(12).hex()
            submit = {"key": key, "faders_db": faders_db, "confidence": 4}
            sent.submissions[key] = faders_db
        return {
            **{"client": client, "page": desk["page"], "seq": seq, "events": events},
            **{"listened_s": LISTENED_S, "desk": sent.desk, "submit": submit},
        }

    async def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: bytes = b"",
        headers: str = "",
        *,
        status: int = 200,
        since_s: float | None = None,
    ) -> Answer:
        started_s = perf_counter() if since_s is None else since_s
        answer = await self.connection.request(method, path, body, headers)
        now_s = perf_counter()
        self.times.append(Timed(kind, now_s, now_s - started_s, answer.server_s))
        assert answer.status == status, (kind, path, answer.status, answer.body[:500])
        return answer

    def _cookie(self) -> str:
        return f"Cookie: {self.cookie}\r\n"

    def _take_csrf(self, page: Answer) -> None:
        found = CSRF_FIELD.search(page.body)
        assert found is not None, page.body[:500]
        self.csrf = found[1].decode()
