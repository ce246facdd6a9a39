"""A worker makes the stems of a place before somebody takes it: those the page would make."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Assignment, Campaign
from annotate.served import Showing
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import close_campaign
from annotate.services.people import ask_for_next_stems, invite
from config.models import Job
from config.work import run_job
from tests.annotate.conftest import NOW, answer, batch, join


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
    assert do_queued_jobs() == [{"stems": 4}]
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
    annotator = join(heard_campaign)[0].annotator
    ask_for_next_stems(annotator)
    ask_for_next_stems(annotator)
    assert Job.objects.filter(kind="prepare_showing").count() == 1
    assert do_queued_jobs() == [{"stems": 4}]
    ask_for_next_stems(annotator)
    assert do_queued_jobs() == [{"stems": 0}]


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
    ask_for_next_stems(join(heard_campaign)[0].annotator)
    close_campaign(campaign=heard_campaign, now=NOW)
    assert do_queued_jobs() == [{"stems": 0}]
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
