"""The people of a study as lists and pages show them: read models, no system in sight."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from studies.models import Judgement, Rater, Stimulus, StudyVersion, Trial, TrialEvents
from studies.protocol.answers import letters_of
from studies.services.attention_checks import attention_found

# Events at which a timeline has a mark; more than these are counted only.
MOST_MARKS = 400
AWAY = ("blur", "hidden", "focus lost")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One participant in the list."""

    rater: Rater
    answered: int
    trials: int
    minutes: float | None
    failed_gates: tuple[str, ...]
    attention: Mapping[str, int] | None
    verdict: str
    is_gone: bool

    @property
    def waits(self) -> bool:
        """Complete, and nobody has said a word yet."""
        return self.rater.state == Rater.State.COMPLETE and not self.verdict

    @property
    def is_clean(self) -> bool:
        """Every gate and every attention check was passed."""
        checks = self.attention or {"passed": 0, "of": 0}
        return not self.failed_gates and checks["passed"] == checks["of"]


def person_lines(version: StudyVersion, raters: Iterable[Rater], now: datetime) -> list[PersonLine]:
    """Lines of these raters, in a fixed number of queries."""
    raters = list(raters)
    ids = [rater.pk for rater in raters]
    lease = timedelta(minutes=version.spec.get("order", {}).get("lease_minutes", 90))
    counts: dict[int, Any] = {
        row["rater"]: row
        for row in Trial.objects.filter(rater__in=ids)
        .order_by()
        .values("rater")
        .annotate(n=Count("pk"), answered=Count("pk", filter=Q(state=Trial.State.ANSWERED)))
    }
    checks = attention_found(version, ids)
    return [
        _line(rater, counts.get(rater.pk, {}), checks.get(rater.pk), now - lease)
        for rater in raters
    ]


def _line(
    rater: Rater,
    counted: Mapping[str, int],
    checks: Mapping[str, int] | None,
    gone_before: datetime,
) -> PersonLine:
    reviews = list(rater.reviews.all())
    end = rater.finished_at or rater.last_seen_at
    failed = dict.fromkeys(step.step for step in rater.steps.all() if step.passed is False)
    return PersonLine(
        rater=rater,
        answered=counted.get("answered", 0),
        trials=counted.get("n", 0),
        minutes=(end - rater.created_at).total_seconds() / 60 if end else None,
        failed_gates=tuple(failed),
        attention=checks,
        verdict=reviews[-1].verdict if reviews else "",
        is_gone=rater.state == Rater.State.ACTIVE
        and (rater.last_seen_at or rater.created_at) < gone_before,
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on a trial's timeline, 0 to 100 % of its length."""

    percent: float
    kind: str
    time_s: float


@dataclass(frozen=True, slots=True)
class Side:
    letter: str
    text: str
    is_system: bool


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer as it stands, and how often it was amended."""

    question: str
    phase: str
    value: Any
    revision: int
    is_words: bool


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One trial on a participant's page."""

    trial: Trial
    sides: tuple[Side, ...]
    answers: tuple[AnswerLine, ...]
    duration_s: float | None
    events: tuple[tuple[str, int], ...]
    marks: tuple[Mark, ...]
    away: int


def trials_shown(rater: Rater) -> QuerySet[Trial]:
    """The trials of one participant in the order shown."""
    return rater.trials.select_related("item__excerpt__song", "repeat_of").order_by("position")


def trial_lines(trials: Sequence[Trial]) -> list[TrialLine]:
    """What became of these trials: texts by letter, never by system."""
    ids = {pk for trial in trials for pk in trial.sides}
    stimuli = Stimulus.objects.in_bulk(ids)
    said = _said(trials)
    events = _events(trials)
    return [
        _trial_line(trial, stimuli, said.get(trial.pk, ()), events.get(trial.pk, ()))
        for trial in trials
    ]


def _said(trials: Sequence[Trial]) -> dict[int, list[AnswerLine]]:
    found: dict[int, dict[tuple[str, str], AnswerLine]] = {}
    rows = Judgement.objects.filter(trial__in=trials).order_by("revision", "pk")
    for row in rows:
        line = AnswerLine(
            row.question, row.phase, _shown(row.value), row.revision, isinstance(row.value, str)
        )
        found.setdefault(row.trial_id, {})[row.question, row.phase] = line
    return {
        trial: sorted(lines.values(), key=lambda one: (one.phase != "before", one.question))
        for trial, lines in found.items()
    }


def _shown(value: Any) -> str:
    """An answer in words: A 63, B 20; B, then A = C."""
    if isinstance(value, dict):
        return ", ".join(f"{letter} {number:g}" for letter, number in value.items())
    if isinstance(value, list):
        places = [" = ".join(one) if isinstance(one, list) else str(one) for one in value]
        return " > ".join(places)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _events(trials: Sequence[Trial]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    batches = TrialEvents.objects.filter(trial__in=trials).order_by("pk")
    for trial, events in batches.values_list("trial", "events"):
        found.setdefault(trial, []).extend(one for one in events if isinstance(one, dict))
    return found


def _trial_line(
    trial: Trial,
    stimuli: Mapping[int, Stimulus],
    answers: Sequence[AnswerLine],
    events: Sequence[Mapping[str, Any]],
) -> TrialLine:
    sides = tuple(
        Side(letter, stimuli[pk].text, stimuli[pk].role == Stimulus.Role.SYSTEM)
        for letter, pk in zip(letters_of(len(trial.sides)), trial.sides, strict=True)
        if pk in stimuli
    )
    seen, finished = trial.seen_at, trial.finished_at
    counts = Counter(str(event.get("kind", "")) for event in events)
    return TrialLine(
        trial=trial,
        sides=sides,
        answers=tuple(answers),
        duration_s=(finished - seen).total_seconds() if seen and finished else None,
        events=tuple(sorted(counts.items())),
        marks=_marks(events),
        away=sum(counts[kind] for kind in AWAY),
    )


def _marks(events: Sequence[Mapping[str, Any]]) -> tuple[Mark, ...]:
    times = [float(event.get("t", 0.0)) for event in events]
    last = max([1.0, *times])
    return tuple(
        Mark(round(100 * time / last, 3), str(event.get("kind", "")), time / 1000)
        for time, event in zip(times[:MOST_MARKS], events, strict=False)
    )
