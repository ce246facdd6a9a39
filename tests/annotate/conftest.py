"""The fixed cast of the annotate tests: a researcher, another one, a campaign, its annotators."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.contrib.auth import get_user_model
from pytest_django import Settings

from annotate.models import Annotator, Assignment, Campaign, Excerpt, Song
from annotate.services import library
from annotate.services.campaigns import create_campaign, open_campaign
from annotate.services.people import Invitation, invite
from modeling.layouts import find_songs

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RATE_HZ = 44_100


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """Every test has a media folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def researcher(db: None) -> Any:
    return get_user_model().objects.create_user("researcher", password="a long pass phrase")


@pytest.fixture
def stranger(db: None) -> Any:
    """Another researcher of the same site, who must not see the first one's campaigns."""
    return get_user_model().objects.create_user("stranger", password="another pass phrase")


@pytest.fixture
def make_excerpt(db: None) -> Callable[..., Excerpt]:
    """Rows without files, for tests that hear nothing."""

    def make(number: int = 1, **fields: Any) -> Excerpt:
        song = Song.objects.create(
            title=f"Song {number}",
            artist=fields.pop("artist", f"Artist {number}"),
            genre=fields.pop("genre", "pop"),
            fingerprint=f"{number:064d}",
            duration_s=60.0,
            imported_at=NOW,
        )
        values = {
            "start_s": 10.0,
            "duration_s": 24.0,
            "loudness_lufs": {"vocals": -20.0, "drums": -22.0, "bass": -24.0, "other": -21.0},
            "peak_dbfs": {"vocals": -6.0, "drums": -4.0, "bass": -10.0, "other": -8.0},
            "activity": {"vocals": 0.8, "drums": 1.0, "bass": 1.0, "other": 0.9},
            "safe_target_lufs": -20.0,
            "created_at": NOW,
        }
        return Excerpt.objects.create(song=song, **(values | fields))

    return make


@pytest.fixture
def make_campaign(researcher: Any, make_excerpt: Callable[..., Excerpt]) -> Callable[..., Campaign]:
    def make(excerpts: int = 3, *, is_open: bool = True, **fields: Any) -> Campaign:
        start = Song.objects.count()
        campaign = create_campaign(
            owner=fields.pop("owner", researcher),
            name=fields.pop("name", f"Campaign {Campaign.objects.count() + 1}"),
            now=NOW,
            excerpts=[make_excerpt(start + n) for n in range(1, excerpts + 1)],
            seed=7,
            **fields,
        )
        if is_open:
            open_campaign(campaign=campaign, now=NOW)
        return campaign

    return make


@pytest.fixture
def campaign(make_campaign: Callable[..., Campaign]) -> Campaign:
    return make_campaign(3, overlap=2, repeats=0)


def join(campaign: Campaign, count: int = 1) -> list[Invitation]:
    """Annotators who have answered the once-only questions and passed the headphone check."""
    invitations = invite(campaign=campaign, count=count, now=NOW)
    for number, invitation in enumerate(invitations):
        Annotator.objects.filter(pk=invitation.annotator.pk).update(
            consented_at=NOW,
            mixing_years=5,
            playback_device="over-ear",
            headphone_passed=True,
            seed=number,
        )
        invitation.annotator.refresh_from_db()
    return invitations


@pytest.fixture
def invitation(campaign: Campaign) -> Invitation:
    return join(campaign)[0]


@pytest.fixture
def annotator(invitation: Invitation) -> Annotator:
    return invitation.annotator


FADERS = {"vocals": -1.0, "drums": 2.0, "bass": 0.5, "other": -3.5}


def batch(seq: int = 1, *, page: int = 1_000, client: str = "clientone", **fields: Any) -> dict:
    """A save request as the desk sends it."""
    return {
        "client": client,
        "page": page,
        "seq": seq,
        "events": [{"t": 10.0, "kind": "fader", "stem": "vocals", "db": -1.0}],
        "listened_s": 2.0,
        "desk": {"faders_db": FADERS, "mute": [], "solo": [], "loop": None, "hold": True},
        "submit": None,
    } | fields


def answer(key: str = "answer-one", **fields: Any) -> dict:
    return {
        "key": key,
        "faders_db": FADERS,
        "confidence": 4,
        "comment": "",
        "cannot_judge": "",
    } | fields


def write_song(folder: Path, *, seconds: float = 6.0, seed: int = 0, gain: float = 0.1) -> Path:
    """Four coloured noises that come and go, as FLAC: audio enough to measure, hear and decode."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    for number, stem in enumerate(("vocals", "drums", "bass", "other")):
        tone = np.sin(2 * np.pi * 110.0 * (number + 1) * time_s)
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * time_s + number)
        noise = rng.normal(0.0, 0.3, (2, time_s.size))
        audio = gain * (number + 1) / 2 * swell * (tone + noise) / 2
        soundfile.write(folder / f"{stem}.flac", audio.T, RATE_HZ, subtype="PCM_16")
    return folder


@pytest.fixture
def imported_song(db: None, tmp_path: Path) -> Song:
    """A short song that went through the real import."""
    source = find_songs([write_song(tmp_path / "in" / "A Song")]).songs[0]
    (_, outcome), *_ = library.import_songs([source], now=NOW)
    assert isinstance(outcome, library.Imported), outcome
    return outcome.song


@pytest.fixture
def heard_campaign(researcher: Any, imported_song: Song) -> Campaign:
    """An open campaign whose one excerpt has real audio."""
    campaign = create_campaign(
        owner=researcher,
        name="Heard",
        now=NOW,
        excerpts=list(imported_song.excerpts.all()),
        seed=3,
        overlap=4,
        repeats=0,
    )
    open_campaign(campaign=campaign, now=NOW)
    return campaign


def stored(assignment: Assignment) -> Assignment:
    """The assignment as a view loads it."""
    return Assignment.objects.select_related("annotator__campaign", "item", "slot").get(
        pk=assignment.pk
    )
