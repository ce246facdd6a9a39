"""Stems of the places that will be taken next, made by a worker before anybody asks for them.

A page whose stems are not there makes them itself, so a place that is missing here costs its
listener a second and nothing else. But many who begin at one time would each cost all others that
second, so the stock covers everybody who is invited. Where a campaign has too many excerpts for
that, it holds what each annotator at work will probably get next.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from annotate.background import Report, enqueue_once
from annotate.models import Annotator, Campaign, CampaignExcerpt, Slot
from annotate.served import Showing, served_stem_flac
from annotate.services.assigning import free_slots
from modeling.audio import AudioError

# After so many another job has its turn: somebody may wait for it.
PLACES_A_JOB = 5
# A place is some 6 MB. More excerpts than this have no stock for whoever may come.
MOST_EXCERPTS = 200
# Whoever takes a place has minutes of work before the next: so long others may join the job.
REFILL_AFTER = timedelta(seconds=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Filled:
    """Places that were made, and whether there are more to make."""

    places: int
    is_full: bool


def ask_for_stock(
    campaign: Campaign, annotator: Annotator | None = None, *, not_before: datetime | None = None
) -> None:
    """Have a worker make what is missing; `annotator` is who is at work just now."""
    arguments: dict[str, Any] = {"campaign": campaign.key}
    if campaign.items.count() > MOST_EXCERPTS:
        if annotator is None:
            return
        arguments["annotator"] = annotator.pk
    enqueue_once("prepare_showings", arguments, not_before=not_before)


def upcoming(annotator: Annotator, now: datetime) -> list[Showing]:
    """The showing that this annotator will probably get next, if any is left."""
    slots = free_slots(annotator, now)[:1]
    if not annotator.campaign.is_open or not slots:
        return []
    item = CampaignExcerpt.objects.select_related("campaign", "excerpt").get(pk=slots[0].item_id)
    return [Showing.at_place(item, slots[0].number)]


def places_ahead(campaign: Campaign, now: datetime) -> list[Showing]:
    """Of each excerpt the free places that will be taken first: one more than would be if all who
    are invited came now."""
    if not campaign.is_open:
        return []
    items = {
        item.pk: item
        for item in campaign.items.filter(excerpt__has_audio=True).select_related("excerpt")
    }
    people = campaign.annotators.filter(revoked_at=None, withdrawn_at=None).count()
    of_each = 1 + math.ceil(people / max(1, len(items)))
    free: dict[int, list[int]] = {}
    slots = Slot.objects.free(now).filter(item__in=items).order_by("number")
    for item_id, number in slots.values_list("item", "number"):
        free.setdefault(item_id, []).append(number)
    soonest = sorted(
        (place, item_id, number)
        for item_id, numbers in free.items()
        for place, number in enumerate(numbers[:of_each])
    )
    for item in items.values():
        item.campaign = campaign
    return [Showing.at_place(items[item_id], number) for _, item_id, number in soonest]


def fill_stock(wanted: Sequence[Showing], report: Report) -> Filled:
    """Make the stems of these places that are missing, up to PLACES_A_JOB.

    Raises OSError where the disk is full.
    """
    missing = [showing for showing in wanted if not showing.is_made]
    at_hand = missing[:PLACES_A_JOB]
    made = 0
    for done, showing in enumerate(at_hand):
        report(done / len(at_hand), f"{done} of {len(missing)} places")
        made += _make(showing)
    return Filled(made, is_full=len(at_hand) == len(missing))


def _make(showing: Showing) -> bool:
    try:
        for role in showing.roles:
            served_stem_flac(showing, role)
    except AudioError as error:
        # The page says so to whoever meets it; the other places are made.
        logger.error("no audio for excerpt %s: %s", showing.item.excerpt.key, type(error).__name__)
        return False
    return True
