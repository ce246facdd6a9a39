"""The people of a lab: participants who save every 5 s, annotators who send a batch every 2 s, a
researcher who looks at every page.

As in the browser each has one save on its way at a time; a save's time counts from when it was due.
Each sound of a page is loaded once, when the page is opened.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.load.annotator import DESK, PROXY_HEADERS, Annotator, Plan, Sent, Timed
from benchmarks.load.participant import JSON, LISTENED_S, Gainsay, Task
from benchmarks.load.patient import PatientConnection

PARTICIPANT_EVERY_S, ANNOTATOR_EVERY_S = 5.0, 2.0
# How long a trial and an excerpt are worked on before they are answered.
TRIAL_S, EXCERPT_S = 25.0, 150.0


@dataclass
class Clock:
    """Until when people work, and how many times as fast as people do now."""

    ends_s: float = float("inf")
    pace: float = 1.0

    @property
    def is_over(self) -> bool:
        return perf_counter() >= self.ends_s

    async def until_due(self, since_s: float, every_s: float) -> float:
        """When the next save is due, once that is now."""
        due_s = max(perf_counter(), since_s + every_s / self.pace)
        await asyncio.sleep(due_s - perf_counter())
        return due_s


@dataclass
class Told:
    """What a participant was told is saved: batches and answers of each trial."""

    batches: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)


class LabParticipant(Gainsay):
    """One who listens, whose page saves, and who answers after a while."""

    def __init__(
        self, port: int, join: str, rng: np.random.Generator, clock: Clock, troubles: Counter[str]
    ) -> None:
        super().__init__(port, join)
        self.connection = PatientConnection(port, PROXY_HEADERS, troubles)
        self.rng, self.clock = rng, clock
        self.told: dict[str, Told] = {}

    async def work(self) -> None:
        """Trial after trial until the clock ends or the study does."""
        await self.arrive()
        while not self.clock.is_over and (task := await self.next_task()) is not None:
            for sound in task.data["sounds"].values():
                await self._ask("sound", "GET", sound)
            await self._trial(task)
        self.connection.close()

    async def _trial(self, task: Task) -> None:
        client, opened_s = self.rng.bytes(12).hex(), perf_counter()
        told = self.told.setdefault(task.key, Told())
        due_s, seq, is_last = opened_s - PARTICIPANT_EVERY_S * self.rng.random(), 0, False
        while not is_last:
            due_s = await self.clock.until_due(due_s, PARTICIPANT_EVERY_S)
            if self.clock.is_over:
                return
            seq += 1
            is_last = perf_counter() - opened_s >= TRIAL_S
            answer = await self._save(task, client, seq, due_s, is_last, told)
            if is_last:
                self._page = await self._open("page", answer["submitted"]["next"])

    async def _save(
        self, task: Task, client: str, seq: int, due_s: float, is_last: bool, told: Told
    ) -> dict[str, Any]:
        trial = task.data
        values = {"better": trial["letters"][int(self.rng.integers(2))]}
        events = [{"t": 5000 * seq, "kind": "play"}, {"t": 5000 * seq + 900, "kind": "pause"}]
        batch = {
            **{"client": client, "page": trial["page"], "seq": seq, "events": events},
            **{"listened_s": dict.fromkeys(trial["sounds"], LISTENED_S), "draft": values},
        }
        if is_last:
            key = self.rng.bytes(12).hex()
            batch["submit"] = {"key": key, "phase": "before", "values": values}
        headers = f"{JSON}X-CSRFToken: {self.cookies.get('csrftoken', '')}\r\n"
        body = json.dumps(batch).encode()
        answer = await self._ask("taken", "POST", trial["save_url"], body, headers)
        del self.times[-1]
        kind = "submit" if is_last else "save"
        self.times.append(Timed(kind, perf_counter(), perf_counter() - due_s, answer.server_s))
        assert answer.status == 200, (answer.status, answer.body[:200])
        told.batches[client, seq] = events
        if is_last:
            told.answers.append(values)
        done: dict[str, Any] = json.loads(answer.body)
        return done


class LabAnnotator(Annotator):
    """One who mixes an excerpt for a few minutes; every 2 s a batch goes out."""

    def __init__(
        self, port: int, token: str, rng: np.random.Generator, clock: Clock, troubles: Counter[str]
    ) -> None:
        super().__init__(port, token, Plan(batches=0), rng)
        self.connection = PatientConnection(port, PROXY_HEADERS, troubles)
        self.clock = clock

    async def work(self) -> None:
        """Excerpt after excerpt until the clock ends or none is left."""
        await self.arrive()
        while not self.clock.is_over and (address := await self.next()) is not None:
            page = await self._ask("page", "GET", address, headers=self._cookie())
            self._take_csrf(page)
            found = DESK.search(page.body)
            assert found is not None, f"no mixer at {address}: {page.status}"
            desk = json.loads(found[1])
            for stem in desk["urls"]["stems"].values():
                await self._ask("stem", "GET", stem, headers=self._cookie())
            await self._excerpt(desk)
        self.connection.close()

    async def _excerpt(self, desk: dict[str, Any]) -> None:
        client, opened_s = self.rng.bytes(12).hex(), perf_counter()
        sent = self.sent.setdefault(desk["assignment"], Sent())
        due_s, seq, is_last = opened_s - ANNOTATOR_EVERY_S * self.rng.random(), 0, False
        while not is_last:
            due_s = await self.clock.until_due(due_s, ANNOTATOR_EVERY_S)
            if self.clock.is_over:
                return
            seq += 1
            is_last = perf_counter() - opened_s >= EXCERPT_S
            # The plan says which batch carries the answer.
            self.plan.batches = seq if is_last else seq + 1
            batch = self._batch(sent, desk, client, seq)
            await self._save("desk", desk["urls"]["save"], json.dumps(batch).encode(), seq, due_s)
            last = self.times[-1]
            last.kind = "desk submit" if is_last else "desk save"
            last.took_s = last.answered_s - due_s

    async def _save(self, kind: str, path: str, body: bytes, seq: int, due_s: float) -> None:
        headers = f"{self._cookie()}Content-Type: application/json\r\nX-CSRFToken: {self.csrf}\r\n"
        answer = await self._ask(kind, "POST", path, body, headers)
        told = json.loads(answer.body)
        assert told["saved_seq"] == seq, told


class LabResearcher:
    """Looks at one page after the other; updates by htmx are asked for as pages do."""

    def __init__(
        self,
        port: int,
        cookie: str,
        pages: Sequence[tuple[str, str, bool]],
        clock: Clock,
        troubles: Counter[str],
    ) -> None:
        self.connection = PatientConnection(port, PROXY_HEADERS, troubles)
        self.cookie, self.pages, self.clock = cookie, pages, clock
        self.times: list[Timed] = []

    async def work(self) -> None:
        while True:
            for name, path, is_update in self.pages:
                await asyncio.sleep(0.5)
                if self.clock.is_over:
                    self.connection.close()
                    return
                headers = f"Cookie: {self.cookie}\r\n" + ("HX-Request: true\r\n" * is_update)
                asked_s = perf_counter()
                answer = await self.connection.request("GET", path, headers=headers)
                assert answer.status == 200, (path, answer.status, answer.body[:200])
                now_s = perf_counter()
                self.times.append(Timed(name, now_s, now_s - asked_s, answer.server_s))
