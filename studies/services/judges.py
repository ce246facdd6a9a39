"""Judges as raters: their rows, their trials, and what they answered. People's answers are never
read here."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max

from analysis.vectors import STEMS, Move
from studies.judging import rubric
from studies.models import Answer, Item, Judgement, Rater, Stimulus, StudyVersion, Trial
from studies.protocol.answers import letters_of
from studies.protocol.hashing import content_hash
from studies.protocol.spec import Block, Spec
from studies.services.protocols import protocol_of

# What a run asks: a trial that failed is asked again.
WAITING = (Trial.State.OPEN, Trial.State.FAILED)


class JudgeError(Exception):
    """A judge that cannot work; one line."""


@dataclass(frozen=True)
class Judge:
    """Who judges and how: every field is a recorded factor."""

    name: str
    model: str
    family: str
    given: str
    prompt: str
    prompt_hash: str
    endpoint: str
    seed: int = 0
    temperature: float | None = 0.0
    panel: str = ""

    def about(self) -> dict[str, Any]:
        return dict(vars(self))


class Shown(NamedTuple):
    """One showing to a judge: `sides` are stimulus ids, the first is A."""

    item: Item
    sides: tuple[int, ...]
    order: int


def judge_rater(version: StudyVersion, judge: Judge, now: datetime) -> Rater:
    """The judge's row, made at its first run. Raises JudgeError where the name is another's."""
    return _rater(version, Rater.Kind.JUDGE, judge.about(), now)


def rubric_rater(version: StudyVersion, now: datetime) -> Rater:
    """The rubric rater's row."""
    about = {"name": "rubric", "label": rubric.LABEL, "given": "the answer"}
    return _rater(version, Rater.Kind.RUBRIC, about, now)


def known_rater(version: StudyVersion, kind: str, about: dict[str, Any]) -> Rater | None:
    """The row of a judge that has begun before. Raises JudgeError where the name is another's."""
    name = about["name"]
    for known in version.raters.filter(kind__in=[Rater.Kind.JUDGE, Rater.Kind.RUBRIC]):
        if known.about.get("name") != name:
            continue
        differing = [key for key, value in about.items() if known.about.get(key) != value]
        if known.kind != kind or differing:
            field = differing[0] if differing else "kind"
            raise JudgeError(
                f"judge {name!r} has judged this study with {field} = "
                f"{known.about.get(field)!r}, not {about.get(field)!r}; choose another name"
            )
        return known
    return None


@transaction.atomic
def _rater(version: StudyVersion, kind: str, about: dict[str, Any], now: datetime) -> Rater:
    # Two runs that begin at one instant wait for each other: a name is given once.
    StudyVersion.objects.select_for_update().get(pk=version.pk)
    known = known_rater(version, kind, about)
    if known is not None:
        return known
    last = version.raters.aggregate(last=Max("number"))["last"] or 0
    return Rater.objects.create(
        version=version,
        number=last + 1,
        kind=kind,
        about=about,
        created_at=now,
        consented_at=None,
    )


def showings(version: StudyVersion, spec: Spec) -> Iterator[Shown]:
    """Everything that people are shown to compare, once each; two pieces of advice in both orders.

    Read off the frozen trial lists, so that judges and people share items by construction.
    """
    rows = version.items.select_related("excerpt").prefetch_related("stimuli")
    items = {item.number: item for item in rows}
    shown: set[tuple[int, tuple[int, ...]]] = set()
    for trials in version.lists.values_list("trials", flat=True):
        shown |= {
            (trial["item"], tuple(sorted(trial["sides"])))
            for trial in trials
            if trial["kind"] == Trial.Kind.MAIN
        }
    for number, numbers in sorted(shown):
        item = items[number]
        ids = {stimulus.number: stimulus.pk for stimulus in item.stimuli.all()}
        sides = tuple(ids[one] for one in numbers)
        yield Shown(item, sides, 1)
        if spec.block(item.block).type == "pairwise advice":
            yield Shown(item, sides[::-1], 2)


def planned_trials(
    version: StudyVersion, rater: Rater | None, spec: Spec, repeats: int
) -> list[Trial]:
    """Every trial of a judge in its order: those there are, and those that are missing as rows not
    yet stored. Without a rater nothing is there yet."""
    known: dict[tuple[int, tuple[int, ...], int], Trial] = {}
    times: Counter[tuple[int, tuple[int, ...]]] = Counter()
    if rater is not None:
        there = rater.trials.select_related("item__excerpt__song", "repeat_of")
        for trial in there.order_by("position"):
            shown = (trial.item_id, tuple(trial.sides))
            times[shown] += 1
            known[(*shown, times[shown])] = trial
    trials = list(known.values())
    wanted = list(showings(version, spec))
    for repeat in range(1, repeats + 1):
        for item, sides, order in wanted:
            place = (item.pk, sides, repeat)
            if place in known:
                continue
            first = None if repeat == 1 else known[item.pk, sides, 1]
            known[place] = Trial(
                rater=rater,
                item=item,
                position=len(trials) + 1,
                kind=Trial.Kind.MAIN if repeat == 1 else Trial.Kind.REPEAT,
                repeat_of=first,
                order=order,
                sides=list(sides),
            )
            trials.append(known[place])
    return trials


@transaction.atomic
def trials_of(rater: Rater, spec: Spec, repeats: int) -> list[Trial]:
    """The judge's trials that are not answered yet, made where they are missing."""
    missing = [one for one in planned_trials(rater.version, rater, spec, repeats) if one.pk is None]
    # First showings before their repeats, which point at them.
    for kind in (Trial.Kind.MAIN, Trial.Kind.REPEAT):
        Trial.objects.bulk_create(one for one in missing if one.kind == kind)
    return list(
        rater.trials.filter(state__in=WAITING)
        .select_related("item__excerpt", "repeat_of")
        .order_by("position")
    )


@transaction.atomic
def store_verdict(
    trial: Trial, values: dict[str, Any], confidence: float | None, now: datetime
) -> None:
    """The answers of one trial, once: a trial that is answered stays as it is."""
    taken = Trial.objects.filter(pk=trial.pk, state__in=WAITING).update(
        state=Trial.State.ANSWERED, failure="", finished_at=now
    )
    if not taken:
        return
    answer = Answer.objects.create(
        trial=trial,
        idempotency_key=f"judge-{trial.key}",
        content_hash=content_hash(values),
        submitted_at=now,
    )
    Judgement.objects.bulk_create(
        Judgement(
            trial=trial,
            answer=answer,
            question=question,
            value=value,
            confidence=confidence,
            submitted_at=now,
        )
        for question, value in values.items()
    )


def store_failure(trial: Trial, failure: str, now: datetime) -> None:
    """Why a trial was not judged; it may be asked again."""
    Trial.objects.filter(pk=trial.pk, state__in=WAITING).update(
        state=Trial.State.FAILED, failure=failure[:300], finished_at=now
    )


def finish(rater: Rater, now: datetime) -> None:
    """A judge whose trials are all over is complete."""
    if rater.trials.filter(state=Trial.State.OPEN).exists():
        return
    Rater.objects.filter(pk=rater.pk).update(state=Rater.State.COMPLETE, finished_at=now)


def run_rubric(
    version: StudyVersion, now: datetime, report: Callable[[int, int], None] = lambda *_: None
) -> Rater:
    """Let the rubric rater judge everything that it has not."""
    spec = protocol_of(version)
    rater = rubric_rater(version, now)
    trials = trials_of(rater, spec, 1)
    for done, trial in enumerate(trials):
        report(done, len(trials))
        block = spec.block(trial.item.block)
        store_verdict(trial, _rubric_values(trial, block), None, now)
    finish(rater, now)
    return rater


def _rubric_values(trial: Trial, block: Block) -> dict[str, Any]:
    item = trial.item
    stimuli = Stimulus.objects.select_related("advice").in_bulk(trial.sides)
    ordered = [stimuli[pk] for pk in trial.sides]
    worths: dict[str, rubric.Worth | float] = {}
    for letter, stimulus in zip(letters_of(len(ordered)), ordered, strict=True):
        if block.is_about_advice:
            content = stimulus.advice.content if stimulus.advice else {}
            error = Move.from_mapping(item.error_db)
            advised = rubric.move_of(content)
            worths[letter] = rubric.worth_of_advice(error, advised, content, stimulus.text)
        else:
            balance_db = [_number((stimulus.balance_db or {}).get(stem)) for stem in STEMS]
            reference_db = [_number(item.reference_db[stem]) for stem in STEMS]
            worths[letter] = rubric.worth_of_mix(balance_db, reference_db, stimulus.role)
    return rubric.answers(block, worths)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
