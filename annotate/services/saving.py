"""Saving the desk and taking the answer: each batch once, each answer once, nothing overwritten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotate.background import enqueue_once
from annotate.levels import balance_of_faders
from annotate.models import Annotation, Assignment, CampaignExcerpt, Slot
from annotate.services.assigning import hold_slot
from annotate.services.batch_rows import insert_batch, read_showing, store_desk
from annotate.services.payload import Batch, PayloadError, Submission, read_batch
from annotate.services.together import write_together


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The save was not taken; `status` is the HTTP status and `message` one line for the person."""

    def __init__(self, status: int, message: str | Promise, *, is_technical: bool = False) -> None:
        super().__init__(message)
        self.status = status
        # Names a field of the request: for whoever writes a client, not for who sits before a page.
        self.is_technical = is_technical

    @property
    def message(self) -> str:
        # Put into words where it is told: who wrote may be another's thread, in another's language.
        return str(self)


@dataclass(frozen=True, slots=True)
class SaveResult:
    saved_seq: int
    is_latest: bool
    annotation: Annotation | None


def showing(*, key: str, token: str, now: datetime) -> Assignment | None:
    """The showing with this key, ready for `save`, when it is the one of whom this link admits."""
    assignment = read_showing(key)
    if assignment is None or not assignment.annotator.is_admitted(token, now):
        return None
    return assignment


def save(*, assignment: Assignment, payload: object, now: datetime) -> SaveResult:
    """Store one batch of the desk, and the answer when it carries one. The same batch again is
    answered the same and stored once. Raises Refused with nothing stored.

    `assignment` comes with its annotator, campaign and slot.
    """
    try:
        batch = read_batch(payload)
    except PayloadError as error:
        raise Refused(400, str(error), is_technical=True) from None
    if not assignment.annotator.campaign.is_open:
        raise Refused(409, _("This campaign is closed: nothing more can be changed."))
    return write_together(lambda: _take(assignment, batch, now))


def _take(assignment: Assignment, batch: Batch, now: datetime) -> SaveResult:
    if not insert_batch(assignment, batch, now):
        return _answer_again(assignment, batch, now)
    # This UPDATE also makes two answers at one instant wait for each other.
    is_latest = store_desk(assignment, batch, now)
    _extend_lease(assignment, now)
    annotation = _submit(assignment, batch.submission, now) if batch.submission else None
    return SaveResult(batch.seq, is_latest, annotation)


def _answer_again(assignment: Assignment, batch: Batch, now: datetime) -> SaveResult:
    """The batch is stored: say so once more. Other content under the same number is refused."""
    stored = assignment.event_batches.get(client=batch.client, seq=batch.seq)
    if stored.events != batch.events:
        raise Refused(409, _("This save was already taken with other content; reload the page."))
    annotation = _submit(assignment, batch.submission, now) if batch.submission else None
    assignment.refresh_from_db(fields=["desk_page"])
    return SaveResult(batch.seq, batch.page >= assignment.desk_page, annotation)


def _extend_lease(assignment: Assignment, now: datetime) -> None:
    """Whoever works keeps the place; written only when half of the lease is gone."""
    lease = timedelta(minutes=assignment.annotator.campaign.lease_minutes)
    slot: Slot | None = getattr(assignment, "slot", None)
    if slot is None or slot.is_filled or slot.leased_until is None:
        return
    if slot.leased_until < now + lease / 2:
        Slot.objects.filter(assignment=assignment, is_filled=False).update(leased_until=now + lease)


def _submit(assignment: Assignment, submission: Submission, now: datetime) -> Annotation:
    """Add the answer as a new revision; the same key again returns the revision it made."""
    earlier = list(assignment.annotations.order_by("revision"))
    for annotation in earlier:
        if annotation.idempotency_key == submission.key:
            _refuse_other_content(annotation, submission, assignment)
            return annotation
    stored = Assignment.objects.select_related("item").get(pk=assignment.pk)
    judged = not submission.cannot_judge_reason
    faders = _faders_of_sounding_stems(stored, submission)
    annotation = Annotation.objects.create(
        assignment=stored,
        revision=len(earlier) + 1,
        idempotency_key=submission.key,
        fader_db=faders if judged else None,
        balance_db=balance_of_faders(stored.served_gain_db, faders) if judged else None,
        cannot_judge_reason=submission.cannot_judge_reason,
        confidence=submission.confidence if judged else None,
        comment=submission.comment,
        listened_s=stored.listened_s,
        moves=stored.moves,
        is_surplus=_fill_slot(stored, judged, now),
        submitted_at=now,
    )
    state = Assignment.State.SUBMITTED if judged else Assignment.State.DECLINED
    Assignment.objects.filter(pk=stored.pk).update(state=state, finished_at=now)
    count_completed(stored.item)
    enqueue_once("compute_consensus", {"campaign": assignment.annotator.campaign.key})
    return annotation


def _faders_of_sounding_stems(stored: Assignment, submission: Submission) -> dict[str, Any]:
    """A silent stem has no fader: whatever was sent for it is null."""
    faders = {
        stem: None if stored.served_gain_db[stem] is None else value
        for stem, value in submission.fader_db.items()
    }
    if not submission.cannot_judge_reason and all(value is None for value in faders.values()):
        raise Refused(
            400, _("Every fader is off: raise at least one, or say that you cannot judge.")
        )
    return faders


def _refuse_other_content(
    annotation: Annotation, submission: Submission, assignment: Assignment
) -> None:
    judged = not submission.cannot_judge_reason
    sent = {
        stem: None if assignment.served_gain_db[stem] is None else value
        for stem, value in submission.fader_db.items()
    }
    same = (
        annotation.fader_db == (sent if judged else None)
        and annotation.comment == submission.comment
        and annotation.cannot_judge_reason == submission.cannot_judge_reason
        and annotation.confidence == (submission.confidence if judged else None)
    )
    if not same:
        raise Refused(409, _("This answer was already taken with other content; reload the page."))


def _fill_slot(assignment: Assignment, judged: bool, now: datetime) -> bool:
    """Mark the place as filled; returns whether the answer is surplus to the overlap. An answer
    "cannot judge" gives the place to somebody else."""
    if assignment.repeat:
        return False
    held = Slot.objects.filter(assignment=assignment)
    if not judged:
        held.update(is_filled=False, assignment=None, leased_until=None)
        return False
    if not hold_slot(assignment, assignment.annotator, now):
        return True
    held.update(is_filled=True)
    return False


def count_completed(item: CampaignExcerpt) -> None:
    """Counted anew under a lock, for two who submit at one instant would each miss the other. (On
    SQLite, where the lock does nothing, only one of them writes at a time.)"""
    counted = CampaignExcerpt.objects.filter(pk=item.pk)
    counted.select_for_update(no_key=True).get()
    counted.update(completed=Slot.objects.filter(item=item, is_filled=True).count())
