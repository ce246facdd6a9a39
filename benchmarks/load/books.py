"""The site's side of a run: the campaign that is worked on, and what the database holds after it.

Imports Django's models: `django.setup()` comes first.
"""

from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from annotate.fields import new_key
from annotate.models import Annotator, Assignment, Campaign, CampaignExcerpt, Excerpt, Song
from annotate.services import library
from annotate.services.campaigns import create_campaign, open_campaign
from annotate.services.people import invite
from benchmarks.load.annotator import Sent
from modeling.excerpts import ExcerptWindow

EXCERPT_S = 25.0


def open_books(*, clients: int, excerpts: int, overlap: int, seed: int) -> list[str]:
    """Tables, one generated song whose excerpt stands for many, an open campaign. The tokens of
    its annotators, who have answered the once-only questions."""
    now = timezone.now()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("make_demo_songs", "--count", "1", "--seed", str(seed), stdout=StringIO())
    owner = get_user_model().objects.create_user("researcher")
    tokens = open_campaign_for(
        owner, clients=clients, excerpts=excerpts, overlap=overlap, seed=seed, now=now
    )
    connection.close()
    return tokens


def open_campaign_for(
    owner: Any, *, clients: int, excerpts: int, overlap: int, seed: int, now: datetime
) -> list[str]:
    """The campaign on the one song there is. The tokens of its annotators."""
    first = library.add_excerpt(
        Song.objects.get(),
        ExcerptWindow(0.0, EXCERPT_S, score=0.0, reasons=()),
        origin=Excerpt.Origin.BY_HAND,
        now=now,
    )
    campaign = create_campaign(
        owner=owner,
        name="Load",
        now=now,
        excerpts=[first, *(_twin(first) for _ in range(excerpts - 1))],
        seed=seed,
        overlap=overlap,
        repeats=0,
        headphone_check=Campaign.HeadphoneCheck.NONE,
    )
    open_campaign(campaign=campaign, now=now)
    invitations = invite(campaign=campaign, count=clients, now=now)
    Annotator.objects.update(consented_at=now, mixing_years=5, playback_device="over-ear")
    return [invitation.token for invitation in invitations]


def _twin(excerpt: Excerpt) -> Excerpt:
    """Another excerpt that shares its files."""
    twin = Excerpt.objects.get(pk=excerpt.pk)
    twin.pk, twin.key = None, new_key()
    twin.save()
    twin.folder.symlink_to(excerpt.folder.resolve())
    return twin


def faults(sent: dict[str, Sent]) -> dict[str, list[str]]:
    """Compare every showing with what its annotator sent. Empty lists are what is wanted."""
    return {"lost": lost_of(sent), "overlap": list(_over_the_overlap())}


def lost_of(sent: dict[str, Sent]) -> list[str]:
    """What is stored otherwise than it was sent."""
    stored = {
        assignment.key: assignment
        for assignment in Assignment.objects.prefetch_related("event_batches", "annotations")
    }
    lost = [f"{key}: not there" for key in sent.keys() - stored.keys()]
    lost += [f"{key}: nobody sent it" for key in stored.keys() - sent.keys()]
    for key in sent.keys() & stored.keys():
        lost += [f"{key}: {fault}" for fault in _differences(sent[key], stored[key])]
    return lost


def _differences(sent: Sent, stored: Assignment) -> Iterable[str]:
    batches = {(one.client, one.seq): one.events for one in stored.event_batches.all()}
    if batches != sent.batches:
        yield f"{len(batches)} batches for {len(sent.batches)}, or with other content"
    if len(stored.event_batches.all()) != len(sent.batches):
        yield "a batch is stored twice"
    answers = {one.idempotency_key: one.fader_db for one in stored.annotations.all()}
    if answers != sent.submissions:
        yield f"answers {answers} for {sent.submissions}"
    for name, value in _state(sent).items():
        if getattr(stored, name) != value:
            yield f"{name} = {getattr(stored, name)!r} for {value!r}"


def _state(sent: Sent) -> dict[str, Any]:
    return {"desk": sent.desk, "listened_s": sent.listened_s, "moves": sent.moves}


def _over_the_overlap() -> Iterable[str]:
    """Items with more people than places, with a wrong count, or with a surplus answer."""
    surplus = Q(assignments__annotations__is_surplus=True)
    items = CampaignExcerpt.objects.select_related("campaign").annotate(
        people=Count("assignments", distinct=True),
        filled=Count("slots", filter=Q(slots__is_filled=True), distinct=True),
        surplus=Count("assignments__annotations", filter=surplus, distinct=True),
    )
    for item in items:
        found = [item.people, item.filled, item.completed, item.surplus]
        places = item.campaign.overlap
        if found != [places, places, places, 0]:
            yield f"{item.key}: people, filled, counted, surplus = {found} for {places} places"
