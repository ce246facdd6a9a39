"""A participant in tests: goes through a study by HTTP as a browser does, with what pages say."""

import json
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from studies.models import Judgement, Rater, StudyVersion, Trial
from studies.services.hearing_check import attempt_of
from tests.studies.study_cast import open_study

TRIAL = re.compile(r'<script id="trial" type="application/json">(.*?)</script>')
FORM = {
    "consent": "on",
    "mixing_years": 3,
    "gear": "over-ear",
    "age_band": "65+",
    "hearing": "none",
}
MOST_STEPS = 40


def trial_data(page: Any) -> dict[str, Any]:
    """What a trial's page was given."""
    found = TRIAL.search(page.text)
    assert found, page.text[:2000]
    return json.loads(found[1])


def answers_to(trial: dict[str, Any], letter: str = "A") -> dict[str, Any]:
    """Plain answers to every question that needs one; they favour the first letter."""
    values: dict[str, Any] = {}
    for question in trial["questions"]:
        key = question["key"]
        if question["kind"] == "choice":
            values[key] = letter
        elif question["kind"] == "ranking":
            values[key] = list(trial["letters"])
        elif question["kind"] == "scale" and question["per_letter"]:
            values[key] = dict.fromkeys(trial["letters"], question["low"]) | {
                letter: question["high"]
            }
        elif question["kind"] == "scale":
            values[key] = question["high"]
    return values


def batch(trial: dict[str, Any], seq: int = 1, **fields: Any) -> dict[str, Any]:
    """A save request as the page sends it."""
    return {
        "client": "clientone",
        "page": trial["page"],
        "seq": seq,
        "events": [{"t": 10.0, "kind": "play", "s": 0.0, "sound": "problem"}],
        "listened_s": dict.fromkeys(trial["listening"]["what"], 6.0),
        "draft": {},
        "submit": None,
    } | fields


def submission(trial: dict[str, Any], key: str = "", **fields: Any) -> dict[str, Any]:
    phase = "after" if trial["phase"] == "after" else "before"
    return {
        "key": key or f"key-{phase}-{trial['key']}",
        "phase": phase,
        "values": answers_to(trial),
    } | fields


class Participant:
    """One browser with one link. `seen` keeps every answer of the server."""

    def __init__(self, client: Client | None = None, home: str = "") -> None:
        self.client = client or Client()
        self.home = home
        self.seen: list[Any] = []

    @property
    def token(self) -> str:
        return self.home.strip("/").split("/")[1]

    @property
    def rater(self) -> Rater:
        return Rater.objects.by_token(self.token).select_related("version").get()

    def join(self, version: StudyVersion, query: str = "") -> Any:
        address = reverse("part-join", args=[version.study.key]) + query
        answered = self._keep(self.client.post(address))
        if answered.status_code == 302:
            self.home = answered.url
        return answered

    def get(self, address: str) -> Any:
        return self._keep(self.client.get(address))

    def post(self, address: str, data: dict[str, Any] | None = None) -> Any:
        return self._keep(self.client.post(address, data or {}))

    def at(self, step: str, *args: Any) -> str:
        return reverse(f"part-{step}", args=[self.token, *args])

    def where(self) -> str:
        """The address of the due step, its redirects followed."""
        address = self.home
        for _ in range(4):
            answered = self.get(address)
            if answered.status_code != 302:
                return address
            address = answered.url
        return address

    @property
    def step(self) -> str:
        """consent, questionnaire... or "t" on a trial."""
        return self.where().strip("/").split("/")[2]

    def go_to(self, step: str) -> None:
        """Take steps until this one is due."""
        for _ in range(MOST_STEPS):
            now = self.step
            if now == step:
                return
            assert now != "done", "the way is over"
            if now == "t":
                # Its page is what was just answered.
                self.answer(trial_data(self.seen[-1]))
            else:
                self.take(now)
        raise AssertionError(f"never came to {step}")

    def take(self, step: str) -> Any:
        if step == "t":
            return self.answer(self.trial())
        if step == "headphones":
            return self.hear(right=True)
        form = FORM | {"level_db_spl": 74, "volume_db": -6}
        return self.post(self.at(step), form)

    def hear(self, *, right: bool) -> Any:
        """One attempt at the headphone check."""
        self.post(self.at("headphones-begin"))
        key = self.get(self.at("headphones")).context["attempt"].key
        attempt = attempt_of(self.rater, key)
        assert attempt is not None
        answers = [one.answer if right else one.answer % 3 + 1 for one in attempt.sounds().trials]
        address = self.at("headphones-answers", key)
        return self.post(address, {"answers": ",".join(map(str, answers))})

    def trial(self) -> dict[str, Any]:
        """The due trial as its page was given it."""
        self.where()
        return trial_data(self.seen[-1])

    def save(self, trial: dict[str, Any], body: Any) -> Any:
        answered = self.client.post(trial["save_url"], body, content_type="application/json")
        return self._keep(answered)

    def answer(self, trial: dict[str, Any], **fields: Any) -> Any:
        sent = self.save(trial, batch(trial, submit=submission(trial, **fields)))
        assert sent.status_code == 200, sent.content
        return sent

    def finish(self) -> None:
        self.go_to("done")

    def _keep(self, answered: Any) -> Any:
        self.seen.append(answered)
        return answered


def arrived(version: StudyVersion, step: str = "t") -> Participant:
    """Somebody who has come as far as this step."""
    person = Participant()
    person.join(version)
    person.go_to(step)
    return person


NO_TRAINING: dict[str, Any] = {
    "questionnaire": [],
    "volume": False,
    "headphones": {"check": "none"},
    "training": {"trials": 0},
    "attention": {"trials": 0},
    "listening": {"seconds": 0, "policy": "record"},
}


def plain(type_: str = "pairwise advice", **changed: Any) -> StudyVersion:
    """A study without training and checks: the first trial is a main one."""
    data: dict[str, Any] = {"gates": NO_TRAINING, "types": (type_,), "songs": 4}
    return open_study(**(data | changed))


def row(trial: dict[str, Any]) -> Trial:
    return Trial.objects.get(key=trial["key"])


def current(trial: dict[str, Any], phase: str = "before") -> dict[str, Any]:
    """The answers that count."""
    rows = Judgement.objects.filter(trial__key=trial["key"], phase=phase).order_by("revision")
    return dict(rows.values_list("question", "value"))
