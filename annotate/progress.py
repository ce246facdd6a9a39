"""What the dashboard shows of a campaign: read models, made with a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from django.db.models import Count, Q

from annotate.fields import StemValues
from annotate.models import (
    Annotator,
    Assignment,
    Campaign,
    CampaignExcerpt,
    ConsensusDraft,
    Decision,
)
from annotate.plots import GrowthPlot, growth_plot

# The desk saves every 2 s while somebody works; a listener may leave the faders alone for minutes.
ACTIVE_WITHIN = timedelta(minutes=5)


class Showing(NamedTuple):
    """One assignment's figures; `item` is an id."""

    annotator: Annotator
    item: int
    key: str
    state: str
    created_at: datetime
    finished_at: datetime | None
    saved_at: datetime | None
    listened_s: float
    moves: int


@dataclass(frozen=True, slots=True)
class Typical:
    """A median over n showings; None with n = 0."""

    value: float | None
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Typical":
        held = list(values)
        return cls(median(held) if held else None, len(held))


@dataclass(frozen=True, slots=True)
class ExcerptProgress:
    key: str
    title: str
    completed: int
    in_progress: int
    places: int
    declined: int
    time_on_it_s: Typical
    listened_s: Typical
    spread_db: StemValues | None
    status: str
    outlier_letters: tuple[str, ...]
    verdict: str

    @property
    def is_complete(self) -> bool:
        return self.completed >= self.places


@dataclass(frozen=True, slots=True)
class ActivePerson:
    letter: str
    kind: str
    last_seen: datetime
    excerpt: str
    done: int


@dataclass(frozen=True, slots=True)
class Flag:
    """An answer to look at; nothing is excluded by a flag."""

    assignment: str
    letter: str
    kind: str
    excerpt: str
    listened_s: float
    moves: int
    too_little_listening: bool
    no_move: bool


@dataclass(frozen=True, slots=True)
class Outlier:
    assignment: str
    letter: str
    kind: str
    item: str
    excerpt: str
    z: float


@dataclass(frozen=True, slots=True)
class People:
    """How many people stand where; simulated and imported ones are counted apart."""

    invited: int
    consented: int
    working: int
    simulated: int
    imported: int


@dataclass(frozen=True, slots=True)
class Progress:
    filled: int
    in_progress: int
    places: int
    complete_excerpts: int
    excerpts: tuple[ExcerptProgress, ...]
    active: tuple[ActivePerson, ...]
    people: People
    flags: tuple[Flag, ...]
    outliers: tuple[Outlier, ...]
    time_on_it_s: Typical
    listened_s: Typical
    agreement: dict[str, Any]
    annotations_in_draft: int
    draft_at: datetime | None
    growth: GrowthPlot | None


def campaign_progress(campaign: Campaign, now: datetime) -> Progress:
    """Everything on the dashboard, as of `now`."""
    draft = ConsensusDraft.objects.filter(campaign=campaign).first()
    result: dict[str, Any] = (draft.result if draft else None) or {}
    people = {one.pk: one for one in Annotator.objects.filter(campaign=campaign)}
    showings = _showings(campaign, people)
    items = _items(campaign, now)
    excerpts = _excerpts(campaign, items, showings, result)
    answered = [one for one in showings if one.state == Assignment.State.SUBMITTED]
    titles = {item.pk: str(item.excerpt) for item in items}
    return Progress(
        filled=sum(one.completed for one in excerpts),
        in_progress=sum(one.in_progress for one in excerpts),
        places=sum(one.places for one in excerpts),
        complete_excerpts=sum(one.is_complete for one in excerpts),
        excerpts=tuple(excerpts),
        active=_active(showings, titles, now),
        people=_people(people.values(), showings, now),
        flags=_flags(campaign, answered, titles),
        outliers=_outliers(result, {item.key: titles[item.pk] for item in items}),
        time_on_it_s=_time_on_it(answered),
        listened_s=_listened(answered),
        agreement=result.get("agreement") or {},
        annotations_in_draft=result.get("n_annotations", 0),
        draft_at=draft.computed_at if draft else None,
        growth=growth_plot(draft.growth) if draft else None,
    )


def _showings(campaign: Campaign, people: Mapping[int, Annotator]) -> list[Showing]:
    """Plain values: the page asks every 5 s, and there may be thousands."""
    rows: Any = Assignment.objects.filter(item__campaign=campaign).values_list(
        "annotator",
        "item",
        "key",
        "state",
        "created_at",
        "finished_at",
        "saved_at",
        "listened_s",
        "moves",
    )
    return [Showing(people[annotator], *values) for annotator, *values in rows]


def _items(campaign: Campaign, now: datetime) -> list[Any]:
    """The campaign's excerpts with how many places they have, and how many are being worked on."""
    held = Q(slots__is_filled=False, slots__assignment__isnull=False, slots__leased_until__gte=now)
    items = CampaignExcerpt.objects.filter(campaign=campaign).select_related("excerpt__song")
    counted = items.annotate(places=Count("slots"), held=Count("slots", filter=held))
    # The model's own order does not hold where rows are grouped.
    return list(counted.order_by("pk"))


def _time_on_it(showings: Iterable[Showing]) -> Typical:
    """From first shown to submitted. Imported answers have no such time."""
    return Typical.of(
        (one.finished_at - one.created_at).total_seconds()
        for one in showings
        if one.finished_at and one.annotator.kind != Annotator.Kind.IMPORTED
    )


def _listened(showings: Iterable[Showing]) -> Typical:
    return Typical.of(
        one.listened_s for one in showings if one.annotator.kind != Annotator.Kind.IMPORTED
    )


def _excerpts(
    campaign: Campaign,
    items: Sequence[Any],
    showings: Sequence[Showing],
    result: dict[str, Any],
) -> list[ExcerptProgress]:
    verdicts = {
        decision.item_id: decision.get_verdict_display()
        for decision in Decision.objects.filter(item__campaign=campaign).order_by("pk")
    }
    drafted = {one["item"]: one for one in result.get("excerpts", [])}
    of_item: dict[int, list[Showing]] = defaultdict(list)
    for showing in showings:
        of_item[showing.item].append(showing)
    return [
        _excerpt(item, of_item[item.pk], drafted.get(item.key, {}), verdicts.get(item.pk, ""))
        for item in items
    ]


def _excerpt(
    item: Any, showings: Sequence[Showing], draft: dict[str, Any], verdict: str
) -> ExcerptProgress:
    answered = [one for one in showings if one.state == Assignment.State.SUBMITTED]
    return ExcerptProgress(
        key=item.key,
        title=str(item.excerpt),
        completed=item.completed,
        in_progress=item.held,
        places=item.places,
        declined=sum(one.state == Assignment.State.DECLINED for one in showings),
        time_on_it_s=_time_on_it(answered),
        listened_s=_listened(answered),
        spread_db=draft.get("spread_db"),
        status=draft.get("status", ""),
        outlier_letters=tuple(
            one["letter"] for one in draft.get("annotations", []) if one.get("is_outlier")
        ),
        verdict=str(verdict),
    )


def _seen_at(showing: Showing) -> datetime:
    return showing.saved_at or showing.created_at


def _active(
    showings: Sequence[Showing], titles: Mapping[int, str], now: datetime
) -> tuple[ActivePerson, ...]:
    latest: dict[int, Showing] = {}
    done: dict[int, int] = defaultdict(int)
    for showing in showings:
        done[showing.annotator.pk] += showing.state != Assignment.State.ACTIVE
        known = latest.get(showing.annotator.pk)
        if known is None or _seen_at(showing) > _seen_at(known):
            latest[showing.annotator.pk] = showing
    recent = [one for one in latest.values() if _seen_at(one) >= now - ACTIVE_WITHIN]
    return tuple(
        ActivePerson(
            letter=one.annotator.letter,
            kind=one.annotator.kind,
            last_seen=_seen_at(one),
            excerpt=titles[one.item],
            done=done[one.annotator.pk],
        )
        for one in sorted(recent, key=_seen_at, reverse=True)
    )


def _people(annotators: Iterable[Annotator], showings: Sequence[Showing], now: datetime) -> People:
    kind = Annotator.Kind
    annotators = list(annotators)
    people = [one for one in annotators if one.kind == kind.PERSON]
    working = {
        one.annotator.pk
        for one in showings
        if _seen_at(one) >= now - ACTIVE_WITHIN and one.annotator.kind == kind.PERSON
    }
    return People(
        invited=sum(one.revoked_at is None for one in people),
        consented=sum(one.consented_at is not None for one in people),
        working=len(working),
        simulated=sum(one.kind == kind.SIMULATED for one in annotators),
        imported=sum(one.kind == kind.IMPORTED for one in annotators),
    )


def _flags(
    campaign: Campaign, answered: Sequence[Showing], titles: Mapping[int, str]
) -> tuple[Flag, ...]:
    """Imported answers were made elsewhere: nobody counted how long they took."""
    flags = [
        Flag(
            assignment=one.key,
            letter=one.annotator.letter,
            kind=one.annotator.kind,
            excerpt=titles[one.item],
            listened_s=one.listened_s,
            moves=one.moves,
            too_little_listening=one.listened_s < campaign.minimum_listening_s,
            no_move=one.moves == 0,
        )
        for one in answered
        if one.annotator.kind != Annotator.Kind.IMPORTED
    ]
    return tuple(flag for flag in flags if flag.too_little_listening or flag.no_move)


def _outliers(result: dict[str, Any], titles: Mapping[str, str]) -> tuple[Outlier, ...]:
    outliers = [
        Outlier(
            assignment=one["assignment"],
            letter=one["letter"],
            kind=one.get("kind", ""),
            item=excerpt["item"],
            excerpt=titles.get(excerpt["item"], excerpt.get("excerpt", "")),
            z=one.get("outlier_z") or 0.0,
        )
        for excerpt in result.get("excerpts", [])
        for one in excerpt.get("annotations", [])
        if one.get("is_outlier")
    ]
    return tuple(sorted(outliers, key=lambda outlier: -abs(outlier.z)))
