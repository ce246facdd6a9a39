"""A worker makes the stems of a place before somebody takes it: those the page would make."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Annotator, Assignment, Campaign, Slot
from annotate.served import Showing
from annotate.services import stock
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import close_campaign
from annotate.services.people import invite
from annotate.services.stock import ask_for_stock, places_ahead
from config.models import Job
from config.work import run_job
from tests.annotate.conftest import NOW, answer, batch, join

KIND = "prepare_showings"


def do_queued_jobs() -> list[Any]:
    taken = iter(lambda: Job.objects.take_next(worker="w", now=NOW), None)
    return [run_job(job.pk).result for job in taken]


@pytest.fixture
def visit(heard_campaign: Campaign, media: Path) -> tuple[Client, str]:
    """A browser, and the link of somebody who is about to begin."""
    return Client(), join(heard_campaign)[0].token


WELCOME = {"consent": "on", "mixing_years": 3, "playback_device": "over-ear", "volume": "on"}


def test_the_first_place_is_made_once_somebody_has_been_welcomed(
    heard_campaign: Campaign, media: Path
) -> None:
    (invitation,), client = invite(campaign=heard_campaign, count=1, now=NOW), Client()
    token = invitation.token
    assert client.post(reverse("welcome", args=[token]), WELCOME).status_code == 302
    Annotator.objects.update(headphone_passed=True)
    assert do_queued_jobs()[-1]["places"] > 0
    made = {path: path.stat().st_mtime_ns for path in (media / "served").rglob("*.flac")}
    key = client.post(reverse("next", args=[token]))["Location"].split("/")[-2]
    showing = Showing.of(Assignment.objects.get(key=key))
    assert showing.is_made
    heard = client.get(reverse("stem-audio", args=[token, key, "bass"])).content
    assert heard == (showing.folder / "bass.flac").read_bytes()
    assert made == {path: path.stat().st_mtime_ns for path in (media / "served").rglob("*.flac")}
    shutil.rmtree(media / "served")
    assert client.get(reverse("stem-audio", args=[token, key, "bass"])).content == heard


def test_what_is_asked_for_or_made_is_not_made_again(heard_campaign: Campaign, media: Path) -> None:
    ask_for_stock(heard_campaign)
    ask_for_stock(heard_campaign)
    assert Job.objects.filter(kind=KIND).count() == 1
    (first,) = do_queued_jobs()
    assert first["places"] > 0
    ask_for_stock(heard_campaign)
    assert do_queued_jobs() == [{"places": 0}]


def test_the_stock_serves_all_who_are_invited_at_once_whoever_comes_first(
    heard_campaign: Campaign, media: Path
) -> None:
    people = [invitation.annotator for invitation in join(heard_campaign, 4)]
    do_queued_jobs()
    for annotator in reversed(people):
        assignment = next_assignment(annotator=annotator, now=NOW)
        assert assignment is not None
        assert Showing.of(assignment).is_made
    # Two places of one excerpt are never both the first of it.
    made = [Showing.of(one).folder for one in Assignment.objects.all()]
    assert len(set(made)) == 4


def test_the_stock_is_bounded_by_the_number_of_people(heard_campaign: Campaign) -> None:
    Slot.objects.all().delete()
    item = heard_campaign.items.get()
    Slot.objects.bulk_create(Slot(item=item, number=number) for number in range(1, 101))
    join(heard_campaign, 7)
    assert [one.slot for one in places_ahead(heard_campaign, NOW)] == list(range(1, 9))
    taken = next_assignment(annotator=heard_campaign.annotators.all()[0], now=NOW)
    assert taken is not None
    assert [one.slot for one in places_ahead(heard_campaign, NOW)] == list(range(2, 10))


def test_a_long_stock_is_made_in_several_jobs_so_that_others_have_their_turn(
    heard_campaign: Campaign, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "PLACES_A_JOB", 1)
    join(heard_campaign, 2)
    Job.objects.all().delete()
    wanted = places_ahead(heard_campaign, NOW)
    assert len(wanted) > 1
    ask_for_stock(heard_campaign)
    assert do_queued_jobs() == [{"places": 1}] * len(wanted)
    assert all(showing.is_made for showing in wanted)


def test_of_a_campaign_with_many_excerpts_only_what_comes_next_is_made(
    heard_campaign: Campaign, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "MOST_EXCERPTS", 0)
    Job.objects.all().delete()
    annotator = join(heard_campaign, 3)[1].annotator
    ask_for_stock(heard_campaign)
    assert not Job.objects.filter(kind=KIND).exists()
    ask_for_stock(heard_campaign, annotator)
    ask_for_stock(heard_campaign, annotator)
    assert do_queued_jobs() == [{"places": 1}]
    assignment = next_assignment(annotator=annotator, now=NOW)
    assert assignment is not None
    assert Showing.of(assignment).is_made


def test_an_excerpt_without_files_keeps_no_other_from_being_made(
    heard_campaign: Campaign, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    join(heard_campaign)
    excerpt = heard_campaign.items.get().excerpt
    shutil.rmtree(excerpt.folder)
    ask_for_stock(heard_campaign)
    assert do_queued_jobs() == [{"places": 0}]
    assert excerpt.key in caplog.text


def test_who_take_places_at_one_time_have_the_stock_filled_once_a_moment_later(
    heard_campaign: Campaign, media: Path
) -> None:
    tokens = [invitation.token for invitation in join(heard_campaign, 2)]
    Job.objects.all().delete()
    for token in tokens:
        assert Client().post(reverse("next", args=[token])).status_code == 302
    job = Job.objects.get(kind=KIND)
    now = timezone.now()
    assert now < job.not_before <= now + stock.REFILL_AFTER
    assert Job.objects.take_next(worker="w", now=now) is None
    assert Job.objects.take_next(worker="w", now=now + stock.REFILL_AFTER) == job


def test_two_showings_never_share_a_folder(heard_campaign: Campaign) -> None:
    first, second = (
        next_assignment(annotator=invitation.annotator, now=NOW)
        for invitation in join(heard_campaign, 2)
    )
    assert first is not None
    assert second is not None
    repeat = Showing(first.item, first.slot_number, 1, first.served_gain_db)
    folders = {Showing.of(first).folder, Showing.of(second).folder, repeat.folder}
    assert len(folders) == 3
    assert Showing.at_place(first.item, first.slot_number) == Showing.of(first)


def test_nothing_is_made_for_a_campaign_that_has_closed(
    heard_campaign: Campaign, media: Path
) -> None:
    join(heard_campaign)
    ask_for_stock(heard_campaign)
    close_campaign(campaign=heard_campaign, now=NOW)
    assert do_queued_jobs() == [{"places": 0}]
    assert not list((media / "served").rglob("*"))


def test_an_excerpt_without_files_is_told_and_work_on_it_stays(
    heard_campaign: Campaign, visit: tuple[Client, str], caplog: pytest.LogCaptureFixture
) -> None:
    client, token = visit
    key = client.post(reverse("next", args=[token]))["Location"].split("/")[-2]
    save = reverse("save", args=[token, key])
    client.post(save, batch(submit=answer()), content_type="application/json")
    assignment = Assignment.objects.get(key=key)
    shutil.rmtree(assignment.item.excerpt.folder)
    page = client.get(reverse("mixer", args=[token, key]))
    assert page.status_code == 503
    assert "cannot be heard just now" in page.content.decode()
    assert assignment.item.excerpt.key in caplog.text
    assert assignment.annotations.count() == 1
