"""An annotator withdraws: what is personal goes at once, the places go to others, and that it
happened stays on the audit.

Deleted: what was said about oneself, the researcher's note, every word written, the headphone check
and what the desk noted. Kept: submitted balances and numbers under the letter, marked as withdrawn
and left out of every consensus from then on; a frozen one stays as it was published.
"""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Coalesce

from annotate.background import enqueue_once
from annotate.models import (
    Annotation,
    Annotator,
    CampaignExcerpt,
    EventBatch,
    HeadphoneAttempt,
    Slot,
)
from annotate.services import acts
from annotate.services.saving import count_completed

NO_WORDS = "withdrawn"


@transaction.atomic
def withdraw(*, annotator: Annotator, now: datetime) -> None:
    """Safe to call twice."""
    first = Annotator.objects.filter(pk=annotator.pk, withdrawn_at__isnull=True)
    if not first.update(withdrawn_at=now, revoked_at=Coalesce("revoked_at", now)):
        return
    forget(annotator)
    _give_back(annotator)
    about = f"campaign {annotator.campaign.key}"
    acts.note("withdrawal", now=now, about=about, annotator=annotator.letter)
    enqueue_once("compute_consensus", {"campaign": annotator.campaign.key})


def forget(annotator: Annotator) -> None:
    """Delete what is personal; balances and numbers stay."""
    Annotator.objects.filter(pk=annotator.pk).update(note="", mixing_years=None, playback_device="")
    own = Annotation.objects.filter(assignment__annotator=annotator)
    own.update(comment="")
    # That no balance was given must say why.
    own.exclude(cannot_judge_reason="").update(cannot_judge_reason=NO_WORDS)
    EventBatch.objects.filter(assignment__annotator=annotator).delete()
    HeadphoneAttempt.objects.filter(annotator=annotator).delete()
    annotator.assignments.update(desk={})


def _give_back(annotator: Annotator) -> None:
    items = CampaignExcerpt.objects.filter(slots__assignment__annotator=annotator).distinct()
    held = list(items)
    Slot.objects.filter(assignment__annotator=annotator).update(
        assignment=None, leased_until=None, is_filled=False
    )
    for item in held:
        count_completed(item)
