"""Exports of studies whose truth is known: who rates how, and how good each system is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Plain = dict[str, Any]

SCALES = ("helpful", "clear")
STRENGTHS = {"S1": 0.0, "S2": 1.2, "S3": -0.8}
"""Latent quality; S2 is best, S3 worst."""


@dataclass
class Scene:
    """What a simulated study looks like; the defaults are small."""

    people: Mapping[str, int] = field(default_factory=lambda: {"good": 24})
    judges: Mapping[str, str] = field(default_factory=dict)
    """Judge's name to manner: good, biased (first side), or favours:S3."""
    strengths: Mapping[str, float] = field(default_factory=lambda: dict(STRENGTHS))
    items: int = 12
    votes_each: int = 12
    rated_each: int = 6
    repeats: int = 2
    attention: int = 2
    tie_share: float = 0.1
    seed: int = 0


def export(scene: Scene) -> Plain:
    """The export of one simulated study."""
    return _Maker(scene).export()


def question(key: str, kind: str, **more: Any) -> Plain:
    return {"key": key, "kind": kind, "text": f"Which is it: {key}?", **more}


class _Maker:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rng = np.random.default_rng(scene.seed)
        self.systems = list(scene.strengths)
        self.trials: list[Plain] = []
        self.judgements: list[Plain] = []
        self.items = [self._item(n, "pairs") for n in range(scene.items)]
        self.items += [self._item(n, "rated") for n in range(scene.items)]
        for n in range(scene.attention):
            self.items.append(self._item(n, "pairs", kind="attention"))
        self.quality = {
            one["stimulus"]: (
                scene.strengths[one["system"]] + self.rng.normal(0, 0.4) if one["system"] else -4.0
            )
            for item in self.items
            for one in item["stimuli"]
        }
        for item in self.items:
            for one in item["stimuli"]:
                noise = self.rng.normal(0, 0.3)
                one["error_after_db"] = float(max(0.0, 4.0 - self.quality[one["stimulus"]] + noise))

    def _item(self, n: int, block: str, kind: str = "main") -> Plain:
        key = f"{block[0]}{kind[0]}{n:02d}"
        stimuli = [
            {
                "stimulus": f"{key}.{place}",
                "system": system,
                "role": "system",
                "text": f"Raise the vocals by {place + 1} dB. ({key})",
                "n_words": 6 + place,
                "error_after_db": None,
                "advice": {
                    "leave_it": False,
                    "moves": [
                        {"stem": "vocals", "direction": "up" if place == 1 else "down", "db": 3.0}
                    ],
                },
            }
            for place, system in enumerate(self.systems)
        ]
        return {
            "item": key,
            "block": block,
            "kind": kind,
            "song": f"song {n % 5}",
            "title": f"Song {n % 5}, excerpt {n}",
            "is_balanced": n % 4 == 0,
            "error_db": {"vocals": -4.0} if n % 4 else {},
            "answer": {"better": "A"} if kind == "attention" else {},
            "stimuli": stimuli,
        }

    def export(self) -> Plain:
        raters = []
        for manner, count in self.scene.people.items():
            for _ in range(count):
                key = f"r{len(raters):03d}"
                gates = self._answers(key, manner)
                raters.append(_person(key, manner, gates))
        for name, manner in self.scene.judges.items():
            key = f"j{len(raters):03d}"
            self._judge_answers(key, manner)
            raters.append(_judge(key, name))
        return {**_header(self.systems), "items": self.items, "raters": raters,
                "trials": self.trials, "judgements": self.judgements}  # fmt: skip

    def _answers(self, rater: str, manner: str) -> Plain:
        bias, noise = self.rng.normal(0, 0.5), {"noisy": 3.0}.get(manner, 0.5)
        pairs = self._pick("pairs", self.scene.votes_each)
        first: list[Plain] = []
        for item in pairs:
            sides = self.rng.permutation(len(self.systems))[:2]
            first.append(self._vote(rater, manner, item, sides, noise))
        for trial in first[: self.scene.repeats]:
            item = next(one for one in self.items if one["item"] == trial["item"])
            sides = [
                int(stimulus.rsplit(".", 1)[1]) for _, stimulus in sorted(trial["sides"].items())
            ]
            self._vote(rater, manner, item, sides, noise, repeat_of=trial["trial"])
        for item in self._pick("rated", self.scene.rated_each):
            for place in range(len(self.systems)):
                self._rate(rater, manner, item, place, bias, noise)
        right = self.scene.attention if manner != "careless" else 0
        if manner == "careless" and self.scene.attention:
            right = int(self.rng.random() < 0.3)
        return {"attention": {"passed": right, "of": self.scene.attention},
                "headphones": {"passed": manner != "careless"}}  # fmt: skip

    def _pick(self, block: str, count: int) -> Sequence[Plain]:
        pool = [one for one in self.items if one["block"] == block and one["kind"] == "main"]
        return [pool[n % len(pool)] for n in self.rng.permutation(len(pool))[:count]]

    def _vote(
        self, rater: str, manner: str, item: Plain, sides: Any, noise: float,
        repeat_of: str | None = None, order: int | None = None,
    ) -> Plain:  # fmt: skip
        first, second = (item["stimuli"][int(place)]["stimulus"] for place in sides)
        gap = self.quality[first] - self.quality[second] + self.rng.logistic(0, noise)
        if manner in ("position-biased", "biased"):
            gap += 3.0
        if manner == "careless":
            gap = self.rng.normal()
        if manner.startswith("favours:"):
            wanted = [item["stimuli"][int(place)]["system"] for place in sides]
            gap = {wanted[0]: 5.0, wanted[1]: -5.0}.get(manner.split(":")[1], gap)
        value = "A" if gap > 0 else "B"
        if abs(gap) < 2 * self.scene.tie_share:
            value = "tie" if self.rng.random() < 0.7 else "both bad"
        trial = self._trial(rater, item, {"A": first, "B": second}, manner, repeat_of, order)
        self._judge(trial, "better", value)
        return trial

    def _rate(
        self, rater: str, manner: str, item: Plain, place: int, bias: float, noise: float
    ) -> None:
        stimulus = item["stimuli"][place]["stimulus"]
        trial = self._trial(rater, item, {"A": stimulus}, manner, None, None)
        for scale in SCALES:
            latent = 4 + self.quality[stimulus] + bias + self.rng.normal(0, noise)
            if manner == "careless":
                latent = 4.0
            self._judge(trial, scale, float(np.clip(np.round(latent), 1, 7)))

    def _judge_answers(self, rater: str, manner: str) -> None:
        for item in self.items:
            if item["kind"] == "main" and item["block"] == "pairs":
                for one in range(len(self.systems)):
                    for other in range(one + 1, len(self.systems)):
                        sides = self.rng.permutation([one, other])
                        self._vote(rater, manner, item, sides, 0.5, order=1)
                        self._vote(rater, manner, item, sides[::-1], 0.5, order=2)
            elif item["kind"] == "main":
                for place in range(len(self.systems)):
                    self._rate(rater, manner, item, place, 0.0, 0.5)

    def _trial(
        self, rater: str, item: Plain, sides: Plain, manner: str, repeat_of: str | None,
        order: int | None,
    ) -> Plain:  # fmt: skip
        number = len(self.trials)
        trial = {
            "trial": f"t{number:06d}",
            "rater": rater,
            "item": item["item"],
            "block": item["block"],
            "position": number,
            "repeat": 0 if repeat_of is None else 1,
            "kind": "main" if repeat_of is None else "repeat",
            "sides": sides,
            "order": order,
            "listened_s": dict.fromkeys(sides, 0.0 if manner == "careless" else 12.0),
            "duration_s": 3.0 if manner == "careless" else 25.0,
            "state": "answered",
        }
        self.trials.append(trial)
        return trial

    def _judge(self, trial: Plain, asked: str, value: Any) -> None:
        self.judgements.append(
            {"trial": trial["trial"], "question": asked, "phase": "before", "revision": 1,
             "is_current": True, "value": value, "confidence": None}
        )  # fmt: skip


def _person(key: str, manner: str, gates: Plain) -> Plain:
    return {
        "rater": key,
        "kind": "person",
        "run": "main",
        "state": "complete",
        "questionnaire": {"mixing_years": 5, "gear": "headphones"},
        "gates": gates,
        "steps": [{"step": "consent", "at": "2026-01-01T10:00:00+00:00"}],
        "review": {"verdict": None, "reason": ""},
        "judge": None,
        "simulated": None,
    }


def _judge(key: str, name: str) -> Plain:
    told = {"name": name, "model": name, "family": name.split("-")[0], "given": "text",
            "prompt_hash": "0" * 8, "prompt_version": "v1", "temperature": 0}  # fmt: skip
    return {**_person(key, "good", {}), "kind": "judge", "questionnaire": {}, "steps": [],
            "judge": told}  # fmt: skip


def _header(systems: Sequence[str]) -> Plain:
    scale = {"low": 1, "high": 7, "step": 1, "low_label": "not at all", "high_label": "very"}
    blocks = [
        {"key": "pairs", "type": "pairwise advice", "systems": list(systems),
         "questions": [question("better", "choice")]},
        {"key": "rated", "type": "rated advice", "systems": list(systems),
         "questions": [question(key, "scale", **scale) for key in SCALES]},
    ]  # fmt: skip
    plan = {
        "hypothesis": "Advice of S2 is preferred to that of S1.",
        "primary": {"block": "pairs", "question": "better", "contrast": list(systems[1::-1]),
                    "model": "bradley-terry", "cluster": "rater"},
        "alpha": 0.05, "family": ["better", *SCALES], "sample_size": 24, "exclusions": "careful",
    }  # fmt: skip
    rules = [{"rule": "attention at least", "value": 1}, {"rule": "all audio played"}]
    return {
        "format": "gainsay-study", "version": 1, "exported_at": "2026-01-05T10:00:00+00:00",
        "software": {"gainsay": "0.1.0"},
        "study": {"key": "demo", "title": "Simulated advice", "version": 1, "state": "closed",
                  "protocol_hash": "ab" * 32, "plan_hash": "cd" * 32, "blinded": False,
                  "frozen_at": "2026-01-01T09:00:00+00:00", "interim": False},
        "protocol": {"title": "Simulated advice", "blocks": blocks, "plan": plan},
        "systems": [{"system": key, "name": f"system_{key[1:]}", "title": key, "version": "1",
                     "kind": "computed", "model_family": None} for key in systems],
        "exclusions": [{"name": "careful", "title": "Careful people", "rules": rules,
                        "is_primary": True}],
        "log": [{"at": "2026-01-01T09:00:00+00:00", "act": "frozen", "by": "ann", "detail": ""}],
    }  # fmt: skip
