"""The lists of songs, of campaigns and of a campaign's people, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from annotate.models import Annotator, Assignment, Campaign, CampaignExcerpt, Excerpt, Slot, Song


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign in the list."""

    campaign: Campaign
    excerpts: int
    filled: int
    places: int
    people: int


def campaign_lines(campaigns: Iterable[Campaign]) -> list[CampaignLine]:
    """The list of campaigns with how far each is, in a fixed number of queries."""
    campaigns = list(campaigns)
    ids = [campaign.pk for campaign in campaigns]
    slots: dict[int, Any] = {
        row["item__campaign"]: row
        for row in Slot.objects.filter(item__campaign__in=ids)
        .order_by()
        .values("item__campaign")
        .annotate(places=Count("*"), filled=Count("item", filter=Q(is_filled=True)))
    }
    excerpts = _counted(CampaignExcerpt.objects.filter(campaign__in=ids))
    people = _counted(Annotator.objects.filter(campaign__in=ids, revoked_at__isnull=True))
    return [
        CampaignLine(
            campaign=campaign,
            excerpts=excerpts.get(campaign.pk, 0),
            filled=slots.get(campaign.pk, {}).get("filled", 0),
            places=slots.get(campaign.pk, {}).get("places", 0),
            people=people.get(campaign.pk, 0),
        )
        for campaign in campaigns
    ]


def _counted(rows: Any) -> dict[int, int]:
    counted = rows.order_by().values("campaign").annotate(n=Count("*"))
    return {row["campaign"]: row["n"] for row in counted}


@dataclass(frozen=True, slots=True)
class SongLine:
    """One song in the library, with how many excerpts of it are in use."""

    song: Song
    excerpts: int


def song_lines(songs: Iterable[Song]) -> list[SongLine]:
    """The songs of one page: excerpts are counted for these alone."""
    songs = list(songs)
    usable = Excerpt.objects.filter(song__in=songs, retired_at__isnull=True).order_by()
    counted = dict(usable.values_list("song").annotate(n=Count("*")))
    return [SongLine(song, counted.get(song.pk, 0)) for song in songs]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One annotator in the list of people: letters and notes, never tokens."""

    annotator: Annotator
    done: int
    declined: int
    in_progress: int
    last_seen: datetime | None
    state: str


def people_lines(annotators: Iterable[Annotator], now: datetime) -> list[PersonLine]:
    """These annotators with how far each is, in one query, by number."""
    state = Assignment.State
    ids = [one.pk for one in annotators]
    counted: Any = Annotator.objects.filter(pk__in=ids).annotate(
        done=Count("assignments", filter=Q(assignments__state=state.SUBMITTED)),
        declined=Count("assignments", filter=Q(assignments__state=state.DECLINED)),
        in_progress=Count("assignments", filter=Q(assignments__state=state.ACTIVE)),
        last_seen=Max("assignments__saved_at"),
    )
    # The model's own order does not hold where rows are grouped.
    return [
        PersonLine(one, one.done, one.declined, one.in_progress, one.last_seen, _link(one, now))
        for one in counted.order_by("number")
    ]


def _link(annotator: Annotator, now: datetime) -> str:
    """Whether the invite link admits: "no link", "revoked", "expired" or "valid"."""
    if annotator.kind == Annotator.Kind.IMPORTED:
        return "no link"
    if annotator.revoked_at:
        return "revoked"
    return "expired" if annotator.expires_at and annotator.expires_at <= now else "valid"
