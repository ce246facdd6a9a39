"""`create_campaign` and what it stands on: a campaign is made whole or not at all."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Campaign, Excerpt, Slot
from annotate.services.campaigns import close_campaign, create_campaign, decide, open_campaign
from annotate.services.people import invite
from tests.annotate.conftest import NOW, join


@pytest.fixture
def excerpts(make_excerpt: Callable[..., Excerpt]) -> list[Excerpt]:
    return [make_excerpt(n, genre="rock" if n == 1 else "pop") for n in range(1, 4)]


def create(name: str = "New", **options: Any) -> dict[str, Any]:
    told = io.StringIO()
    call_command("create_campaign", name, owner="researcher", json=True, stdout=told, **options)
    return json.loads(told.getvalue())


@pytest.mark.usefixtures("researcher", "excerpts")
def test_a_campaign_is_made_opened_and_its_links_work() -> None:
    told = create(open=True, invite=2, genre="POP", overlap=4)
    campaign = Campaign.objects.get(key=told["campaign"])
    assert (told["excerpts"], told["state"]) == (2, "open")
    assert Slot.objects.count() == 8
    assert len(set(told["links"])) == 2
    for link in told["links"]:
        assert Client().get(link).status_code == 302
    assert campaign.annotators.count() == 2


@pytest.mark.usefixtures("researcher", "excerpts")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"genre": "polka"}, "No excerpt matches"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": -1}, "overlap"),
        ({"overlap": 101}, "overlap"),
        ({"repeats": 21}, "repeats"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"invite": -1}, "count = -1"),
        ({"invite": 201}, "count = 201"),
    ],
)
def test_wrong_input_is_one_line_and_makes_nothing(options: dict, told: str) -> None:
    with pytest.raises(CommandError, match=told) as fault:
        create(**({"name": "New", "open": True} | options))
    assert "\n" not in str(fault.value)
    assert not Campaign.objects.exists()
    assert not Annotator.objects.exists()
    assert not Slot.objects.exists()


@pytest.mark.usefixtures("researcher", "excerpts")
def test_a_name_is_used_once_per_owner(stranger: Any, excerpts: list[Excerpt]) -> None:
    create("Same")
    with pytest.raises(CommandError, match="has a campaign 'Same' already"):
        create("Same")
    create_campaign(owner=stranger, name="Same", now=NOW, excerpts=excerpts)
    assert Campaign.objects.count() == 2


def test_without_an_account_it_says_how_to_make_one(db: None) -> None:
    with pytest.raises(CommandError, match=r"no account 'researcher': .*createsuperuser"):
        create()


def test_an_unknown_filter_is_refused_and_not_ignored(
    researcher: Any, excerpts: list[Excerpt]
) -> None:
    with pytest.raises(ValidationError, match="unknown song filter 'genr'"):
        create_campaign(owner=researcher, name="x", now=NOW, song_filter={"genr": "pop"})


def test_the_common_loudness_is_settled_at_the_first_opening_and_stays(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(2, is_open=False)
    Excerpt.objects.filter(pk=campaign.items.first().excerpt_id).update(safe_target_lufs=-30.0)
    open_campaign(campaign=campaign, now=NOW)
    assert campaign.target_loudness_lufs == -30.5
    close_campaign(campaign=campaign, now=NOW)
    Excerpt.objects.update(safe_target_lufs=-40.0)
    campaign.refresh_from_db()
    open_campaign(campaign=campaign, now=NOW)
    campaign.refresh_from_db()
    assert (campaign.target_loudness_lufs, campaign.state) == (-30.5, "open")


def test_a_closed_campaign_shows_no_mixer_and_serves_no_audio(
    campaign: Campaign, invitation: Any, annotator: Annotator
) -> None:
    client = Client()
    page = client.post(reverse("next", args=[invitation.token]))
    key = page["Location"].split("/")[-2]
    close_campaign(campaign=campaign, now=NOW)
    assert client.get(reverse("mixer", args=[invitation.token, key])).status_code == 302
    audio = reverse("stem-audio", args=[invitation.token, key, "vocals"])
    assert client.get(audio).status_code == 404


def test_served_stems_are_kept_until_the_campaign_closes_and_made_again_after(
    heard_campaign: Campaign, media: Path
) -> None:
    token, client = join(heard_campaign)[0].token, Client()
    key = client.post(reverse("next", args=[token]))["Location"].split("/")[-2]
    address = reverse("stem-audio", args=[token, key, "vocals"])
    before = client.get(address).content
    assert [path.name for path in (media / "served").rglob("*.flac")] == ["vocals.flac"]
    close_campaign(campaign=heard_campaign, now=NOW)
    assert not list((media / "served").iterdir())
    open_campaign(campaign=heard_campaign, now=NOW)
    assert client.get(address).content == before


def together(actions: list[Callable[[], Any]]) -> list[str]:
    """Do all at one instant, each in a thread with a connection of its own; the faults."""
    faults: list[str] = []
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            action()
        except Exception as error:
            faults.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


@pytest.mark.django_db(transaction=True)
def test_invitations_at_one_instant_give_each_letter_once(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(1)
    assert together([lambda: invite(campaign=campaign, count=3, now=NOW)] * 6) == []
    assert sorted(campaign.annotators.values_list("number", flat=True)) == list(range(1, 19))


@pytest.mark.django_db(transaction=True)
def test_decisions_at_one_instant_give_all_the_places_they_ask_for(
    make_campaign: Callable[..., Campaign], researcher: Any
) -> None:
    item = make_campaign(1, overlap=2).items.get()

    def ask() -> None:
        decide(item=item, verdict="ask more", reason="", extra=2, by=researcher, now=NOW)

    assert together([ask] * 4) == []
    assert sorted(item.slots.values_list("number", flat=True)) == list(range(1, 11))
