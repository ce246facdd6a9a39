"""The annotator's pages: what is due comes first, and every answer keeps the link to itself."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation, invite
from tests.annotate.conftest import NOW, answer, batch, join

WELCOME = {"consent": "on", "mixing_years": "7", "playback_device": "in-ear", "volume": "on"}


@pytest.fixture
def newcomer(campaign: Campaign) -> Invitation:
    return invite(campaign=campaign, count=1, now=NOW)[0]


def address(name: str, invitation: Invitation, *args: Any) -> str:
    return reverse(name, args=[invitation.token, *args])


def claim(invitation: Invitation, now: datetime) -> Assignment:
    claimed = next_assignment(annotator=invitation.annotator, now=now)
    assert claimed is not None
    return claimed


def test_a_newcomer_is_welcomed_then_checked_then_shown_the_queue(newcomer, client: Client):
    queue = address("queue", newcomer)
    assert client.get(queue).url == address("welcome", newcomer)
    done = client.post(address("welcome", newcomer), WELCOME)
    assert done.url == address("headphones", newcomer)
    assert client.get(queue).url == address("headphones", newcomer)
    assert client.post(address("next", newcomer)).url == address("headphones", newcomer)
    Annotator.objects.update(headphone_passed=True)
    assert client.get(queue).status_code == 200
    assert client.get(address("headphones", newcomer)).url == queue
    assert client.get(address("welcome", newcomer)).url == queue


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consent", ""),
        ("mixing_years", "-1"),
        ("mixing_years", "81"),
        ("mixing_years", "many"),
        ("playback_device", "gramophone"),
        ("volume", ""),
    ],
)
def test_a_welcome_with_something_missing_is_asked_again(newcomer, client, field, value):
    again = client.post(address("welcome", newcomer), WELCOME | {field: value})
    assert again.status_code == 400
    assert list(again.context["form"].errors) == [field]
    newcomer.annotator.refresh_from_db()
    assert newcomer.annotator.consented_at is None


def test_what_was_answered_once_is_not_asked_again(newcomer, client):
    client.post(address("welcome", newcomer), WELCOME)
    client.post(address("welcome", newcomer), WELCOME | {"mixing_years": "70"})
    newcomer.annotator.refresh_from_db()
    assert newcomer.annotator.mixing_years == 7


def test_next_claims_an_excerpt_and_looking_claims_none(invitation, client):
    client.get(address("queue", invitation))
    assert not Assignment.objects.exists()
    assert client.get(address("next", invitation)).status_code == 405
    went = client.post(address("next", invitation))
    assignment = Assignment.objects.get()
    assert went.url == address("mixer", invitation, assignment.key)
    assert client.post(address("next", invitation)).url == went.url


def test_when_nothing_is_left_one_is_thanked(invitation, campaign, client):
    campaign.items.first().slots.update(leased_until=NOW)
    for item in campaign.items.all():
        item.slots.all().delete()
    finished = client.post(address("next", invitation), follow=True)
    assert finished.status_code == 200
    assert b"That was all. Thank you!" in finished.content


def test_the_queue_lists_what_was_done_and_leads_back_to_it(invitation, client, now):
    assignment = claim(invitation, now)
    save = address("save", invitation, assignment.key)
    saved = client.post(save, batch(submit=answer()), content_type="application/json").json()
    assert saved["submitted"]["revision"] == 1
    assert saved["submitted"]["next"] == address("queue", invitation)
    page = client.get(address("queue", invitation))
    assert address("mixer", invitation, assignment.key) in page.content.decode()
    assert page.context["remaining"].done == 1


def test_every_page_under_a_token_keeps_its_address_to_itself(invitation, client, now):
    assignment = claim(invitation, now)
    for name in ("queue", "welcome", "headphones"):
        headers = client.get(address(name, invitation)).headers
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["X-Robots-Tag"] == "noindex, nofollow", name
        assert "no-store" in headers["Cache-Control"], name
    saved = client.post(
        address("save", invitation, assignment.key), batch(), content_type="application/json"
    )
    assert saved.json() == {"saved_seq": 1, "is_latest": True, "submitted": None}
    assert saved.headers["Referrer-Policy"] == "same-origin"


def test_the_same_number_of_queries_for_a_short_and_a_long_queue(
    make_campaign, client, django_assert_num_queries
):
    counts = []
    for excerpts in (2, 12):
        campaign = make_campaign(excerpts, overlap=1, repeats=0)
        invitation = join(campaign)[0]
        for _ in range(excerpts):
            assignment = claim(invitation, NOW)
            client.post(
                address("save", invitation, assignment.key),
                batch(submit=answer()),
                content_type="application/json",
            )
        with django_assert_num_queries(4) as counted:
            client.get(address("queue", invitation))
        counts.append(len(counted))
    assert counts[0] == counts[1]
