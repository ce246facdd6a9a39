"""Who is not let in, or no longer, is told so in one kind line, and nothing is written."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Annotator, Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import close_campaign
from annotate.services.people import Invitation, revoke
from tests.annotate.conftest import answer, batch, join


@pytest.fixture
def assignment(invitation: Invitation, now: datetime) -> Assignment:
    claimed = next_assignment(annotator=invitation.annotator, now=now)
    assert claimed is not None
    return claimed


def every_address(token: str, assignment: Assignment) -> list[tuple[str, str]]:
    key = assignment.key
    return [
        ("get", reverse("queue", args=[token])),
        ("get", reverse("welcome", args=[token])),
        ("post", reverse("welcome", args=[token])),
        ("post", reverse("next", args=[token])),
        ("get", reverse("headphones", args=[token])),
        ("post", reverse("headphones-start", args=[token])),
        ("get", reverse("mixer", args=[token, key])),
        ("post", reverse("save", args=[token, key])),
        ("get", reverse("stem-audio", args=[token, key, "vocals"])),
    ]


def ask(client: Client, method: str, address: str) -> Any:
    if address.endswith("/save/"):
        return client.post(address, batch(submit=answer()), content_type="application/json")
    return getattr(client, method)(address)


def test_a_forged_token_meets_404_everywhere(client, invitation, assignment):
    for method, address in every_address(invitation.token[:-1] + "_", assignment):
        assert ask(client, method, address).status_code == 404, address
    assert not assignment.annotations.exists()


def test_a_withdrawn_link_says_so_everywhere(client, invitation, assignment, now):
    revoke(annotator=invitation.annotator, now=now)
    for method, address in every_address(invitation.token, assignment):
        refused = ask(client, method, address)
        assert refused.status_code == 404, address
        kind_line = "no longer works" if address.endswith("/save/") else "This link has ended"
        assert kind_line in refused.content.decode(), address
    assert not assignment.annotations.exists()


def test_an_expired_link_is_told_like_a_withdrawn_one(client, invitation):
    Annotator.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused = client.get(reverse("queue", args=[invitation.token]))
    assert refused.status_code == 404
    assert "This link has ended" in refused.content.decode()


def test_another_annotators_excerpt_is_404(client, campaign: Campaign, assignment):
    other = join(campaign)[0]
    for method, address in every_address(other.token, assignment):
        if assignment.key in address:
            assert ask(client, method, address).status_code == 404, address


def test_a_closed_campaign_shows_thanks_and_takes_nothing_more(
    client, invitation, assignment, campaign, now
):
    close_campaign(campaign=campaign, now=now)
    token = invitation.token
    queue = reverse("queue", args=[token])
    assert "This campaign is closed" in client.get(queue).content.decode()
    assert client.get(reverse("mixer", args=[token, assignment.key])).url == queue
    assert (
        client.get(reverse("stem-audio", args=[token, assignment.key, "bass"])).status_code == 404
    )
    refused = ask(client, "post", reverse("save", args=[token, assignment.key]))
    assert refused.status_code == 409
    assert "closed" in refused.json()["error"]


def test_a_campaign_that_is_not_open_yet_says_so(client, make_campaign):
    invitation = join(make_campaign(is_open=False))[0]
    page = client.get(reverse("queue", args=[invitation.token])).content.decode()
    assert "Not open yet" in page
    assert "First excerpt" not in page


def test_a_page_open_for_too_long_is_told_to_reload(invitation, assignment):
    strict = Client(enforce_csrf_checks=True)
    save = reverse("save", args=[invitation.token, assignment.key])
    assert strict.post(save, batch(), content_type="application/json").status_code == 403
