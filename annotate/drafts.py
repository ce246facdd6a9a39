"""The draft of a consensus as researchers see it: rows, neighbours, what can be heard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import (
    Annotation,
    Campaign,
    CampaignExcerpt,
    ConsensusDraft,
    Decision,
    Excerpt,
)
from annotate.plots import PersonValues, StripPlot, strip_plot

AGREEMENT_UNITS = {
    "sd_between_db": "dB",
    "se_db": "dB",
    "icc_a1": "",
    "icc_ak": "",
    "alpha_interval": "",
    "self_consistency_sd_db": "dB",
    "slope_on_start": "",
    "slope_on_trim": "",
}
HEADLINE = ("sd_between_db", "se_db", "icc_a1")
# B is somebody's first annotation of an excerpt, B′ the repeat.
PRIME = "\N{PRIME}"


@dataclass(frozen=True, slots=True)
class StemFigures:
    """What a table cell says of one stem: spread among annotators, half width of the interval."""

    spread_db: float | None
    half_width_db: float | None


@dataclass(frozen=True, slots=True)
class DraftRow:
    item: str
    title: str
    n: int
    status: str
    figures: tuple[StemFigures, ...]
    outliers: int
    verdict: str
    verdict_label: str


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One figure of agreement for each stem, in the order of `STEMS`; `pooled` over all stems where
    that makes sense (the slopes, never the balances)."""

    name: str
    unit: str
    estimates: tuple[dict[str, Any] | None, ...]
    pooled: dict[str, Any] | None

    @property
    def method(self) -> str:
        return next((str(one["method"]) for one in self.estimates if one), "")


@dataclass(frozen=True, slots=True)
class Draft:
    """`excerpts` is what was worked out, by key of the item."""

    excerpts: Mapping[str, dict[str, Any]]
    agreement: tuple[AgreementRow, ...]
    excluded: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    n_annotations: int
    computed_at: datetime | None
    rules: dict[str, Any]

    @property
    def is_empty(self) -> bool:
        return self.n_annotations == 0


def draft_of(campaign: Campaign) -> Draft:
    """What is worked out so far; empty where nothing is."""
    stored = ConsensusDraft.objects.filter(campaign=campaign).first()
    result: dict[str, Any] = (stored.result if stored else None) or {}
    return Draft(
        excerpts={one["item"]: one for one in result.get("excerpts", [])},
        agreement=agreement_rows(result.get("agreement") or {}),
        excluded=tuple(result.get("excluded", [])),
        notes=tuple(result.get("notes", [])),
        n_annotations=result.get("n_annotations", 0),
        computed_at=stored.computed_at if stored else None,
        rules=(stored.rules if stored else None) or {},
    )


def draft_items(campaign: Campaign) -> QuerySet[CampaignExcerpt]:
    """Every excerpt of the campaign, whether it has annotations or not."""
    return campaign.items.select_related("excerpt__song").order_by("pk")


def rows_of(draft: Draft, items: Iterable[CampaignExcerpt]) -> list[DraftRow]:
    """A row for each of these items."""
    items = list(items)
    verdicts = last_decisions(items)
    return [_row(one, draft.excerpts.get(one.key), verdicts.get(one.pk)) for one in items]


def last_decisions(items: Iterable[CampaignExcerpt]) -> dict[int, Decision]:
    """The decision that counts for each item id."""
    decisions = Decision.objects.filter(item__in=items).order_by("pk")
    return {decision.item_id: decision for decision in decisions}


def agreement_rows(
    agreement: Mapping[str, Any], names: Iterable[str] = tuple(AGREEMENT_UNITS)
) -> tuple[AgreementRow, ...]:
    """The figures turned round: a row per figure, a column per stem."""
    return tuple(
        AgreementRow(
            name,
            AGREEMENT_UNITS[name],
            tuple((agreement.get(stem) or {}).get(name) for stem in STEMS),
            (agreement.get("pooled") or {}).get(name),
        )
        for name in names
        if any((agreement.get(stem) or {}).get(name) for stem in STEMS)
    )


def _row(
    item: CampaignExcerpt, drafted: dict[str, Any] | None, decision: Decision | None
) -> DraftRow:
    one = drafted or {}
    return DraftRow(
        item=item.key,
        title=str(item.excerpt),
        n=one.get("n", 0),
        status=one.get("status", "too few"),
        figures=tuple(_figures(one, stem) for stem in STEMS),
        outliers=sum(bool(a.get("is_outlier")) for a in one.get("annotations", [])),
        verdict=decision.verdict if decision else "",
        verdict_label=str(decision.get_verdict_display()) if decision else "",
    )


def _figures(drafted: dict[str, Any], stem: str) -> StemFigures:
    low, high = ((drafted.get(name) or {}).get(stem) for name in ("low_db", "high_db"))
    return StemFigures(
        spread_db=(drafted.get("spread_db") or {}).get(stem),
        half_width_db=None if low is None or high is None else (high - low) / 2,
    )


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One annotation of an excerpt; `index` is its place among what can be heard."""

    assignment: str
    letter: str
    kind: str
    is_repeat: bool
    balance_db: StemValues
    is_outlier: bool
    outlier_z: float | None
    confidence: int | None
    comment: str
    version: str


@dataclass(frozen=True, slots=True)
class Declined:
    letter: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """Everything on the page of one excerpt."""

    n: int
    status: str
    balance_db: StemValues | None
    low_db: StemValues | None
    high_db: StemValues | None
    off_share: StemValues | None
    top_share: StemValues | None
    people: tuple[PersonRow, ...]
    declined: tuple[Declined, ...]
    plot: StripPlot
    previous: str
    next: str
    place: int
    count: int

    def versions(self, excerpt: Excerpt) -> list[dict[str, Any]]:
        """What can be heard: gains in dB relative to the stems as imported, null for off."""
        active = excerpt.active()
        released = {stem: 0.0 if active[stem] else None for stem in STEMS}
        heard: list[dict[str, Any]] = [{"id": "released", "gains_db": released}]
        if self.balance_db:
            heard.append({"id": "consensus", "gains_db": self.balance_db})
        heard += [{"id": one.version, "gains_db": one.balance_db} for one in self.people]
        return heard


def item_view(campaign: Campaign, item: CampaignExcerpt) -> ItemView:
    """The draft's part on one excerpt, with its neighbours in the campaign."""
    stored = ConsensusDraft.objects.filter(campaign=campaign).first()
    result: dict[str, Any] = (stored.result if stored else None) or {}
    one: dict[str, Any] = next(
        (found for found in result.get("excerpts", []) if found["item"] == item.key), {}
    )
    answers = list(
        Annotation.objects.current()
        .filter(assignment__item=item)
        .select_related("assignment__annotator")
    )
    people = _people(one.get("annotations", []), answers)
    keys = list(campaign.items.values_list("key", flat=True))
    place = keys.index(item.key)
    return ItemView(
        n=one.get("n", 0),
        status=one.get("status", "too few"),
        balance_db=one.get("balance_db"),
        low_db=one.get("low_db"),
        high_db=one.get("high_db"),
        off_share=one.get("off_share"),
        top_share=one.get("top_share"),
        people=people,
        declined=_declined(answers),
        plot=strip_plot(
            [PersonValues(p.letter, p.kind, p.is_outlier, p.balance_db) for p in people],
            balance_db=one.get("balance_db"),
            low_db=one.get("low_db"),
            high_db=one.get("high_db"),
        ),
        previous=keys[place - 1] if place > 0 else "",
        next=keys[place + 1] if place + 1 < len(keys) else "",
        place=place + 1,
        count=len(keys),
    )


def _people(
    drafted: Sequence[dict[str, Any]], answers: Sequence[Annotation]
) -> tuple[PersonRow, ...]:
    said = {answer.assignment.key: answer for answer in answers}
    rows = [
        PersonRow(
            assignment=one["assignment"],
            letter=one["letter"] + PRIME * one.get("repeat", 0),
            is_repeat=bool(one.get("repeat")),
            kind=one.get("kind", "person"),
            balance_db=one["balance_db"],
            is_outlier=bool(one.get("is_outlier")),
            outlier_z=one.get("outlier_z"),
            confidence=answer.confidence if (answer := said.get(one["assignment"])) else None,
            comment=answer.comment if answer else "",
            version=f"annotation-{place}",
        )
        for place, one in enumerate(drafted)
    ]
    # A to Z, then AA; a repeat right after the first annotation of the same letter.
    return tuple(sorted(rows, key=lambda row: (len(row.letter.rstrip(PRIME)), row.letter)))


def _declined(answers: Sequence[Annotation]) -> tuple[Declined, ...]:
    return tuple(
        Declined(one.assignment.annotator.letter, one.cannot_judge_reason)
        for one in answers
        if one.cannot_judge_reason
    )
