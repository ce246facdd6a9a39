"""Who gets which excerpt next: the least completed one, never more people than the overlap."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError
from django.db.models import Count, Exists, OuterRef, Q

from annotate.levels import draw_levels
from annotate.models import Annotator, Assignment, CampaignExcerpt, Slot
from annotate.services.together import write_together

CANDIDATES = 50
TRIES = 5


@dataclass(frozen=True, slots=True)
class Remaining:
    """How far an annotator is: `total` counts what they may still be asked, repeats included."""

    done: int
    in_progress: int
    total: int


class FreeSlot(NamedTuple):
    pk: int
    item_id: int
    number: int


def next_assignment(*, annotator: Annotator, now: datetime) -> Assignment | None:
    """The unfinished excerpt of this annotator, else a new one, else a repeat, else None."""
    unfinished = _unfinished(annotator, now)
    if unfinished is not None:
        return unfinished
    if not annotator.campaign.is_open:
        return None
    if _repeat_is_due(annotator):
        repeat = _claim_repeat(annotator, now)
        if repeat is not None:
            return repeat
    for _ in range(TRIES):
        slots = free_slots(annotator, now)
        if not slots:
            break
        for slot in slots:
            assignment = _claim(annotator, slot, now)
            if assignment is not None:
                return assignment
    return _claim_repeat(annotator, now)


def _unfinished(annotator: Annotator, now: datetime) -> Assignment | None:
    """What was begun comes first. If its lease ran out and its places went to others, work that was
    begun can still be finished (and is kept, marked as surplus); an untouched one is dropped."""
    for assignment in annotator.assignments.filter(state=Assignment.State.ACTIVE).order_by("pk"):
        if assignment.repeat or hold_slot(assignment, annotator, now) or assignment.desk_seq:
            return assignment
        assignment.delete()
    return None


def hold_slot(assignment: Assignment, annotator: Annotator, now: datetime) -> bool:
    """Make sure that this assignment holds a place for another lease; False when all are gone."""
    until = now + timedelta(minutes=annotator.campaign.lease_minutes)
    if Slot.objects.filter(assignment=assignment).update(leased_until=until):
        return True
    free = Slot.objects.free(now).filter(item=assignment.item_id).values_list("pk", flat=True)
    return any(Slot.objects.take(pk, assignment, until=until, now=now) for pk in free)


def free_slots(annotator: Annotator, now: datetime) -> list[FreeSlot]:
    """A free slot of each of the least completed items that this annotator has not had; the order
    among equals is the annotator's own, drawn from the campaign's seed."""
    had = Assignment.objects.filter(item=OuterRef("pk"), annotator=annotator)
    free = Slot.objects.free(now).filter(item=OuterRef("pk"))
    items = list(
        annotator.campaign.items.filter(Exists(free), excerpt__has_audio=True)
        .exclude(Exists(had))
        .annotate(taken=Count("slots", filter=_held(now)))
        .values_list("pk", "completed", "taken")
    )
    items.sort(key=lambda row: (row[1], row[2], _shuffle(annotator, row[0])))
    order = {pk: place for place, (pk, _, _) in enumerate(items[:CANDIDATES])}
    first_free: dict[int, FreeSlot] = {}
    # Plain values: a campaign begins with hundreds of free slots, and one of each item is wanted.
    rows = Slot.objects.free(now).filter(item__in=order).order_by("item", "number")
    for values in rows.values_list("pk", "item", "number"):
        slot = FreeSlot(*values)
        first_free.setdefault(slot.item_id, slot)
    return sorted(first_free.values(), key=lambda slot: order[slot.item_id])


def _held(now: datetime) -> Q:
    return Q(slots__is_filled=True) | Q(
        slots__assignment__isnull=False, slots__leased_until__gte=now
    )


def _shuffle(annotator: Annotator, item_id: int) -> bytes:
    text = f"{annotator.campaign.seed}:{annotator.seed}:{item_id}"
    return hashlib.sha256(text.encode()).digest()


def _claim(annotator: Annotator, slot: FreeSlot, now: datetime) -> Assignment | None:
    """Take this slot, or None when somebody else was faster (or this annotator, in another tab)."""
    item = CampaignExcerpt.objects.select_related("excerpt").get(pk=slot.item_id)
    until = now + timedelta(minutes=annotator.campaign.lease_minutes)

    def claim() -> Assignment:
        assignment = _create(annotator, item, slot=slot.number, repeat=0, now=now)
        if not Slot.objects.take(slot.pk, assignment, until=until, now=now):
            raise _TakenError
        return assignment

    try:
        return write_together(claim)
    except (_TakenError, IntegrityError):
        return None


class _TakenError(Exception):
    """Undoes the assignment that was made for a slot which somebody else took first."""


def _create(
    annotator: Annotator, item: CampaignExcerpt, *, slot: int, repeat: int, now: datetime
) -> Assignment:
    levels = draw_levels(item, slot=slot, repeat=repeat, seed=annotator.campaign.seed)
    return Assignment.objects.create(
        item=item,
        annotator=annotator,
        repeat=repeat,
        slot_number=slot,
        served_gain_db=levels.served_gain_db,
        trim_db=levels.trim_db,
        start_db=levels.start_db,
        created_at=now,
    )


def _repeat_is_due(annotator: Annotator) -> bool:
    """Repeats are spread through the work: the r-th comes after every fourth first showing."""
    if not annotator.campaign.repeats:
        return False
    first, repeats = _shown(annotator)
    return repeats < annotator.campaign.repeats and first >= 4 * (repeats + 1)


def _shown(annotator: Annotator) -> tuple[int, int]:
    counts = annotator.assignments.aggregate(
        first=Count("pk", filter=Q(repeat=0)), repeats=Count("pk", filter=Q(repeat__gt=0))
    )
    return counts["first"], counts["repeats"]


def _claim_repeat(annotator: Annotator, now: datetime) -> Assignment | None:
    """Show again, with opposite trims and starts, the excerpt submitted longest ago; never the one
    just done, and each at most once more."""
    if not annotator.campaign.repeats or _shown(annotator)[1] >= annotator.campaign.repeats:
        return None
    submitted = list(
        annotator.assignments.filter(repeat=0, state=Assignment.State.SUBMITTED)
        .exclude(item__in=annotator.assignments.filter(repeat__gt=0).values("item"))
        .select_related("item__excerpt")
        .order_by("finished_at", "pk")
    )
    last = annotator.assignments.order_by("-finished_at", "-pk").first()
    submitted = [one for one in submitted if last is None or one.item_id != last.item_id]
    if not submitted:
        return None
    first = submitted[0]
    try:
        return write_together(
            lambda: _create(annotator, first.item, slot=first.slot_number, repeat=1, now=now)
        )
    except IntegrityError:
        return None


def remaining(annotator: Annotator) -> Remaining:
    """What is done, what is open, and the most that this annotator can still be asked."""
    counts = annotator.assignments.aggregate(
        done=Count("pk", filter=~Q(state=Assignment.State.ACTIVE)),
        active=Count("pk", filter=Q(state=Assignment.State.ACTIVE)),
    )
    campaign = annotator.campaign
    items = campaign.items.count()
    # A repeat needs another excerpt in between, so a single excerpt is never repeated.
    total = items + (min(campaign.repeats, items) if items > 1 else 0)
    return Remaining(counts["done"], counts["active"], total)
