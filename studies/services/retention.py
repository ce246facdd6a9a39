"""Personal data is kept for so long after a study or a campaign is closed, and no longer.

Removed: what people said about themselves, platforms' ids, devices, what pages noted, and the
researcher's notes on annotators. Kept: every judgement, under its number. That a person of a
platform has come stays as a keyed hash, so that nobody takes part twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from annotate.models import Annotator, Campaign, EventBatch, HeadphoneAttempt
from annotate.services import acts
from studies.models import PersonalData, StudyVersion, TrialEvents
from studies.services import audit


@dataclass(frozen=True, slots=True)
class Due:
    """One study's version or one campaign, and whose data goes."""

    what: str
    people: int


def remove_personal_data(now: datetime, *, keep_days: int, dry_run: bool = False) -> list[Due]:
    """Remove what is due; with `dry_run` only say what it would be. Safe to call again."""
    before = now - timedelta(days=keep_days)
    versions = StudyVersion.objects.filter(closed_at__lte=before).select_related("study")
    campaigns = Campaign.objects.filter(state=Campaign.State.CLOSED, closed_at__lte=before)
    found = [_of_version(one, now, dry_run) for one in versions.order_by("pk")]
    found += [_of_campaign(one, now, dry_run) for one in campaigns.order_by("pk")]
    return [due for due in found if due.people]


@transaction.atomic
def _of_version(version: StudyVersion, now: datetime, dry_run: bool) -> Due:
    personal = PersonalData.objects.filter(rater__version=version)
    noted = TrialEvents.objects.filter(trial__rater__version=version)
    whose = set(personal.values_list("rater", flat=True))
    due = Due(f"study {version.study.key} v{version.number}", len(whose))
    if due.people and not dry_run:
        personal.delete()
        noted.delete()
        audit.note(
            version.study, "personal data removed", version=version, now=now, people=due.people
        )
    return due


@transaction.atomic
def _of_campaign(campaign: Campaign, now: datetime, dry_run: bool) -> Due:
    people = Annotator.objects.filter(campaign=campaign, kind=Annotator.Kind.PERSON)
    told = people.exclude(note="", mixing_years=None, playback_device="")
    due = Due(f"campaign {campaign.key}", told.count())
    if due.people and not dry_run:
        EventBatch.objects.filter(assignment__annotator__in=people).delete()
        HeadphoneAttempt.objects.filter(annotator__in=people).delete()
        people.update(note="", mixing_years=None, playback_device="")
        about = f"campaign {campaign.key}"
        acts.note("personal data removed", now=now, about=about, people=due.people)
    return due
