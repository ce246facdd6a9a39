"""Nothing that reaches an annotator tells the released balance or what others did: every answer
that a link can get is read, and the audio is measured."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from annotate.levels import served_level_lufs
from annotate.models import Annotation, Annotator, Assignment, Campaign, Excerpt
from annotate.services import library
from annotate.services.campaigns import create_campaign, open_campaign
from annotate.services.consensus import compute_draft, freeze
from annotate.services.people import Invitation, start_headphones
from annotate.simulation import simulate_annotators
from modeling.layouts import find_songs
from modeling.loudness import gram_of_stems, stem_loudness_lufs, unpack_gram
from tests.annotate.conftest import FADERS, NOW, answer, batch, join

# Very different released balances, one stem 40 dB under another: gains of one stem over the rest.
RELEASED = ({"bass": 0.01}, {"vocals": 0.2, "drums": 3.0}, {"other": 0.05, "vocals": 2.0})


def write_song(folder: Path, gains: dict[str, float], seed: int) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for stem in STEMS:
        audio = np.clip(rng.normal(0.0, 0.06, (66_150, 2)) * gains.get(stem, 1.0), -0.99, 0.99)
        soundfile.write(folder / f"{stem}.flac", audio, 44_100, subtype="PCM_16")
    return folder


@pytest.fixture
def campaign(researcher: Any, tmp_path: Path, db: None) -> Campaign:
    """Three real excerpts that others have balanced, with a frozen consensus."""
    folders = [
        write_song(tmp_path / f"Secret Artist {n} - Secret Title {n}", gains, n)
        for n, gains in enumerate(RELEASED)
    ]
    list(library.import_songs(find_songs(folders).songs, now=NOW))
    excerpts = list(Excerpt.objects.all())
    campaign = create_campaign(
        owner=researcher, name="Blind", now=NOW, excerpts=excerpts, seed=3, overlap=6, repeats=1
    )
    open_campaign(campaign=campaign, now=NOW)
    simulate_annotators(campaign=campaign, count=3, seed=2, now=NOW)
    Annotation.objects.update(comment="a telling comment")
    compute_draft(campaign, now=NOW)
    freeze(campaign, by=researcher, now=NOW)
    return campaign


@pytest.fixture
def invitation(campaign: Campaign) -> Invitation:
    return join(campaign)[0]


def work(client: Client, token: str) -> Iterator[tuple[Assignment, Any]]:
    """Go through everything that the link is given; (assignment, mixer page) before each answer."""
    while "finished" not in (address := client.post(reverse("next", args=[token]))["Location"]):
        page = client.get(address)
        assignment = Assignment.objects.get(key=address.split("/")[-2])
        yield assignment, page
        save = reverse("save", args=[token, assignment.key])
        payload = batch(submit=answer(f"answer-{assignment.key}"))
        assert client.post(save, payload, content_type="application/json").status_code == 200


def desk_of(page: Any) -> dict[str, Any]:
    found = re.search(r'<script id="desk" type="application/json">(.*?)</script>', page.text)
    assert found
    return json.loads(found[1])


def crawl(client: Client, token: str) -> dict[str, Any]:
    """Every answer of this link: address to response, from all addresses that any of them names."""
    answers: dict[str, Any] = {}
    waiting = [reverse(name, args=[token]) for name in ("queue", "welcome", "headphones")]
    for assignment, page in work(client, token):
        waiting.append(page.request["PATH_INFO"])
        save = reverse("save", args=[token, assignment.key])
        answers[save] = client.post(save, batch(7), content_type="application/json")
    while waiting:
        address = waiting.pop()
        if address in answers:
            continue
        answers[address] = client.get(address)
        if answers[address]["Content-Type"].startswith("text/html"):
            waiting += re.findall(rf"/a/{token}/[\w./-]*", answers[address].text)
    return answers


def text_of(answered: Any) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in answered.items())
    is_audio = answered["Content-Type"] == "audio/flac"
    return headers + ("" if is_audio else answered.content.decode())


def decimals(value: float, places: int) -> re.Pattern[str]:
    """The number with so many places, rounded or as the beginning of a longer one."""
    cut = f"{value:.9f}"[: places - 9]
    either = "|".join(re.escape(text) for text in {f"{value:.{places}f}", cut})
    return re.compile(rf"(?<![\d.])(?:{either})")


def secrets_of(campaign: Campaign, own: Annotator) -> dict[str, re.Pattern[str]]:
    """What must be nowhere: name of the secret to what it would look like."""
    found: dict[str, re.Pattern[str]] = {}
    for item in campaign.items.select_related("excerpt__song"):
        excerpt, song = item.excerpt, item.excerpt.song
        words = (song.title, song.artist, song.key, song.fingerprint, excerpt.key, item.key)
        found |= {f"name {word}": re.compile(re.escape(word)) for word in words}
        for stem, value in excerpt.loudness_lufs.items():
            found[f"loudness {stem} {value}"] = decimals(value, 3)
            found[f"peak {stem}"] = decimals(excerpt.peak_dbfs[stem], 3)
    for assignment in Assignment.objects.filter(item__campaign=campaign):
        for stem in STEMS:
            found[f"gain {assignment.key} {stem}"] = decimals(assignment.served_gain_db[stem], 3)
            if assignment.trim_db[stem] * 10 % 1:
                found[f"trim {assignment.key} {stem}"] = decimals(assignment.trim_db[stem], 2)
        if assignment.annotator_id != own.pk:
            found[f"key of {assignment.key}"] = re.compile(re.escape(assignment.key))
    for annotation in Annotation.objects.exclude(assignment__annotator=own):
        for stem in STEMS:
            value = annotation.balance_db[stem]
            found[f"balance {annotation.pk} {stem}"] = decimals(value, 3)
    for row in campaign.consensuses.get().excerpts.all():
        for stem in STEMS:
            found[f"consensus {row.pk} {stem}"] = decimals(row.balance_db[stem], 3)
    return found | {"comment": re.compile("telling"), "simulated": re.compile("simulated")}


def test_no_answer_holds_a_level_a_name_or_anything_of_other_people(
    campaign: Campaign, invitation: Invitation
) -> None:
    answers = crawl(Client(), invitation.token)
    kinds = [answered["Content-Type"].split(";")[0] for answered in answers.values()]
    # Three excerpts and a repeat: a page, a save and four stems each, and the queue and the like.
    assert kinds.count("audio/flac") == 16
    assert kinds.count("application/json") == 5
    secrets = secrets_of(campaign, invitation.annotator)
    assert len(secrets) > 100
    told = [
        f"{address} tells {name}"
        for address, answered in answers.items()
        for name, pattern in secrets.items()
        if pattern.search(text_of(answered))
    ]
    assert told == []


def test_the_search_would_find_a_secret(campaign: Campaign, invitation: Invitation) -> None:
    secrets = secrets_of(campaign, invitation.annotator)
    excerpt = campaign.items.first().excerpt
    leaky = json.dumps([excerpt.loudness_lufs, str(excerpt)])
    found = {name for name, pattern in secrets.items() if pattern.search(leaky)}
    assert {f"name {excerpt.song.title}", f"name {excerpt.song.artist}"} < found
    assert len([name for name in found if name.startswith("loudness")]) == 4


def test_the_desk_is_given_these_things_and_no_others(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    for assignment, page in work(client, invitation.token):
        desk = desk_of(page)
        assert set(desk) == {
            "assignment",
            "page",
            "urls",
            "duration_s",
            "n_hops",
            "n_peaks",
            "gram",
            "peaks",
            "waveform",
            "waveform_rate_hz",
            "target_lufs",
            "ceiling_dbfs",
            "fader",
            "start_db",
            "desk",
            "seq",
            "listened_s",
            "submitted",
        }
        assert desk["start_db"] == assignment.start_db
        assert desk["desk"] == {}
        gram = unpack_gram(desk["gram"])
        levels = stem_loudness_lufs(gram) - [assignment.trim_db[stem] for stem in STEMS]
        assert levels == pytest.approx(served_level_lufs(assignment.item.excerpt), abs=0.05)


def test_a_save_answers_with_its_number_and_nothing_else(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    assignment, _ = next(work(client, invitation.token))
    address = reverse("save", args=[invitation.token, assignment.key])
    plain = client.post(address, batch(1), content_type="application/json").json()
    assert plain == {"saved_seq": 1, "is_latest": True, "submitted": None}
    sent = batch(2, submit=answer())
    submitted = client.post(address, sent, content_type="application/json").json()
    assert set(submitted["submitted"]) == {"revision", "at", "next"}


def served(client: Client, token: str, assignment: Assignment) -> dict[str, Any]:
    return {
        stem: client.get(reverse("stem-audio", args=[token, assignment.key, stem]))
        for stem in STEMS
    }


def samples_of(answered: Any) -> np.ndarray:
    """(2, n) int16."""
    samples, rate_hz = soundfile.read(io.BytesIO(answered.content), dtype="int16")
    assert rate_hz == 44_100
    return samples.T


def test_served_stems_differ_by_their_trims_and_not_by_how_they_were_released(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    for assignment, _ in work(client, invitation.token):
        answers = served(client, invitation.token, assignment)
        audio = np.stack([samples_of(answers[stem]) / 2.0**15 for stem in STEMS])
        levels = stem_loudness_lufs(gram_of_stems(audio, 44_100))
        levels -= [assignment.trim_db[stem] for stem in STEMS]
        assert np.ptp(levels) < 0.1
        assert np.abs(audio).max() < 1.0
        released = [assignment.item.excerpt.loudness_lufs[stem] for stem in STEMS]
        assert np.ptp(released) > 10.0


def test_audio_carries_no_name_date_or_mark(campaign: Campaign, invitation: Invitation) -> None:
    client = Client()
    assignment, _ = next(work(client, invitation.token))
    for stem, answered in served(client, invitation.token, assignment).items():
        told = set(answered.headers)
        assert not told & {"ETag", "Last-Modified", "Content-Disposition", "X-Stem-Scale"}, stem
        assert answered["Cache-Control"].startswith("private")
        file = soundfile.SoundFile(io.BytesIO(answered.content))
        assert file.copy_metadata() == {}
        assert file.subtype == "PCM_16"


def test_gaps_between_values_do_not_tell_how_far_a_stem_was_raised(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    raised_db = []
    for assignment, _ in work(client, invitation.token):
        for stem, answered in served(client, invitation.token, assignment).items():
            values = samples_of(answered).ravel()
            middle = values[np.abs(values) <= 300]
            assert len(np.unique(middle)) > 0.97 * 601, (stem, len(np.unique(middle)))
            raised_db.append(assignment.served_gain_db[stem])
    # Without noise a stem raised by 30 dB would use every 31st value only.
    assert max(raised_db) > 25.0


def test_the_check_of_headphones_does_not_tell_its_answers(
    campaign: Campaign, invitation: Invitation
) -> None:
    Annotator.objects.filter(pk=invitation.annotator.pk).update(headphone_passed=None)
    attempt = start_headphones(annotator=invitation.annotator, now=NOW)
    client = Client()
    page = client.get(reverse("headphones", args=[invitation.token])).text
    assert str(attempt.seed) not in page
    sounds = re.findall(rf"/a/{invitation.token}/headphones/[\w-]+/\d+\.flac", page)
    assert len(set(sounds)) == 6
    sizes = {len(client.get(sound).content) for sound in sounds}
    assert len(sizes) == 1


def test_two_people_at_one_excerpt_hear_it_at_other_levels(campaign: Campaign) -> None:
    item = campaign.items.first()
    trims = [assignment.trim_db for assignment in item.assignments.filter(repeat=0)]
    assert len(trims) == 3
    assert trims[0] == {stem: -value for stem, value in trims[1].items()}
    assert trims[2] not in trims[:2]


def test_a_desk_that_was_left_comes_back_to_its_owner_alone(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    assignment, page = next(work(client, invitation.token))
    save = reverse("save", args=[invitation.token, assignment.key])
    client.post(save, batch(1), content_type="application/json")
    again = desk_of(client.get(page.request["PATH_INFO"]))
    assert again["desk"]["faders_db"] == FADERS
    other = join(campaign)[0].token
    for _, theirs in work(Client(), other):
        assert desk_of(theirs)["desk"] == {}


def test_the_packed_levels_are_numbers_of_the_served_stems(
    campaign: Campaign, invitation: Invitation
) -> None:
    client = Client()
    assignment, page = next(work(client, invitation.token))
    desk = desk_of(page)
    answers = served(client, invitation.token, assignment)
    peaks = np.frombuffer(base64.b64decode(desk["peaks"]), dtype="<f4").reshape(-1, 4)
    for number, stem in enumerate(STEMS):
        measured = np.abs(samples_of(answers[stem])).max() / 2.0**15
        assert peaks[:, number].max() == pytest.approx(measured, rel=0.1)
        waveform = np.frombuffer(base64.b64decode(desk["waveform"][stem]), dtype=np.uint8)
        assert waveform.max() / 255.0 == pytest.approx(measured, abs=0.03)
