"""A participant as the study's pages are one: joins, passes the gates, answers, comes to the end.

What it sends is what the pages' scripts send. Everything acknowledged is noted, to be compared with
the database afterwards. The order of a sitting (`work`) knows a site only as `Site`: a class with
these four calls for another tool, such as Label Studio (its API hands out a task and takes an
annotation), puts the same load on that.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np

from benchmarks.load.annotator import PROXY_HEADERS, Timed
from benchmarks.load.connection import Answer, Connection

TRIAL = re.compile(rb'<script id="trial" type="application/json">(.*?)</script>', re.DOTALL)
CSRF_FIELD = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
COOKIE = re.compile(rb"\r\nset-cookie:\s*([^=;\s]+)=([^;\r\n]*)", re.IGNORECASE)
CHECKBOX = re.compile(rb'<input[^>]*type="checkbox"[^>]*>')
NAME = re.compile(rb'name="([^"]+)"')
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
JSON = "Content-Type: application/json\r\n"
LISTENED_S = 20.0


@dataclass
class Task:
    """One thing to be answered, in the words of its site."""

    key: str
    data: dict[str, Any]
    # Its answer ends the sitting: it cannot be amended.
    is_last: bool = False


class Site(Protocol):
    """What a participant needs of a site. Each call is one sitting's next step."""

    times: list[Timed]

    async def arrive(self) -> None:
        """Come in, up to the first task."""
        ...

    async def next_task(self) -> Task | None:
        """The next task; None when there is none left."""
        ...

    async def submit(self, task: Task, choice: int, revision: int, is_last: bool) -> dict[str, Any]:
        """Answer a task with one of two; what was sent, once it was acknowledged. After the last
        revision the next task is fetched."""
        ...

    async def leave(self) -> None:
        """Go to the end."""
        ...


@dataclass
class Sitting:
    """What one participant did: {task key: what was sent and acknowledged, in order}."""

    acknowledged: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    finished_s: float = 0.0


async def work(site: Site, rng: np.random.Generator, think_s: float, revisions: int = 1) -> Sitting:
    """A whole sitting, thinking `think_s` on average before each answer. With more `revisions` each
    task is answered so often before the next: submits with hardly a page between."""
    done = Sitting()
    try:
        if think_s:
            await asyncio.sleep(think_s * rng.random())
        await site.arrive()
        while (task := await site.next_task()) is not None:
            if think_s:
                await asyncio.sleep(think_s * (0.5 + rng.random()))
            sent = done.acknowledged.setdefault(task.key, [])
            times = 1 if task.is_last else revisions
            for revision in range(1, times + 1):
                is_last = revision == times
                sent.append(await site.submit(task, int(rng.integers(2)), revision, is_last))
        await site.leave()
    except (AssertionError, ConnectionError, OSError) as error:
        done.errors.append(f"{type(error).__name__}: {str(error)[:200]}")
    done.finished_s = perf_counter()
    return done


class Gainsay:
    """The site under test: `join_path` is the study's link, with its pass if it has one."""

    def __init__(self, port: int, join_path: str) -> None:
        self.join_path = join_path
        self.times: list[Timed] = []
        self.connection = Connection(port, PROXY_HEADERS)
        self.cookies: dict[str, str] = {}
        self._page: Answer | None = None
        self._path = ""

    async def arrive(self) -> None:
        page = await self._open("join", self.join_path)
        while TRIAL.search(page.body) is None:
            page = await self._pass_on(page)
        self._page = page

    async def next_task(self) -> Task | None:
        page = self._page
        assert page is not None
        found = TRIAL.search(page.body)
        if found is None:
            return None
        trial = json.loads(found[1])
        return Task(trial["key"], trial, trial["position"] == trial["total"])

    async def submit(self, task: Task, choice: int, revision: int, is_last: bool) -> dict[str, Any]:
        trial = task.data
        values: dict[str, Any] = {"better": trial["letters"][choice]}
        batch = {
            "client": task.key[:8].ljust(8, "0").replace("-", "0").replace("_", "0"),
            "page": trial["page"],
            "seq": revision,
            "events": [{"t": 900, "kind": "play"}, {"t": 21000, "kind": "pause"}],
            "listened_s": dict.fromkeys(trial["sounds"], LISTENED_S),
            "draft": values,
            "submit": {"key": f"k{revision}{task.key}", "phase": "before", "values": values},
        }
        headers = f"{JSON}X-CSRFToken: {self.cookies.get('csrftoken', '')}\r\n"
        body = json.dumps(batch).encode()
        answer = await self._ask("submit", "POST", trial["save_url"], body, headers)
        told = json.loads(answer.body)
        assert answer.status == 200, answer.body[:200]
        assert told["submitted"], told
        if is_last:
            self._page = await self._open("page", told["submitted"]["next"])
        return values

    async def leave(self) -> None:
        page = self._page
        assert page is not None
        while CSRF_FIELD.search(page.body) and not self._path.endswith("/done/"):
            page = await self._pass_on(page)
        self.connection.close()

    async def _pass_on(self, page: Answer) -> Answer:
        """Send the page's form with its boxes ticked."""
        token = CSRF_FIELD.search(page.body)
        assert token is not None, f"no form at {self._path}: {page.status}"
        names = [NAME.search(box) for box in CHECKBOX.findall(page.body)]
        fields = [f"csrfmiddlewaretoken={token[1].decode()}"]
        fields += [f"{name[1].decode()}=on" for name in names if name]
        path, kind = self._path, urlsplit(self._path).path.rstrip("/").rsplit("/", 1)[-1]
        kind = "join" if "/join/" in path else kind
        answer = await self._ask(kind, "POST", path, "&".join(fields).encode(), FORM)
        return await self._follow(kind, answer)

    async def _open(self, kind: str, path: str) -> Answer:
        self._path = path
        return await self._follow(kind, await self._ask(kind, "GET", path))

    async def _follow(self, kind: str, answer: Answer) -> Answer:
        while answer.status in (301, 302, 303):
            self._path = answer.header("Location")
            answer = await self._ask(kind, "GET", self._path)
        assert answer.status == 200, (kind, self._path, answer.status, answer.body[:200])
        return answer

    async def _ask(
        self, kind: str, method: str, path: str, body: bytes = b"", headers: str = ""
    ) -> Answer:
        started_s = perf_counter()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        cookie = f"Cookie: {cookies}\r\n" if cookies else ""
        answer = await self.connection.request(method, path, body, cookie + headers)
        now_s = perf_counter()
        self.times.append(Timed(kind, now_s, now_s - started_s, answer.server_s))
        for name, value in COOKIE.findall(answer.head):
            self.cookies[name.decode()] = value.decode()
        return answer
