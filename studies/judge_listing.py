"""What the page Judges shows: every judge of a version with what it was given, how far it is, and
what it cost. People's answers are not read here."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, Max, Q, QuerySet, Sum

from studies.judging.families import model_family
from studies.models import JudgeCall, Rater, Stimulus, StudyVersion, System, Trial

KINDS = (Rater.Kind.JUDGE, Rater.Kind.RUBRIC)
MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class JudgeLine:
    """One judge. Cost is what was paid for its trials by itself: answers that another run had paid
    for already are counted apart."""

    rater: Rater
    about: dict[str, Any]
    trials: int
    judged: int
    failed: int
    orders: int
    repeats: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    cost_is_bound: bool
    latency_s: float | None
    calls: int
    cached: int
    reasons: list[tuple[str, int]]
    wrote_advice: bool

    @property
    def left(self) -> int:
        return self.trials - self.judged - self.failed

    @property
    def is_rubric(self) -> bool:
        return self.rater.kind == Rater.Kind.RUBRIC


def judge_lines(version: StudyVersion) -> list[JudgeLine]:
    """In the order in which they began; five queries however many there are."""
    raters = list(version.raters.filter(kind__in=KINDS).order_by("number"))
    trials = _by_rater(_trial_counts(raters))
    calls = _by_rater(_call_sums(raters))
    reasons = _reasons(raters)
    families = writing_families(version) if raters else set()
    return [
        _line(one, trials.get(one.pk, {}), calls.get(one.pk, {}), reasons, families)
        for one in raters
    ]


def _line(
    rater: Rater,
    trials: dict[str, Any],
    calls: dict[str, Any],
    reasons: dict[int, list[tuple[str, int]]],
    families: set[str],
) -> JudgeLine:
    main = trials.get("main") or 0
    family = rater.about.get("family") or ""
    return JudgeLine(
        rater=rater,
        about=rater.about,
        trials=trials.get("trials") or 0,
        judged=trials.get("judged") or 0,
        failed=trials.get("failed") or 0,
        orders=trials.get("orders") or 0,
        repeats=round((trials.get("trials") or 0) / main) if main else 0,
        input_tokens=calls.get("input_tokens") or 0,
        output_tokens=calls.get("output_tokens") or 0,
        cost_usd=calls.get("cost_usd") or 0.0,
        cost_is_bound=bool(calls.get("bounds")),
        latency_s=calls.get("latency_s"),
        calls=calls.get("calls") or 0,
        cached=calls.get("cached") or 0,
        reasons=reasons.get(rater.pk, []),
        wrote_advice=bool(family) and family in families,
    )


def _by_rater(rows: Any) -> dict[int, dict[str, Any]]:
    return {row["rater_id"]: row for row in rows}


def _trial_counts(raters: list[Rater]) -> Any:
    return (
        Trial.objects.filter(rater__in=raters)
        .values("rater_id")
        .order_by()
        .annotate(
            trials=Count("pk"),
            judged=Count("pk", filter=Q(state=Trial.State.ANSWERED)),
            failed=Count("pk", filter=Q(state=Trial.State.FAILED)),
            main=Count("pk", filter=Q(kind=Trial.Kind.MAIN)),
            orders=Max("order"),
        )
    )


def _call_sums(raters: list[Rater]) -> Any:
    new = Q(was_cached=False)
    return (
        JudgeCall.objects.filter(trial__rater__in=raters)
        .values(rater_id=F("trial__rater_id"))
        .order_by()
        .annotate(
            calls=Count("pk"),
            cached=Count("pk", filter=Q(was_cached=True)),
            input_tokens=Sum("input_tokens", filter=new),
            output_tokens=Sum("output_tokens", filter=new),
            cost_usd=Sum("cost_usd", filter=new),
            latency_s=Avg("latency_s", filter=new),
            bounds=Count("pk", filter=new & Q(cost_is_bound=True)),
        )
    )


def _reasons(raters: list[Rater]) -> dict[int, list[tuple[str, int]]]:
    """Why trials failed, the commonest first."""
    rows = (
        Trial.objects.filter(rater__in=raters, state=Trial.State.FAILED)
        .values("rater_id", "failure")
        .order_by()
        .annotate(n=Count("pk"))
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for row in sorted(rows, key=lambda row: (-row["n"], row["failure"])):
        found.setdefault(row["rater_id"], []).append((row["failure"], row["n"]))
    return {rater: reasons[:MOST_REASONS] for rater, reasons in found.items()}


def writing_families(version: StudyVersion) -> set[str]:
    """Families of the language models that wrote advice in this version."""
    shown = Stimulus.objects.filter(item__version=version, system__isnull=False).values("system")
    models = System.objects.filter(pk__in=shown).values_list("provenance__model", flat=True)
    return {model_family(str(model)) for model in models if model}


def judge_trials(version: StudyVersion, number: int) -> QuerySet[Trial]:
    """The trials of one judge with what was exchanged for them counted, in their order."""
    return (
        Trial.objects.filter(rater__version=version, rater__number=number, rater__kind__in=KINDS)
        .select_related("item", "rater")
        .annotate(n_calls=Count("judge_calls"), cost_usd=Sum("judge_calls__cost_usd"))
        .order_by("position")
    )
