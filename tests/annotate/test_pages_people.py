"""Inviting, revoking, and the list of a campaign's people."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Annotator, Campaign
from annotate.services.people import invite
from tests.annotate.researcher_cast import signed_in


@pytest.fixture
def client(researcher: Any) -> Client:
    return signed_in(researcher)


def text(answer: Any) -> str:
    return answer.content.decode()


def links_on(page: str) -> list[str]:
    return re.findall(r"http://testserver(/a/[^/\s]+/)", page)


def test_links_are_shown_once_and_admit(client: Client, campaign: Campaign) -> None:
    answer = client.post(reverse("invite", args=[campaign.key]), {"count": "3", "note": "choir"})
    links = links_on(text(answer))
    assert len(set(links)) == 3
    assert all(Client().get(link).status_code == 302 for link in links)
    assert answer["Cache-Control"] == "no-store"
    again = text(client.get(reverse("people", args=[campaign.key])))
    assert links_on(again) == []
    assert again.count("choir") == 3


def test_no_token_is_stored(client: Client, campaign: Campaign) -> None:
    answer = client.post(reverse("invite", args=[campaign.key]), {"count": "1"})
    token = links_on(text(answer))[0].split("/")[2]
    stored = list(Annotator.objects.values())
    assert token not in str(stored)


@pytest.mark.parametrize("count", ["0", "201", "", "x"])
def test_an_odd_number_of_people_is_refused(client: Client, campaign: Campaign, count: str) -> None:
    answer = client.post(reverse("invite", args=[campaign.key]), {"count": count})
    assert answer.status_code == 400
    assert not campaign.annotators.exists()


def test_links_can_expire(client: Client, campaign: Campaign) -> None:
    client.post(reverse("invite", args=[campaign.key]), {"count": "1", "valid_days": "7"})
    left = campaign.annotators.get().expires_at
    assert left is not None
    assert 6 <= (left - timezone.now()).days <= 7
    assert "until " in text(client.get(reverse("people", args=[campaign.key])))


def test_a_revoked_link_no_longer_admits_and_is_shown_as_such(
    client: Client, campaign: Campaign
) -> None:
    (invitation,) = invite(campaign=campaign, count=1, now=timezone.now())
    address = reverse("revoke", args=[campaign.key, invitation.annotator.key])
    page = text(client.post(address, follow=True))
    assert "revoked" in page
    assert Client().get(reverse("queue", args=[invitation.token])).status_code == 404


def test_an_annotator_of_another_campaign_cannot_be_revoked_from_here(
    client: Client, make_campaign: Callable[..., Campaign]
) -> None:
    here, there = make_campaign(1), make_campaign(1)
    (invitation,) = invite(campaign=there, count=1, now=timezone.now())
    address = reverse("revoke", args=[here.key, invitation.annotator.key])
    assert client.post(address).status_code == 404
    invitation.annotator.refresh_from_db()
    assert invitation.annotator.revoked_at is None


def test_the_list_takes_the_same_queries_for_2_and_for_20_people(
    client: Client, campaign: Campaign, django_assert_num_queries: Any
) -> None:
    for more in (2, 18):
        invite(campaign=campaign, count=more, now=timezone.now())
        # Session, user, campaign, how many people, a page of them, their work, number of excerpts.
        with django_assert_num_queries(7):
            client.get(reverse("people", args=[campaign.key]))


def test_a_note_cannot_bring_markup_into_the_page(client: Client, campaign: Campaign) -> None:
    client.post(reverse("invite", args=[campaign.key]), {"count": "1", "note": "<script>x"})
    assert "<script>x" not in text(client.get(reverse("people", args=[campaign.key])))
