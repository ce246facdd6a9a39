"""A researcher's word on a participant. It is added, never changed; the last one counts. A
rejection gives the whole list to somebody else; nothing that was answered is deleted."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from studies.exports.scope import rater_id
from studies.models import Rater, Review, StudyVersion
from studies.services import audit, lists
from studies.services.refusing import Refused

ACCEPTED, REJECTED = Review.Verdict.ACCEPTED, Review.Verdict.REJECTED


@transaction.atomic
def review(rater: Rater, verdict: str, *, reason: str = "", by: Any, now: datetime) -> Review:
    """Accept or reject.

    Raises:
        Refused: another verdict, no reason for a rejection, or somebody who withdrew.
    """
    if verdict not in Review.Verdict:
        raise Refused(_("Choose to accept or to reject."))
    if rater.state == Rater.State.WITHDRAWN:
        raise Refused(_("Who withdrew cannot be reviewed: nothing of theirs is used."))
    if rater.kind not in (Rater.Kind.PERSON, Rater.Kind.SIMULATED):
        raise Refused(_("Judges are not reviewed."))
    reason = reason.strip()
    if verdict == REJECTED and not reason:
        raise Refused(_("Say why you reject: the reason is kept with the verdict."))
    row = Review.objects.create(rater=rater, verdict=verdict, reason=reason[:500], by=by, at=now)
    gave_back = verdict == REJECTED and lists.give_back(rater, now)
    audit.note(
        rater.version.study,
        verdict,
        by=by,
        now=now,
        version=rater.version,
        rater=rater_id(rater.number),
        reason=reason[:500],
        gave_list_back=gave_back,
    )
    return row


@transaction.atomic
def accept_all(
    version: StudyVersion, keys: Collection[str], *, by: Any, now: datetime
) -> tuple[int, int]:
    """Accept those of these raters who are complete and not reviewed yet.

    Returns:
        How many were accepted, and how many were left as they are.
    """
    found = version.raters.filter(key__in=keys, state=Rater.State.COMPLETE, reviews__isnull=True)
    waiting = list(found.select_related("version__study"))
    for rater in waiting:
        review(rater, ACCEPTED, by=by, now=now)
    return len(waiting), len(set(keys)) - len(waiting)
