"""The headphone check: two attempts, answers only at the end, nothing that tells what was right."""

import io

import pytest
import soundfile
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, HeadphoneAttempt
from annotate.services.people import Invitation, invite, sounds_of
from tests.annotate.conftest import NOW


@pytest.fixture
def listener(make_campaign) -> Invitation:
    """Somebody with headphones who has been welcomed and not checked yet."""
    campaign = make_campaign(1, overlap=2, repeats=0, headphone_check="antiphase")
    invitation = invite(campaign=campaign, count=1, now=NOW)[0]
    Annotator.objects.update(consented_at=NOW, mixing_years=1, playback_device="over-ear")
    return invitation


def begin(client: Client, listener: Invitation) -> HeadphoneAttempt:
    client.post(reverse("headphones-start", args=[listener.token]))
    return HeadphoneAttempt.objects.get(finished_at__isnull=True)


def finish(client: Client, listener: Invitation, attempt: HeadphoneAttempt, answers: str):
    address = reverse("headphones-answers", args=[listener.token, attempt.key])
    return client.post(address, {"answers": answers})


def right(attempt: HeadphoneAttempt) -> list[int]:
    return [trial.answer for trial in sounds_of(attempt).trials]


def wrong(attempt: HeadphoneAttempt) -> str:
    return ",".join(str(answer % 3 + 1) for answer in right(attempt))


def test_looking_starts_nothing_and_starting_twice_is_one_attempt(client, listener):
    client.get(reverse("headphones", args=[listener.token]))
    assert not HeadphoneAttempt.objects.exists()
    assert begin(client, listener) == begin(client, listener)


def test_right_answers_pass(client, listener):
    attempt = begin(client, listener)
    done = finish(client, listener, attempt, ",".join(map(str, right(attempt))))
    assert done.url == reverse("queue", args=[listener.token])
    listener.annotator.refresh_from_db()
    assert listener.annotator.headphone_passed is True


def test_after_two_failed_attempts_one_goes_on_and_it_is_recorded(client, listener):
    first = begin(client, listener)
    again = finish(client, listener, first, wrong(first))
    assert again.url == reverse("headphones", args=[listener.token])
    assert "try once more" in client.get(again.url).content.decode()
    second = begin(client, listener)
    done = finish(client, listener, second, wrong(second))
    assert done.url == reverse("queue", args=[listener.token])
    listener.annotator.refresh_from_db()
    assert listener.annotator.headphone_passed is False


@pytest.mark.parametrize("answers", ["", "1,2,3", "1,2,3,1,2,4", "1,2,3,1,2,x", "1,2,3,1,2,3,1"])
def test_answers_that_are_none_are_refused_and_cost_no_attempt(client, listener, answers):
    attempt = begin(client, listener)
    assert finish(client, listener, attempt, answers).status_code == 400
    attempt.refresh_from_db()
    assert attempt.finished_at is None


def test_sounds_are_stereo_flac_of_one_size_that_name_nothing(client, listener):
    attempt = begin(client, listener)
    sizes = set()
    for trial in range(1, 7):
        sound = client.get(reverse("headphones-sound", args=[listener.token, attempt.key, trial]))
        samples, rate = soundfile.read(io.BytesIO(sound.content))
        assert (samples.shape[1], rate) == (2, 44_100)
        sizes.add((len(samples), len(sound.content)))
        assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(sound.headers)
        assert sound.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert len(sizes) == 1
    beyond = reverse("headphones-sound", args=[listener.token, attempt.key, 7])
    assert client.get(beyond).status_code == 404


def test_the_page_holds_neither_seed_nor_answers(client, listener):
    attempt = begin(client, listener)
    page = client.get(reverse("headphones", args=[listener.token])).content.decode()
    assert str(attempt.seed) not in page
    assert ", ".join(map(str, right(attempt))) not in page
    assert ",".join(map(str, right(attempt))) not in page
