"""A study with answers, put straight into the rows: for pages and exports that only read."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from analysis.vectors import STEMS
from studies.models import (
    Advice,
    Answer,
    Item,
    Judgement,
    PersonalData,
    Rater,
    RaterStep,
    Stimulus,
    Study,
    StudyVersion,
    System,
    Trial,
    TrialEvents,
    TrialList,
)
from studies.protocol.hashing import content_hash
from studies.protocol.reading import read_spec
from tests.annotate.conftest import NOW

# Names that no other text holds, so that every byte can be searched for them.
SYSTEMS = ("quxdifferential", "zapbaseline", "wob_agent")
REFERENCE_DB = dict.fromkeys(STEMS, 0.0)
STEPS = ("consent", "questionnaire", "volume", "headphones", "training", "trials", "debriefing")


def spec_data(**more: Any) -> dict[str, Any]:
    """Pairwise advice of three systems, then ratings of two."""
    data = {
        "title": "Does quxdifferential beat the zapbaseline?",
        "seed": 5,
        "items": {"listed": [{"excerpt": "one", "error_db": {"vocals": 3}}]},
        "blocks": [
            {
                "key": "advice",
                "type": "pairwise advice",
                "systems": list(SYSTEMS),
                "instructions": "Wob agent is one of them.",
                "questions": [
                    {"key": "better", "kind": "choice", "text": "Which is better?"},
                    {"key": "why", "kind": "text", "text": "Why?", "required": False},
                ],
            },
            {
                "key": "rated",
                "type": "rated advice",
                "systems": list(SYSTEMS[:2]),
                "questions": [{"key": "clarity", "kind": "scale", "text": "How clear?"}],
            },
        ],
        "order": {"participants": 4, "trials_per_person": 6, "overlap": 2, "repeats": 1},
        "texts": {"consent": "Do you want to take part?"},
        "crowd": {
            "platform": "prolific",
            "person_parameter": "PROLIFIC_PID",
            "session_parameter": "SESSION_ID",
            "return_url": "https://crowd.example/done?cc={code}",
            "complete_code": "DONE1",
            "screened_out_code": "OUT1",
        },
        "plan": {
            "primary": {
                "block": "advice",
                "question": "better",
                "contrast": ["zapbaseline", "quxdifferential"],
            },
            "hypothesis": "QUXDIFFERENTIAL is chosen more often",
            "exclusions": [{"rule": "attention at least", "value": 1}, {"rule": "complete"}],
        },
    }
    return read_spec(data | more).as_data()


class AnsweredStudy:
    """One open version with items, lists and whoever `person` adds."""

    def __init__(
        self,
        owner: Any,
        make_excerpt: Callable[..., Any],
        n_items: int = 3,
        n_lists: int = 4,
    ) -> None:
        spec = spec_data()
        self.study = Study.objects.create(title=spec["title"], owner=owner, created_at=NOW)
        self.version = StudyVersion.objects.create(
            study=self.study,
            number=1,
            spec=spec,
            state=StudyVersion.State.OPEN,
            protocol_hash=content_hash([spec, self.study.key]),
            plan_hash=content_hash(spec["plan"]),
            created_at=NOW,
            frozen_at=NOW,
        )
        self.systems = [
            System.objects.get_or_create(
                name=name,
                version=f"{name}-v1",
                defaults={"title": f"The {name}", "created_at": NOW, "last_used_at": NOW},
            )[0]
            for name in SYSTEMS
        ]
        self.items: list[Item] = []
        for number in range(1, n_items + 1):
            excerpt = make_excerpt(number)
            self._item(excerpt, "advice", self.systems)
            self._item(excerpt, "rated", self.systems[:2])
        self.attention = self._item(make_excerpt(n_items + 1), "advice", [], kind="attention")
        self.lists = [
            TrialList.objects.create(version=self.version, number=number, trials=self._trials())
            for number in range(1, n_lists + 1)
        ]

    def _item(
        self, excerpt: Any, block: str, systems: Sequence[System], kind: str = "main"
    ) -> Item:
        error_db = dict(REFERENCE_DB) | {"vocals": 3.0}
        item = Item.objects.create(
            version=self.version,
            number=len(self.items) + 1,
            block=block,
            kind=kind,
            excerpt=excerpt,
            reference_db=REFERENCE_DB,
            problem_db=error_db,
            error_db=error_db,
            answer={"better": {"choose": 1}} if kind == "attention" else None,
        )
        for number, system in enumerate(systems, 1):
            self._advised(item, number, system)
        for number in range(1, 3 if not systems else 1):
            Stimulus.objects.create(
                item=item, number=number, role="control", text=f"Control {number}, please choose it"
            )
        self.items.append(item)
        return item

    def _advised(self, item: Item, number: int, system: System) -> None:
        left_db = {"vocals": float(number), "drums": 0.0, "bass": 0.0, "other": 0.0}
        content = {"balance_db": left_db, "moves": [], "provenance": {"system": system.name}}
        text = f"Turn the vocals down a little, way {number}."
        advice, _ = Advice.objects.get_or_create(
            system=system,
            excerpt=item.excerpt,
            defaults={
                "problem_db": item.problem_db,
                "content": content,
                "prose": text,
                "created_at": NOW,
            },
        )
        Stimulus.objects.create(
            item=item,
            number=number,
            name=system.name,
            system=system,
            advice=advice,
            text=text,
            balance_db=left_db,
        )

    def _trials(self) -> list[dict[str, Any]]:
        """Every list: all items once, the first pair turned round from item to item; the first
        item again; the attention check last."""
        trials = []
        for place, item in enumerate(item for item in self.items if item.kind == "main"):
            sides = [1] if item.block == "rated" else [1 + place // 2 % 2, 3]
            one = {"item": item.number, "kind": "main", "sides": sides, "repeat_of": None}
            trials.append(one)
        again = {**trials[0], "kind": "repeat", "sides": trials[0]["sides"][::-1], "repeat_of": 1}
        check = {"item": self.attention.number, "kind": "attention", "sides": [2, 1]}
        return [*trials, again, {**check, "repeat_of": None}]

    def person(
        self,
        *,
        answers: int | None = None,
        choose: str = "A",
        attention: str = "B",
        state: str = "complete",
        at: datetime = NOW,
        **fields: Any,
    ) -> Rater:
        """Somebody who took a list and answered its first `answers` trials (all by default), always
        the same letter, the attention check with its own."""
        number = self.version.raters.count() + 1
        values: dict[str, Any] = {
            "state": state,
            "created_at": at,
            "consented_at": at,
            "last_seen_at": at + timedelta(minutes=20),
            "finished_at": at + timedelta(minutes=20) if state == "complete" else None,
        }
        rater = Rater.objects.create(version=self.version, number=number, **(values | fields))
        PersonalData.objects.create(
            rater=rater,
            person=f"pid-{number}",
            session=f"sid-{number}",
            questionnaire={"mixing_years": 4 + number},
            device={"screen": "1280x900"},
        )
        own = self.lists[(number - 1) % len(self.lists)]
        if rater.run == "main" and own.rater_id is None:
            done = state == "complete"
            own.rater, own.is_filled, own.completed = rater, done, int(done)
            own.leased_until = None if done else at + timedelta(minutes=90)
            own.save()
            rater.list_number = own.number
            rater.save()
        self._steps(rater, at, STEPS if state == "complete" else STEPS[:5])
        self._answer(rater, own, answers, choose, attention, at)
        return rater

    def _steps(self, rater: Rater, at: datetime, steps: Sequence[str]) -> None:
        for place, step in enumerate(steps):
            passed = True if step == "headphones" else None
            RaterStep.objects.create(
                rater=rater,
                step=step,
                passed=passed,
                policy="record" if passed else "",
                at=at + timedelta(minutes=place),
            )

    def _answer(
        self,
        rater: Rater,
        own: TrialList,
        answers: int | None,
        choose: str,
        attention: str,
        at: datetime,
    ) -> None:
        items = {item.number: item for item in self.items}
        made: list[Trial] = []
        for place, one in enumerate(own.trials, 1):
            item = items[one["item"]]
            ids = dict(item.stimuli.values_list("number", "pk"))
            is_done = answers is None or place <= answers
            moment = at + timedelta(minutes=5, seconds=30 * place)
            trial = Trial.objects.create(
                rater=rater,
                item=item,
                position=place,
                kind=one["kind"],
                repeat_of=made[0] if one["repeat_of"] else None,
                sides=[ids[number] for number in one["sides"]],
                state="answered" if is_done else "open",
                listened_s={"problem": 12.5} if is_done else {},
                seen_at=moment if is_done else None,
                finished_at=moment + timedelta(seconds=25) if is_done else None,
            )
            made.append(trial)
            if is_done:
                letter = attention if one["kind"] == "attention" else choose
                self.answer(trial, self._values(trial, letter), at=moment)

    def _values(self, trial: Trial, letter: str) -> dict[str, Any]:
        if trial.item.block == "rated":
            return {"clarity": 5.0}
        return {"better": letter}

    def answer(
        self, trial: Trial, values: dict[str, Any], *, revision: int = 1, at: datetime = NOW
    ) -> None:
        """One sending of answers, with a batch of events."""
        answer = Answer.objects.create(
            trial=trial,
            idempotency_key=f"key-{revision}",
            revision=revision,
            content_hash=content_hash(values),
            submitted_at=at,
        )
        for question, value in values.items():
            Judgement.objects.create(
                trial=trial,
                answer=answer,
                question=question,
                revision=revision,
                value=value,
                submitted_at=at,
            )
        TrialEvents.objects.create(
            trial=trial,
            client="clientone",
            seq=revision,
            events=[
                {"t": 1.0, "kind": "play", "sound": "problem"},
                {"t": 13.5, "kind": "stop"},
                {"t": 14.0, "kind": "blur"},
            ],
            received_at=at,
        )
