"""Annotations for the tests of the researcher's pages: submitted through the real services."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from annotate.models import Annotator, Assignment, Campaign
from annotate.models.work import FADER_HIGH_DB
from annotate.services.assigning import next_assignment
from annotate.services.consensus import compute_draft
from annotate.services.saving import save
from tests.annotate.conftest import NOW, answer, batch, join, stored

BALANCE: Mapping[str, float] = {"vocals": 3.0, "drums": 0.0, "bass": -2.0, "other": -1.0}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def submit(
    assignment: Assignment,
    *,
    listened_s: float = 40.0,
    moves: int = 1,
    offsets_db: Mapping[str, float] | None = None,
    at: datetime = NOW + timedelta(minutes=3),
    **said: Any,
) -> None:
    """Answer with the faders that lead to BALANCE plus offsets."""
    exact = {
        stem: BALANCE[stem] + (offsets_db or {}).get(stem, 0.0) - served_db
        for stem, served_db in assignment.served_gain_db.items()
        if served_db is not None
    }
    # The overall level is free: lower all faders until the highest is within reach.
    common_db = min(0.0, FADER_HIGH_DB - max(exact.values()))
    faders = {s: round(exact[s] + common_db, 1) if s in exact else None for s in BALANCE}
    move = {"t": 10.0, "kind": "fader", "stem": "vocals", "db": faders["vocals"]}
    payload = batch(
        events=[move] * moves,
        listened_s=listened_s,
        submit=answer(faders_db=faders, **said),
    )
    save(assignment=stored(assignment), payload=payload, now=at)


def annotate_all(campaign: Campaign, people: int, *, kind: str = "person") -> list[Annotator]:
    """Everybody balances everything, each a little differently; the draft is worked out."""
    annotators = [invitation.annotator for invitation in join(campaign, people)]
    items = campaign.items.order_by("pk").values_list("pk", flat=True)
    places = {item: place for place, item in enumerate(items)}
    for number, annotator in enumerate(annotators):
        Annotator.objects.filter(pk=annotator.pk).update(kind=kind)
        annotator.refresh_from_db()
        while (assignment := next_assignment(annotator=annotator, now=NOW)) is not None:
            # Something that neither excerpt nor person explains, whatever order the excerpts come
            # in: without it figures of agreement stand on the edge of what can be computed.
            place = places[assignment.item_id]
            left_db = 0.1 * ((number * place**2 + number + 2 * place) % 4)
            moved_db = {"vocals": 0.4 * number, "drums": -0.3 * number, "other": left_db}
            submit(assignment, offsets_db=moved_db)
    compute_draft(campaign, now=NOW)
    return annotators
