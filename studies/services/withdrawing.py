"""Withdrawing: what is personal goes at once, the place goes to somebody else, and that it happened
stays on the audit line.

Deleted: the platform's ids, the questionnaire, the device, everything written in words, and what
the pages noted (plays, focus, device). Kept: choices and numbers under the rater's number, marked
as withdrawn and left out of every analysis; and a hash by which the same person of a platform is
not asked again.
"""

from datetime import datetime

from annotate.services.together import write_together
from studies.models import Judgement, PersonalData, Rater, Trial, TrialEvents
from studies.services import audit, lists
from studies.services.protocols import protocol_of
from studies.services.steps import WITHDRAWN, record_once


def withdraw(rater: Rater, now: datetime) -> None:
    """Safe to call twice."""
    write_together(lambda: _withdraw(rater, now))


def _withdraw(rater: Rater, now: datetime) -> None:
    if not record_once(rater, WITHDRAWN, now):
        return
    before = Rater.objects.values_list("state", flat=True).get(pk=rater.pk)
    PersonalData.objects.filter(rater=rater).delete()
    TrialEvents.objects.filter(trial__rater=rater).delete()
    _delete_words(rater)
    _forget_drafts(rater)
    lists.give_back(rater, now)
    Rater.objects.filter(pk=rater.pk).update(state=Rater.State.WITHDRAWN, finished_at=now)
    rater.state = Rater.State.WITHDRAWN
    audit.note(
        rater.version.study,
        "withdrawal",
        version=rater.version,
        now=now,
        rater=f"r{rater.number:03d}",
        was=before,
    )


def _delete_words(rater: Rater) -> None:
    spec = protocol_of(rater.version)
    for block in spec.blocks:
        written = [question.key for question in block.questions if question.kind == "text"]
        Judgement.objects.filter(
            trial__rater=rater, trial__item__block=block.key, question__in=written
        ).delete()


def _forget_drafts(rater: Rater) -> None:
    """Drafts, and why a trial was not answered: that it was not stays, as a trial must say why."""
    own = Trial.objects.filter(rater=rater)
    own.update(draft={})
    own.exclude(failure="").update(failure="withdrawn")
