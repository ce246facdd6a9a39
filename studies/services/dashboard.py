"""How a study stands, without a word about any system: read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from django.db.models import Count, F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studies.models import Rater, RaterStep, StudyVersion, Trial, TrialList
from studies.services import steps
from studies.services.groups import GROUPS, Group, group_of

# A trial's page saves every few seconds while somebody works.
AT_WORK_WITHIN = timedelta(minutes=5)
Name = str | Promise

_STEP_NAMES: tuple[tuple[str, Name], ...] = (
    (steps.CONSENT, _("consent")),
    (steps.QUESTIONNAIRE, _("questionnaire")),
    (steps.VOLUME, _("volume")),
    (steps.CALIBRATION, _("level")),
    (steps.HEADPHONES, _("headphones")),
    (steps.INSTRUCTIONS, _("instructions")),
    (steps.TRAINING, _("training")),
)
_GATE_NAMES: dict[str, Name] = {
    steps.HEADPHONES: _("headphone check"),
    steps.TRAINING: _("training"),
    steps.ATTENTION: _("attention checks"),
    steps.CALIBRATION: _("level"),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many raters of a group stand where."""

    came: int = 0
    complete: int = 0
    at_work: int = 0
    away: int = 0
    dropped: int = 0
    screened_out: int = 0
    attention_failed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    name: Name
    n: int


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate found: how many passed, and what happens to those who do not."""

    name: Name
    policy: str
    passed: int
    failed: int

    @property
    def n(self) -> int:
        return self.passed + self.failed


@dataclass(frozen=True, slots=True)
class Lists:
    """Places: every list is one."""

    total: int
    filled: int
    held: int
    lapsed: int

    @property
    def free(self) -> int:
        return self.total - self.filled - self.held - self.lapsed


@dataclass(frozen=True, slots=True)
class Times:
    """Minutes from coming to finishing, of those who completed."""

    n: int
    median_min: float | None = None
    low_min: float | None = None
    high_min: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    group: Group
    counts: Counts
    others: tuple[tuple[Group, int], ...]
    judges: int
    funnel: tuple[Step, ...]
    gates: tuple[Gate, ...]
    lists: Lists
    times: Times


def progress_of(version: StudyVersion, group: Group, now: datetime) -> Progress:
    """Everything but cells and agreement, as of `now`."""
    counts, sizes, judges = _counts(version, group, now)
    taken = _taken(version, group)
    return Progress(
        group=group,
        counts=counts,
        others=tuple((one, sizes.get(one.key, 0)) for one in GROUPS),
        judges=judges,
        funnel=_funnel(version, group, taken, counts),
        gates=_gates(taken),
        lists=_lists(version, now),
        times=_times(version, group),
    )


def _counts(
    version: StudyVersion, group: Group, now: datetime
) -> tuple[Counts, dict[str, int], int]:
    lease = timedelta(minutes=version.spec.get("order", {}).get("lease_minutes", 90))
    rows: Any = (
        Rater.objects.filter(version=version)
        .order_by()
        .values("kind", "run", "state")
        .annotate(
            n=Count("pk"),
            seen=Count("pk", filter=Q(last_seen_at__gte=now - AT_WORK_WITHIN)),
            gone=Count("pk", filter=Q(last_seen_at__lt=now - lease)),
        )
    )
    sizes: dict[str, int] = defaultdict(int)
    by_state: dict[str, int] = defaultdict(int)
    judges = 0
    for row in rows:
        key = group_of(row["kind"], row["run"])
        sizes[key] += row["n"]
        judges += row["n"] if not key else 0
        if key != group.key:
            continue
        if row["state"] != Rater.State.ACTIVE:
            by_state[row["state"]] += row["n"]
            continue
        by_state["at work"] += row["seen"]
        by_state["dropped"] += row["gone"]
        by_state["away"] += row["n"] - row["seen"] - row["gone"]
    state = Rater.State
    counts = Counts(
        came=sizes.get(group.key, 0),
        complete=by_state[state.COMPLETE],
        at_work=by_state["at work"],
        away=by_state["away"],
        dropped=by_state["dropped"],
        screened_out=by_state[state.SCREENED_OUT],
        attention_failed=by_state[state.ATTENTION_FAILED],
        withdrawn=by_state[state.WITHDRAWN],
    )
    return counts, sizes, judges


def _taken(version: StudyVersion, group: Group) -> list[dict[str, Any]]:
    rows: Any = (
        RaterStep.objects.filter(group.of(version, "rater__"))
        .order_by()
        .values("step", "passed", "policy")
        .annotate(n=Count("rater", distinct=True))
    )
    return list(rows)


def _funnel(
    version: StudyVersion, group: Group, taken: Iterable[Mapping[str, Any]], counts: Counts
) -> tuple[Step, ...]:
    """How many reached each step that this protocol has."""
    reached: dict[str, int] = defaultdict(int)
    for row in taken:
        reached[row["step"]] += row["n"]
    answered = Trial.objects.filter(
        group.of(version, "rater__"), kind=Trial.Kind.MAIN, state=Trial.State.ANSWERED
    )
    begun = answered.order_by().values("rater").distinct().count()
    shown = [Step(name, reached[step]) for step, name in _STEP_NAMES if reached[step]]
    return (
        Step(_("came"), counts.came),
        *shown,
        Step(_("first trial"), begun),
        Step(_("all trials"), max(reached[steps.TRIALS], counts.complete)),
        Step(_("complete"), counts.complete),
    )


def _gates(taken: Iterable[Mapping[str, Any]]) -> tuple[Gate, ...]:
    passed: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    policies: dict[str, str] = {}
    for row in taken:
        if row["passed"] is None or row["step"] not in _GATE_NAMES:
            continue
        (passed if row["passed"] else failed)[row["step"]] += row["n"]
        policies[row["step"]] = row["policy"]
    return tuple(
        Gate(name, policies[step], passed[step], failed[step])
        for step, name in _GATE_NAMES.items()
        if step in policies
    )


def _lists(version: StudyVersion, now: datetime) -> Lists:
    held = Q(is_filled=False, rater__isnull=False)
    found = TrialList.objects.filter(version=version).aggregate(
        total=Count("pk"),
        filled=Count("pk", filter=Q(is_filled=True)),
        held=Count("pk", filter=held & Q(leased_until__gte=now)),
        lapsed=Count("pk", filter=held & ~Q(leased_until__gte=now)),
    )
    return Lists(**found)


def _times(version: StudyVersion, group: Group) -> Times:
    complete = Rater.objects.filter(group.of(version), state=Rater.State.COMPLETE)
    took: Any = complete.filter(finished_at__isnull=False).values_list(
        F("finished_at") - F("created_at"), flat=True
    )
    minutes = sorted(one.total_seconds() / 60 for one in took)
    if len(minutes) < 2:
        return Times(len(minutes), *(minutes * 3))
    low, _middle, high = quantiles(minutes, n=4, method="inclusive")
    return Times(len(minutes), median(minutes), low, high)
