"""Rows of a study that runs, for browser tests: made in a child process, told by key."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from annotate.models import Excerpt, Song
from studies.exports.scope import Scope
from studies.models import Rater
from studies.services import large_exports
from tests.studies.answered_study import AnsweredStudy

PEOPLE = 5


def make(owner: str, n_items: int = 8) -> str:
    """A study with people, one rejected, one at work, a pilot, a preview and simulated raters."""
    study = AnsweredStudy(
        get_user_model().objects.get(username=owner), _excerpt, n_items=n_items, n_lists=12
    )
    now = timezone.now()
    for number in range(PEOPLE):
        at = now - timedelta(hours=number + 1)
        study.person(choose="AB"[number % 2], attention="BA"[number % 2], at=at)
    study.person(answers=4, state="active", at=now - timedelta(minutes=21))
    study.person(answers=2, state="active", at=now - timedelta(hours=9))
    study.person(run="pilot", at=now - timedelta(days=1))
    study.person(run="preview", at=now - timedelta(days=1))
    for _ in range(3):
        study.person(kind="simulated", run="pilot", about={"manner": "careless"}, at=now)
    failed = study.version.raters.get(number=2)
    failed.steps.filter(step="headphones").update(passed=False)
    Rater.objects.filter(number=7).update(last_seen_at=now - timedelta(hours=8))
    scope = Scope(study.version, now)
    large_exports.write(large_exports.ask_for(scope, "json", by=study.study.owner), _unheard)
    large_exports.ask_for(scope, "zip", by=study.study.owner)
    return study.study.key


def _unheard(progress: float, message: str = "") -> None:
    pass


def _excerpt(number: int) -> Any:
    song = Song.objects.create(
        title=f"A Song With Quite a Long Title {number}",
        artist=f"Artist {number}",
        fingerprint=uuid.uuid4().hex * 2,
        duration_s=60.0,
        imported_at=timezone.now(),
    )
    return Excerpt.objects.create(
        song=song,
        start_s=10.0,
        duration_s=24.0,
        loudness_lufs=dict.fromkeys(("vocals", "drums", "bass", "other"), -20.0),
        peak_dbfs=dict.fromkeys(("vocals", "drums", "bass", "other"), -6.0),
        activity=dict.fromkeys(("vocals", "drums", "bass", "other"), 1.0),
        # No files lie behind it: it is for no campaign and no advice of other tests.
        has_audio=False,
        created_at=timezone.now(),
        retired_at=timezone.now(),
    )
