"""The site's side of a lab's day: an open study and an open campaign on one song, and what the
database holds after it.

Imports Django's models: `django.setup()` comes first.
"""

import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import connection
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from annotate.models import Campaign, CampaignExcerpt, Song
from benchmarks.load import books, study_books
from benchmarks.load.annotator import Sent
from benchmarks.load.lab_people import Told
from config.models import Job
from studies.models import Study, TrialEvents

STOCK_WITHIN_S = 240.0


def open_lab(*, participants: int, trials: int, annotators: int, excerpts: int, seed: int) -> Any:
    """Study, campaign, and a researcher who is signed in: (path of the study's link, annotators'
    tokens, the researcher's cookie)."""
    join = study_books.open_study(participants=participants, trials=trials, seed=seed)
    owner = get_user_model().objects.get()
    tokens = books.open_campaign_for(
        owner,
        clients=annotators,
        excerpts=excerpts,
        overlap=annotators,
        seed=seed,
        now=timezone.now(),
    )
    cookie = signed_in(owner)
    connection.close()
    return join, tokens, cookie


def signed_in(user: Any) -> str:
    """A session of this account, as a cookie."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def researcher_pages() -> list[tuple[str, str, bool]]:
    """(name, path, is it an update by htmx) of what a researcher looks at."""
    study, campaign, song = Study.objects.get(), Campaign.objects.get(), Song.objects.get()
    dashboard, campaign_page = (
        reverse("study-dashboard", args=[study.key]),
        reverse("campaign", args=[campaign.key]),
    )
    # PostgreSQL may be restarted before this process asks again.
    connection.close()
    return [
        ("studies", reverse("studies"), False),
        ("study", dashboard, False),
        ("study, update", dashboard, True),
        ("study, agreement", f"{dashboard}?part=agreement", True),
        ("people of a study", reverse("study-people", args=[study.key]), False),
        ("exports", reverse("study-exports", args=[study.key]), False),
        ("reports", reverse("study-report", args=[study.key]), False),
        ("campaigns", reverse("campaigns"), False),
        ("campaign", campaign_page, False),
        ("campaign, update", campaign_page, True),
        ("people of a campaign", reverse("people", args=[campaign.key]), False),
        ("consensus", reverse("consensus", args=[campaign.key]), False),
        ("songs", reverse("songs"), False),
        ("song", reverse("song", args=[song.key]), False),
    ]


def faults(told: Mapping[str, Told], sent: dict[str, Sent]) -> list[str]:
    """What the database holds otherwise than it was acknowledged, by count and by content."""
    answers = {key: one.answers for key, one in told.items() if one.answers}
    found = study_books.faults(answers)
    return [
        *found["lost"],
        *found["overlap"],
        *_other_batches(told),
        *books.lost_of(sent),
        *_too_many_people(),
    ]


def _other_batches(told: Mapping[str, Told]) -> list[str]:
    stored: dict[str, list[tuple[str, int, Any]]] = {}
    rows = TrialEvents.objects.values_list("trial__key", "client", "seq", "events")
    for key, *batch in rows:
        stored.setdefault(key, []).append(tuple(batch))
    wrong = []
    for key in stored.keys() | {key for key, one in told.items() if one.batches}:
        wanted = told[key].batches if key in told else {}
        found = {(client, seq): events for client, seq, events in stored.get(key, [])}
        if found != wanted or len(stored.get(key, [])) != len(wanted):
            wrong.append(f"{key}: {len(stored.get(key, []))} batches for {len(wanted)}, or others")
    return wrong


def _too_many_people() -> list[str]:
    surplus = Q(assignments__annotations__is_surplus=True)
    items = CampaignExcerpt.objects.annotate(
        people=Count("assignments", distinct=True),
        filled=Count("slots", filter=Q(slots__is_filled=True), distinct=True),
        places=Count("slots", distinct=True),
        surplus=Count("assignments__annotations", filter=surplus, distinct=True),
    )
    return [
        f"{one.key}: {one.people} people, {one.filled} filled of {one.places}, "
        f"{one.completed} counted, {one.surplus} surplus"
        for one in items
        if one.people > one.places or one.filled != one.completed or one.surplus
    ]


def wait_for_the_stock() -> None:
    """Until the stems of the first places are made, as where a campaign is opened the day before.

    Raises TimeoutError where no worker makes them.
    """
    deadline_s = time.monotonic() + STOCK_WITHIN_S
    while jobs().keys() & {Job.State.QUEUED, Job.State.RUNNING}:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"jobs did not end: {jobs()}")
        time.sleep(0.5)
    connection.close()


def jobs() -> dict[str, int]:
    """Jobs by state."""
    counted = Job.objects.order_by().values_list("state").annotate(n=Count("pk"))
    return dict(counted)
