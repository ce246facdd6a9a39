"""The list of campaigns, a new one, the dashboard."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import Campaign, Excerpt
from tests.annotate.researcher_cast import annotate_all, signed_in

HTMX = {"HX-Request": "true"}
FIELDS = {
    "name": "First listening",
    "overlap": "5",
    "repeats": "1",
    "headphone_check": "antiphase",
    "lease_minutes": "30",
    "minimum_listening_s": "15",
    "instructions": "Balance by ear.",
    "consent_text": "I take part.",
}


@pytest.fixture
def client(researcher: Any) -> Client:
    return signed_in(researcher)


def text(answer: Any) -> str:
    return answer.content.decode()


def test_the_first_visit_offers_to_make_a_campaign(client: Client) -> None:
    page = text(client.get(reverse("campaigns")))
    assert "No campaign yet" in page
    assert reverse("campaign-new") in page


def test_the_list_takes_the_same_queries_for_one_and_for_four(
    client: Client, make_campaign: Callable[..., Campaign], django_assert_num_queries: Any
) -> None:
    for more in (1, 3):
        for _ in range(more):
            make_campaign(1)
        # Session, user, count, page, places, excerpts, people.
        with django_assert_num_queries(7):
            client.get(reverse("campaigns"))


def test_a_new_campaign_holds_the_excerpts_of_the_songs_that_match(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1, genre="rock")
    make_excerpt(2, genre="jazz")
    answer = client.post(reverse("campaign-new"), FIELDS | {"genre": "rock"})
    campaign = Campaign.objects.get()
    assert answer["Location"] == reverse("campaign", args=[campaign.key])
    assert [item.excerpt.song.genre for item in campaign.items.all()] == ["rock"]
    assert campaign.song_filter == {"genre": "rock"}
    assert (campaign.overlap, campaign.lease_minutes) == (5, 30)
    assert campaign.headphone_check == "antiphase"
    assert campaign.items.get().slots.count() == 5


def test_the_count_of_excerpts_follows_the_filter(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    for number, genre in enumerate(("rock", "rock", "jazz"), 1):
        make_excerpt(number, genre=genre)
    part = text(client.get(reverse("campaign-new"), {"genre": "rock"}, headers=HTMX))
    assert "<b>2</b> excerpts" in part
    assert "<html" not in part


def test_a_filter_that_no_database_can_look_for_counts_as_none(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1)
    part = text(client.get(reverse("campaign-new"), {"genre": "po\0p"}, headers=HTMX))
    assert "<b>1</b> excerpt" in part


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "required"),
        ({"overlap": "0"}, "greater than or equal to 1"),
        ({"overlap": "many"}, "whole number"),
        ({"genre": "none such"}, "No excerpt matches"),
        ({"headphone_check": "none such"}, "not one of the available choices"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_with_the_reason(
    client: Client, make_excerpt: Callable[..., Excerpt], change: dict[str, str], told: str
) -> None:
    make_excerpt(1)
    answer = client.post(reverse("campaign-new"), FIELDS | change)
    assert answer.status_code == 400
    assert told in text(answer)
    assert not Campaign.objects.exists()


def test_a_name_is_used_once_per_researcher_only(
    client: Client, make_campaign: Callable[..., Campaign], stranger: Any
) -> None:
    make_campaign(1, name=FIELDS["name"], owner=stranger)
    assert client.post(reverse("campaign-new"), FIELDS).status_code == 302
    answer = client.post(reverse("campaign-new"), FIELDS)
    assert "You have a campaign of this name" in text(answer)


def test_opening_and_closing_are_said_and_done(client: Client, campaign: Campaign) -> None:
    for action, state in (("close", "closed"), ("open", "open")):
        answer = client.post(reverse(f"campaign-{action}", args=[campaign.key]), follow=True)
        campaign.refresh_from_db()
        assert campaign.state == state
        assert 'role="status"' in text(answer)


def test_the_dashboard_asks_again_only_while_the_campaign_is_open(
    client: Client, campaign: Campaign
) -> None:
    address = reverse("campaign", args=[campaign.key])
    assert 'hx-trigger="every 5s"' in text(client.get(address))
    client.post(reverse("campaign-close", args=[campaign.key]))
    assert "hx-trigger" not in text(client.get(address, headers=HTMX))


def test_the_live_part_keeps_the_page_of_excerpts(client: Client, campaign: Campaign) -> None:
    part = text(client.get(reverse("campaign", args=[campaign.key]), {"page": "1"}, headers=HTMX))
    assert f'hx-get="{reverse("campaign", args=[campaign.key])}?page=1"' in part
    assert "<html" not in part


def test_links_of_the_live_part_have_ids_so_that_focus_survives_the_swap(
    client: Client, make_campaign: Callable[..., Campaign]
) -> None:
    campaign = make_campaign(3, overlap=3, repeats=0)
    annotate_all(campaign, 3)
    part = text(client.get(reverse("campaign", args=[campaign.key]), headers=HTMX))
    links = part.split("<a ")[1:]
    assert len(links) > 3
    assert all(link.startswith("id=") for link in links)


def test_no_figure_stands_without_its_interval_and_n(
    client: Client, make_campaign: Callable[..., Campaign]
) -> None:
    campaign = make_campaign(3, overlap=3, repeats=0)
    annotate_all(campaign, 3)
    page = text(client.get(reverse("campaign", args=[campaign.key])))
    figures = page.split('class="estimate-value"')[1:]
    assert len(figures) == 12
    # With so few answers a figure may have none, depending on who met what first: it says so.
    told = re.compile(r"( to .*|no interval) · n [1-9]")
    assert all(told.search(one.split("</td>")[0]) for one in figures)


def test_simulated_annotators_are_marked(
    client: Client, make_campaign: Callable[..., Campaign]
) -> None:
    campaign = make_campaign(2, overlap=3, repeats=0)
    annotate_all(campaign, 3, kind="simulated")
    assert "3 simulated" in text(client.get(reverse("campaign", args=[campaign.key])))


def test_the_exports_are_files_with_the_annotations(
    client: Client, make_campaign: Callable[..., Campaign]
) -> None:
    campaign = make_campaign(2, overlap=2, repeats=0)
    annotate_all(campaign, 2)
    as_csv = client.get(reverse("campaign-export", args=[campaign.key, "csv"]))
    as_json = client.get(reverse("campaign-export", args=[campaign.key, "json"]))
    assert "attachment" in as_csv["Content-Disposition"]
    assert len(text(as_csv).splitlines()) == 1 + 4
    assert len(json.loads(as_json.content)["annotations"]) == 4
    other = reverse("campaign-export", args=[campaign.key, "xlsx"])
    assert client.get(other).status_code == 404
