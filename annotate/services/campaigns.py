"""Making, opening and closing a campaign; a researcher's word on one of its excerpts."""

import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from annotate.background import enqueue_once
from annotate.models import Campaign, CampaignExcerpt, Decision, Excerpt, Slot, Song
from annotate.served import forget_served
from annotate.services.stock import ask_for_stock

TARGET_LUFS = -23.0
# safe_target_lufs is found by search: half a LU keeps clear of what the search may have missed.
TARGET_MARGIN_LU = 0.5
SONG_FILTERS = ("genre", "artist", "split", "licence")


def excerpts_for(song_filter: dict[str, str]) -> Any:
    """The usable excerpts with audio whose song matches: what a new campaign would hold."""
    unknown = sorted(set(song_filter) - set(SONG_FILTERS))
    if unknown:
        raise ValidationError(f"unknown song filter {unknown[0]!r}: use {', '.join(SONG_FILTERS)}")
    songs = Song.objects.matching(**song_filter)
    return Excerpt.objects.usable().filter(song__in=songs, has_audio=True)


@transaction.atomic
def create_campaign(
    *,
    owner: Any,
    name: str,
    now: datetime,
    song_filter: dict[str, str] | None = None,
    excerpts: list[Excerpt] | None = None,
    seed: int | None = None,
    **settings: Any,
) -> Campaign:
    """A draft with the given excerpts, else with all that match the filter.

    `settings` are the campaign's own fields (overlap, repeats, ...). Raises ValidationError.
    """
    chosen = excerpts if excerpts is not None else list(excerpts_for(song_filter or {}))
    if not chosen:
        raise ValidationError(_("No excerpt matches: import songs first, or widen the filter."))
    campaign = Campaign(
        owner=owner,
        name=name.strip(),
        song_filter=song_filter or {},
        seed=secrets.randbits(32) if seed is None else seed,
        created_at=now,
        **settings,
    )
    campaign.full_clean()
    campaign.save()
    add_excerpts(campaign, chosen)
    return campaign


def add_excerpts(campaign: Campaign, excerpts: list[Excerpt]) -> list[CampaignExcerpt]:
    """Put excerpts into a campaign, each with as many places as the overlap asks."""
    items = CampaignExcerpt.objects.bulk_create(
        CampaignExcerpt(campaign=campaign, excerpt=excerpt) for excerpt in excerpts
    )
    Slot.objects.bulk_create(
        Slot(item=item, number=number)
        for item in items
        for number in range(1, campaign.overlap + 1)
    )
    return items


@transaction.atomic
def open_campaign(*, campaign: Campaign, now: datetime) -> None:
    """Let annotators in. The loudness at which all mixes are held is settled here: one value for
    the whole campaign, low enough that no setting of any excerpt's faders can clip."""
    safe = [
        value - TARGET_MARGIN_LU
        for value in campaign.items.values_list("excerpt__safe_target_lufs", flat=True)
        if value is not None
    ]
    first_opening = campaign.opened_at is None
    if first_opening:
        campaign.target_loudness_lufs = round(min([TARGET_LUFS, *safe]), 1)
        campaign.opened_at = now
    campaign.state = Campaign.State.OPEN
    campaign.closed_at = None
    campaign.save(update_fields=["state", "target_loudness_lufs", "opened_at", "closed_at"])
    ask_for_stock(campaign)


def close_campaign(*, campaign: Campaign, now: datetime) -> None:
    """Take no more answers, and keep the served stems no longer. It can be opened again."""
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.CLOSED, closed_at=now)
    forget_served(campaign)


@transaction.atomic
def decide(
    *, item: CampaignExcerpt, verdict: str, reason: str, extra: int, by: Any, now: datetime
) -> Decision:
    """Accept an excerpt's annotations, ask for more, or set it aside and say why."""
    if verdict not in Decision.Verdict.values:
        raise ValidationError(f"{verdict!r} is no verdict: {', '.join(Decision.Verdict.values)}")
    if verdict == Decision.Verdict.SET_ASIDE and not reason.strip():
        raise ValidationError(_("Say why this excerpt is set aside."))
    if verdict == Decision.Verdict.ASK_MORE:
        if not item.excerpt.has_audio:
            raise ValidationError(_("Nobody can hear this excerpt: it was imported without audio."))
        if not 1 <= extra <= 20:
            raise ValidationError(_("Ask for 1 to 20 more annotations."))
        # Two people who ask at one instant wait for each other.
        CampaignExcerpt.objects.select_for_update().get(pk=item.pk)
        last = item.slots.aggregate(last=Max("number"))["last"] or 0
        Slot.objects.bulk_create(
            Slot(item=item, number=number) for number in range(last + 1, last + extra + 1)
        )
    decision = Decision.objects.create(
        item=item,
        verdict=verdict,
        reason=reason.strip(),
        extra=extra if verdict == Decision.Verdict.ASK_MORE else 0,
        by=by,
        at=now,
    )
    enqueue_once("compute_consensus", {"campaign": item.campaign.key})
    return decision
