"""Inviting annotators, and what is asked of each once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from annotate.models import Annotator, Campaign, HeadphoneAttempt, Slot
from annotate.models.campaigns import hash_token
from annotate.services import acts
from annotate.services.stock import ask_for_stock
from modeling.headphones import HeadphoneCheck, antiphase_check, huggins_check

HEADPHONE_ATTEMPTS = 2
MAX_INVITATIONS = 200


@dataclass(frozen=True, slots=True)
class Invitation:
    """An annotator and the token of their link: only its hash is stored, so it is shown once."""

    annotator: Annotator
    token: str


@transaction.atomic
def invite(
    *,
    campaign: Campaign,
    count: int,
    now: datetime,
    note: str = "",
    kind: str = Annotator.Kind.PERSON,
    valid_days: int | None = None,
    by: Any = None,
) -> list[Invitation]:
    """New annotators with links of their own."""
    if not 1 <= count <= MAX_INVITATIONS:
        raise ValueError(f"count = {count}: invite 1 to {MAX_INVITATIONS} at a time")
    # Two invitations at one instant wait for each other: each letter is given once.
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    last = campaign.annotators.aggregate(last=Max("number"))["last"] or 0
    invitations = []
    for number in range(last + 1, last + count + 1):
        token = Annotator.new_token()
        annotator = Annotator.objects.create(
            campaign=campaign,
            number=number,
            kind=kind,
            note=note,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=None if valid_days is None else now + timedelta(days=valid_days),
            seed=secrets.randbits(32),
        )
        invitations.append(Invitation(annotator, token))
    acts.note(
        "links made", now=now, by=by, about=f"campaign {campaign.key}", kind=kind, count=count
    )
    if campaign.is_open:
        ask_for_stock(campaign)
    return invitations


@transaction.atomic
def revoke(*, annotator: Annotator, now: datetime, by: Any = None) -> None:
    """Close the link at once. What was submitted stays; places not filled go to others."""
    own = Annotator.objects.filter(pk=annotator.pk, revoked_at__isnull=True)
    if own.update(revoked_at=now):
        about = f"campaign {annotator.campaign.key}"
        acts.note("link withdrawn", now=now, by=by, about=about, annotator=annotator.letter)
    Slot.objects.filter(assignment__annotator=annotator, is_filled=False).update(
        assignment=None, leased_until=None
    )


def record_welcome(
    *,
    annotator: Annotator,
    mixing_years: int,
    playback_device: str,
    now: datetime,
    language: str = "",
) -> None:
    """Consent and the once-only questions; the first answer stays. `language` is the one in which
    they were read."""
    Annotator.objects.filter(pk=annotator.pk, consented_at__isnull=True).update(
        consented_at=now,
        mixing_years=mixing_years,
        playback_device=playback_device,
        volume_set_at=now,
        language=language,
    )


def choose_language(*, annotator: Annotator, language: str) -> None:
    """Kept with the person: the link speaks it on every device."""
    Annotator.objects.filter(pk=annotator.pk).update(language=language)


def next_step(annotator: Annotator) -> str:
    """Which page is due: "welcome", "headphones" or "queue"."""
    if annotator.consented_at is None:
        return "welcome"
    if needs_headphone_check(annotator):
        return "headphones"
    return "queue"


def needs_headphone_check(annotator: Annotator) -> bool:
    """Until it is passed or the attempts are used up. Loudspeakers have nothing to check."""
    campaign = annotator.campaign
    if campaign.headphone_check == Campaign.HeadphoneCheck.NONE:
        return False
    if annotator.playback_device in {Annotator.Device.MONITORS, Annotator.Device.SPEAKERS}:
        return False
    return annotator.headphone_passed is None


def headphone_attempts_left(annotator: Annotator) -> int:
    finished = annotator.headphone_attempts.filter(finished_at__isnull=False).count()
    return max(0, HEADPHONE_ATTEMPTS - finished)


def start_headphones(*, annotator: Annotator, now: datetime) -> HeadphoneAttempt:
    """The attempt in progress, else a new one. Its sounds follow from its seed."""
    unfinished = annotator.headphone_attempts.filter(finished_at__isnull=True).first()
    if unfinished is not None:
        return unfinished
    return annotator.headphone_attempts.create(
        kind=annotator.campaign.headphone_check, seed=secrets.randbits(32), created_at=now
    )


@lru_cache(maxsize=32)
def check_sounds(kind: str, seed: int) -> HeadphoneCheck:
    """The sounds and right answers of one attempt, which follow from its seed."""
    make = huggins_check if kind == Campaign.HeadphoneCheck.HUGGINS else antiphase_check
    return make(np.random.default_rng(seed))


def sounds_of(attempt: HeadphoneAttempt) -> HeadphoneCheck:
    return check_sounds(attempt.kind, attempt.seed)


@transaction.atomic
def finish_headphones(*, attempt: HeadphoneAttempt, answers: list[int], now: datetime) -> bool:
    """Judge the answers (1, 2 or 3 a trial); a finished attempt keeps its first judgement."""
    passed = sounds_of(attempt).passed(answers)
    stored = HeadphoneAttempt.objects.filter(pk=attempt.pk, finished_at__isnull=True).update(
        answers=answers, passed=passed, finished_at=now
    )
    if not stored:
        attempt.refresh_from_db()
        return bool(attempt.passed)
    annotator = attempt.annotator
    if passed or headphone_attempts_left(annotator) == 0:
        Annotator.objects.filter(pk=annotator.pk).update(headphone_passed=passed)
    return passed
