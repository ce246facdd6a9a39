"""The mixer page and its audio carry what the desk needs, and nothing else."""

import io
import json
from datetime import datetime
from typing import Any

import pytest
import soundfile
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from annotate.models import Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation
from tests.annotate.conftest import FADERS, answer, batch, join


@pytest.fixture
def heard(heard_campaign: Campaign, now: datetime) -> tuple[Invitation, Assignment]:
    invitation = join(heard_campaign)[0]
    assignment = next_assignment(annotator=invitation.annotator, now=now)
    assert assignment is not None
    return invitation, assignment


def mixer(client: Client, invitation: Invitation, assignment: Assignment) -> Any:
    return client.get(reverse("mixer", args=[invitation.token, assignment.key]))


def desk_of(page: Any) -> dict[str, Any]:
    text = page.content.decode()
    begin = text.index(">", text.index('id="desk"')) + 1
    desk: dict[str, Any] = json.loads(text[begin : text.index("</script>", begin)])
    return desk


def test_the_desk_starts_where_this_showing_starts(client, heard):
    invitation, assignment = heard
    desk = desk_of(mixer(client, invitation, assignment))
    assert desk["start_db"] == assignment.start_db
    assert desk["desk"] == {}
    assert set(desk["urls"]["stems"]) == set(STEMS)


def test_the_desk_comes_back_as_it_was_left(client, heard):
    invitation, assignment = heard
    save = reverse("save", args=[invitation.token, assignment.key])
    client.post(save, batch(submit=answer()), content_type="application/json")
    desk = desk_of(mixer(client, invitation, assignment))
    assert desk["desk"]["faders_db"] == FADERS
    assert desk["submitted"]["revision"] == 1


def test_a_page_tells_no_name_no_trim_and_no_released_level(client, heard):
    invitation, assignment = heard
    page = mixer(client, invitation, assignment)
    text = page.content.decode()
    excerpt = assignment.item.excerpt
    song = excerpt.song
    secrets = [song.title, song.key, excerpt.key, assignment.item.key, invitation.annotator.key]
    for stem in STEMS:
        secrets.append(json.dumps(assignment.served_gain_db[stem]))
        secrets.append(json.dumps(assignment.trim_db[stem]))
        secrets.append(json.dumps(excerpt.loudness_lufs[stem]))
    for secret in secrets:
        assert secret not in text, secret


def test_there_is_nothing_inline_that_the_content_policy_would_stop(client, heard):
    page = mixer(client, *heard)
    text = page.content.decode()
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick" not in text
    scripts = text.count("<script")
    assert scripts == text.count('type="application/json"') + text.count(
        '<script type="module" src'
    )
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_stems_are_flac_with_no_name_and_no_date(client, heard):
    invitation, assignment = heard
    for stem in STEMS:
        sound = client.get(reverse("stem-audio", args=[invitation.token, assignment.key, stem]))
        samples, rate = soundfile.read(io.BytesIO(sound.content))
        assert (samples.shape[1], rate) == (2, 44_100)
        assert sound.headers["Content-Type"] == "audio/flac"
        assert sound.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(sound.headers)


def test_a_stem_that_is_none_is_404(client, heard):
    invitation, assignment = heard
    for role in ("guitar", "mix", "VOCALS"):
        address = reverse("stem-audio", args=[invitation.token, assignment.key, role])
        assert client.get(address).status_code == 404


def test_a_silent_stem_has_a_strip_without_a_fader_and_no_audio(client, heard):
    invitation, assignment = heard
    assignment.served_gain_db["bass"] = None
    assignment.start_db["bass"] = None
    assignment.save()
    page = mixer(client, invitation, assignment)
    text = page.content.decode()
    assert desk_of(page)["urls"]["stems"]["bass"] is None
    assert text.count('class="fader-track"') == 3
    assert "silent in this excerpt" in text
    address = reverse("stem-audio", args=[invitation.token, assignment.key, "bass"])
    assert client.get(address).status_code == 404


def test_the_page_is_compressed_for_who_can_read_it(client, heard):
    invitation, assignment = heard
    plain = mixer(client, invitation, assignment)
    packed = client.get(
        reverse("mixer", args=[invitation.token, assignment.key]), HTTP_ACCEPT_ENCODING="gzip"
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content)
