"""What an invite link opens: the owner's own work, until it expires or is withdrawn."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Annotator, Assignment, Campaign, EventBatch
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation, invite, revoke
from tests.annotate.conftest import batch, join


@pytest.fixture
def assignment(annotator: Annotator, now: datetime) -> Assignment:
    claimed = next_assignment(annotator=annotator, now=now)
    assert claimed is not None
    return claimed


def post_save(client: Client, token: str, key: str, payload: object, **more: Any) -> Any:
    body = payload if isinstance(payload, str) else json.dumps(payload)
    address = reverse("save", args=[token, key])
    return client.post(address, body, content_type="application/json", **more)


def addresses(token: str, assignment: Assignment) -> list[tuple[str, str]]:
    """(method, address) of everything under a token that names this assignment, and the queue."""
    under = [token, assignment.key]
    return [
        ("get", reverse("queue", args=[token])),
        ("get", reverse("welcome", args=[token])),
        ("get", reverse("headphones", args=[token])),
        ("post", reverse("headphones-start", args=[token])),
        ("post", reverse("next", args=[token])),
        ("get", reverse("mixer", args=under)),
        ("post", reverse("save", args=under)),
        ("get", reverse("stem-audio", args=[*under, "vocals"])),
    ]


def refused_everywhere(token: str, assignment: Assignment) -> list[str]:
    """What answered anything else than 404."""
    client = Client()
    return [
        f"{method} {address} {answer.status_code}"
        for method, address in addresses(token, assignment)
        if (answer := getattr(client, method)(address)).status_code != 404
    ]


def test_a_forged_link_opens_nothing(assignment: Assignment) -> None:
    assert refused_everywhere(Annotator.new_token(), assignment) == []


def test_the_stored_hash_is_no_link(annotator: Annotator, assignment: Assignment) -> None:
    assert refused_everywhere(annotator.token_hash, assignment) == []


def test_a_public_key_is_no_link(annotator: Annotator, assignment: Assignment) -> None:
    assert refused_everywhere(annotator.key, assignment) == []


def test_a_withdrawn_link_opens_nothing(
    invitation: Invitation, assignment: Assignment, now: datetime
) -> None:
    revoke(annotator=invitation.annotator, now=now)
    assert refused_everywhere(invitation.token, assignment) == []
    assert not EventBatch.objects.exists()


def test_an_expired_link_opens_nothing(invitation: Invitation, assignment: Assignment) -> None:
    Annotator.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused_everywhere(invitation.token, assignment) == []


def test_a_link_of_two_days_works_until_they_are_over(campaign: Campaign, now: datetime) -> None:
    token = invite(campaign=campaign, count=1, now=now, valid_days=2)[0].token
    almost, over = now + timedelta(days=2, seconds=-1), now + timedelta(days=2)
    assert Annotator.objects.by_token(token, almost).exists()
    assert not Annotator.objects.by_token(token, over).exists()


def test_a_colleague_of_the_same_campaign_reaches_nothing_of_mine(
    campaign: Campaign, assignment: Assignment
) -> None:
    other = join(campaign)[0].token
    client = Client()
    under = [other, assignment.key]
    assert client.get(reverse("mixer", args=under)).status_code == 404
    assert client.get(reverse("stem-audio", args=[*under, "drums"])).status_code == 404
    assert post_save(client, other, assignment.key, batch()).status_code == 404
    assert not EventBatch.objects.exists()


def test_a_link_of_another_campaign_reaches_nothing_of_this_one(
    make_campaign: Callable[..., Campaign], assignment: Assignment
) -> None:
    other = join(make_campaign(1))[0].token
    assert Client().get(reverse("mixer", args=[other, assignment.key])).status_code == 404
    assert post_save(Client(), other, assignment.key, batch()).status_code == 404


def test_a_save_without_the_csrf_token_is_refused(
    invitation: Invitation, assignment: Assignment
) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = post_save(client, invitation.token, assignment.key, batch())
    assert answer.status_code == 403
    assert not EventBatch.objects.exists()


def test_a_save_with_the_cookie_and_the_header_is_taken(
    invitation: Invitation, assignment: Assignment
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("queue", args=[invitation.token]))
    client.get(reverse("login"))  # any page with a form sets the cookie
    header = {"X-CSRFToken": client.cookies["csrftoken"].value}
    answer = post_save(client, invitation.token, assignment.key, batch(), headers=header)
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["next", "headphones-start", "save"])
def test_what_changes_something_takes_no_get(
    invitation: Invitation, assignment: Assignment, name: str
) -> None:
    args = [invitation.token, *([assignment.key] if name == "save" else [])]
    assert Client().get(reverse(name, args=args)).status_code == 405


@pytest.mark.parametrize("name", ["queue", "mixer", "stem-audio"])
def test_what_shows_something_takes_no_post(
    invitation: Invitation, assignment: Assignment, name: str
) -> None:
    more = {"queue": [], "mixer": [assignment.key], "stem-audio": [assignment.key, "bass"]}
    address = reverse(name, args=[invitation.token, *more[name]])
    assert Client().post(address).status_code == 405


def test_pages_under_a_link_are_never_cached_nor_indexed_nor_told_to_others(
    invitation: Invitation,
) -> None:
    answer = Client().get(reverse("queue", args=[invitation.token]))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer["X-Robots-Tag"]
