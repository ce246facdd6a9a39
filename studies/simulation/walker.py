"""One simulated participant: the study's link, the gates, the trials, the end, over HTTP.

It sends what the pages' scripts send: forms with their CSRF field, batches of events numbered by
page load, each trial's answers under a key of their own.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import numpy as np

from studies.simulation.manners import Manner, answer, attentive_answer
from studies.simulation.opinions import Opinion, heard_right
from studies.simulation.pages import CHOSEN, Field, Form, Page

MOST_PAGES = 500
TIMEOUT_S = 60.0
CSRF_FIELD = "csrfmiddlewaretoken"
TOKEN = re.compile(r"/s/([^/]+)/")


class WalkError(Exception):
    """The site did what no participant should meet; one line."""


@dataclass
class Timed:
    """One answered request: its kind, when it was answered and how long that took, in seconds."""

    kind: str
    at_s: float
    took_s: float
    status: int


@dataclass
class Walk:
    """How far somebody came: "complete", "dropped", "ended early" or a WalkError's words.

    `acknowledged` holds the answers that the site confirmed: {trial key: values}.
    """

    manner: str
    outcome: str = ""
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: list[Timed] = field(default_factory=list)


@dataclass(frozen=True)
class Pace:
    """`think_s` before each answer; `loads_audio` fetches every sound once, as a browser does."""

    think_s: float = 0.0
    loads_audio: bool = False
    sleep: Callable[[float], None] = time.sleep


class Walker:
    """`join_url` is the whole address of the study's link, with its pass."""

    def __init__(
        self, join_url: str, manner: Manner, rng: np.random.Generator, pace: Pace | None = None
    ) -> None:
        self.join_url, self.manner, self.rng = join_url, manner, rng
        self.pace = pace or Pace()
        self.done = Walk(manner.name)
        parts = urlsplit(join_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        self._client = httpx2.Client(
            follow_redirects=True,
            timeout=TIMEOUT_S,
            headers={"Origin": origin, "Referer": join_url},
        )

    def walk(self) -> Walk:
        """Go all the way, or as far as this manner goes."""
        try:
            with self._client:
                self._walk()
        except (WalkError, httpx2.HTTPError) as error:
            self.done.outcome = f"{type(error).__name__}: {error}"
        return self.done

    def _walk(self) -> None:
        response = self._get("join", self.join_url)
        trials = 0
        for _ in range(MOST_PAGES):
            page, path = Page(response.text), response.url.path
            trial = page.json("trial")
            if trial is not None:
                trials += 1
                if self.rng.random() < self.manner.leaves:
                    self.done.outcome = "dropped"
                    return
                response = self._get("page", urljoin(str(response.url), self._answer(page, trial)))
                continue
            step = path.rstrip("/").rsplit("/", 1)[-1]
            if step in ("done", "withdraw"):
                self.done.outcome = "complete" if trials else "ended early"
                return
            response = self._pass_on(page, step, str(response.url))
        raise WalkError(f"no end after {MOST_PAGES} pages")

    def _pass_on(self, page: Page, step: str, url: str) -> httpx2.Response:
        """Fill in the page's form and send it."""
        form = next((one for one in page.forms if one.method == "post" and _is_onward(one)), None)
        if form is None:
            raise WalkError(f"{step}: no form leads on")
        data = {name: self._filled(name, one) for name, one in form.fields.items()}
        data = {name: value for name, value in data.items() if value is not None}
        if step == "headphones" and "answers" in form.fields:
            data["answers"] = self._heard(url)
        self._think()
        target = urljoin(url, form.action) if form.action else url
        response = self._timed(step, lambda: self._client.post(target, data=data))
        if response.status_code >= 400:
            raise WalkError(f"{step}: {response.status_code} after {sorted(data)}")
        return response

    def _filled(self, name: str, one: Field) -> str | None:
        if one.kind == "checkbox":
            return one.choices[0] if one.choices else "on"
        if one.kind in CHOSEN or one.kind == "select":
            choices = [choice for choice in one.choices if choice]
            return str(self.rng.choice(choices)) if choices else None
        if one.kind == "number":
            low, high = one.low or 0.0, one.high if one.high is not None else 20.0
            return str(int(self.rng.integers(int(low), min(int(high), int(low) + 20) + 1)))
        return one.value

    def _heard(self, url: str) -> str:
        found = TOKEN.search(url)
        right = heard_right(found[1]) if found else []
        if not self.manner.attends:
            right = [int(self.rng.integers(1, 4)) for _ in right]
        return ",".join(str(one) for one in right)

    def _answer(self, page: Page, trial: Mapping[str, Any]) -> str:
        """Answer one trial in all its phases; the address that comes next."""
        opinion = Opinion(trial["key"])
        client, next_url = secrets.token_hex(8), ""
        if self.pace.loads_audio:
            for address in trial["sounds"].values():
                if address:
                    self._get("sound", urljoin(self.join_url, address))
        for seq, phase in enumerate(("before", "after"), 1):
            self._think()
            values = self._values(opinion)
            submit = {"key": secrets.token_hex(12), "phase": phase, "values": values}
            batch = {
                "client": client,
                "page": trial["page"],
                "seq": seq,
                "events": [{"t": 100 * seq, "kind": "play"}],
                "listened_s": self._listened(trial),
                "draft": values,
                "submit": submit,
            }
            submitted = self._save(page, trial, batch)
            self.done.acknowledged[f"{trial['key']}:{phase}"] = values
            next_url = submitted["next"]
            if submitted.get("phase") != "after" or phase == "after":
                break
        return next_url

    def _values(self, opinion: Opinion) -> dict[str, Any]:
        right = opinion.right_answers()
        if right:
            letters = opinion.letters
            return attentive_answer(opinion.block, right, letters, self.manner, self.rng)
        return answer(opinion.block, opinion.worths, self.manner, self.rng)

    def _listened(self, trial: Mapping[str, Any]) -> dict[str, float]:
        """Those who attend hear everything; the careless hardly listen."""
        low_s, high_s = (15.0, 60.0) if self.manner.attends else (0.0, 2.0)
        sounds = [name for name, address in trial["sounds"].items() if address]
        return {name: round(float(self.rng.uniform(low_s, high_s)), 1) for name in sounds}

    def _save(
        self, page: Page, trial: Mapping[str, Any], batch: Mapping[str, Any]
    ) -> dict[str, Any]:
        token = self._client.cookies.get("csrftoken") or _csrf_of(page)
        url = urljoin(self.join_url, trial["save_url"])
        headers = {"X-CSRFToken": token}
        response = self._timed(
            "submit", lambda: self._client.post(url, json=batch, headers=headers)
        )
        try:
            told = response.json()
        except ValueError:
            told = {}
        if response.status_code != 200 or not told.get("submitted"):
            raise WalkError(f"save: {response.status_code} {told.get('error', '')}")
        submitted: dict[str, Any] = told["submitted"]
        return submitted

    def _get(self, kind: str, url: str) -> httpx2.Response:
        response = self._timed(kind, lambda: self._client.get(url))
        if response.status_code >= 400:
            raise WalkError(f"{kind}: {response.status_code}")
        return response

    def _timed(self, kind: str, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        began_s = time.perf_counter()
        response = send()
        now_s = time.perf_counter()
        self.done.times.append(Timed(kind, now_s, now_s - began_s, response.status_code))
        return response

    def _think(self) -> None:
        if self.pace.think_s > 0.0:
            self.pace.sleep(float(self.pace.think_s * self.rng.uniform(0.5, 1.5)))


def _is_onward(form: Form) -> bool:
    """Forms that leave the study or change its language are not the way on."""
    return not any(word in form.action for word in ("withdraw", "language"))


def _csrf_of(page: Page) -> str:
    for form in page.forms:
        if CSRF_FIELD in form.fields:
            return form.fields[CSRF_FIELD].value
    return ""
