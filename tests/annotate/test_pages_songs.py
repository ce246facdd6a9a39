"""The song library and a song's page."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import soundfile
from django.apps import apps
from django.test import Client
from django.urls import reverse

from annotate import forms
from annotate.models import Excerpt, Song
from tests.annotate.researcher_cast import signed_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(researcher: Any) -> Client:
    return signed_in(researcher)


def text(answer: Any) -> str:
    return answer.content.decode()


def test_an_empty_library_teaches_the_import_command(client: Client) -> None:
    assert "manage.py import_songs" in text(client.get(reverse("songs")))


def test_a_search_that_finds_nothing_says_so_and_does_not_teach_importing(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1)
    page = text(client.get(reverse("songs"), {"q": "nothing like this"}))
    assert "No song matches" in page
    assert "import_songs" not in page


def test_search_and_filters_narrow_together(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1, artist="Ada", genre="rock")
    make_excerpt(2, artist="Ada", genre="jazz")
    make_excerpt(3, artist="Ben", genre="rock")
    page = text(client.get(reverse("songs"), {"q": "song ada", "genre": "rock"}))
    assert "Song 1" in page
    assert "Song 2" not in page
    assert "Song 3" not in page


def test_generated_songs_can_be_left_out(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    generated = make_excerpt(1).song
    make_excerpt(2)
    Song.objects.filter(pk=generated.pk).update(is_generated=True)
    page = text(client.get(reverse("songs"), {"generated": "no"}))
    assert "Song 1" not in page
    assert "Song 2" in page


def test_of_many_artists_the_name_is_typed(
    client: Client, make_excerpt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_CHOICES", 2)
    for number in range(3):
        make_excerpt(number, artist=f"Artist {number}", genre="rock")
    page = client.get(reverse("songs"), {"artist": "artist 1"}).text
    assert re.search(r'<input type="text" name="artist" value="artist 1"[^>]*id="id_artist"', page)
    assert re.search(r'<select name="genre"', page)
    assert "1 song" in page
    assert "Artist 2" not in page


@pytest.mark.parametrize(
    "query", [{"genre": "no such genre"}, {"page": "9999"}, {"page": "x"}, {"q": "a\0b"}]
)
def test_an_address_with_odd_values_still_answers(
    client: Client, make_excerpt: Callable[..., Excerpt], query: dict[str, str]
) -> None:
    make_excerpt(1)
    assert client.get(reverse("songs"), query).status_code == 200


def test_htmx_gets_only_the_results_and_caches_keep_the_two_apart(client: Client) -> None:
    whole, part = client.get(reverse("songs")), client.get(reverse("songs"), headers=HTMX)
    assert "<html" in text(whole)
    assert "<html" not in text(part)
    assert 'id="results"' in text(part)
    assert "HX-Request" in whole["Vary"]


def test_pages_keep_the_filter(client: Client, make_excerpt: Callable[..., Excerpt]) -> None:
    for number in range(1, 28):
        make_excerpt(number, genre="rock")
    page = text(client.get(reverse("songs"), {"genre": "rock"}))
    assert 'href="?genre=rock&amp;page=2"' in page


def test_the_library_takes_the_same_queries_for_3_and_for_30_songs(
    client: Client, make_excerpt: Callable[..., Excerpt], django_assert_num_queries: Any
) -> None:
    for first, last in ((1, 3), (4, 30)):
        for number in range(first, last + 1):
            make_excerpt(number)
        # Session, user, four lists of choices, count, page, its excerpts.
        with django_assert_num_queries(9):
            client.get(reverse("songs"))


def test_a_song_page_draws_the_stems_and_tells_their_loudness(
    client: Client, imported_song: Song
) -> None:
    page = text(client.get(reverse("song", args=[imported_song.key])))
    assert page.count('<path d="M0,') == 4
    vocals = imported_song.stems.get(role="vocals")
    assert f"{vocals.loudness_lufs:.1f}".replace("-", "\N{MINUS SIGN}") in page
    assert reverse("song-stem", args=[imported_song.key, "vocals"]) in page


def test_a_song_whose_files_are_gone_says_so_instead_of_failing(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    page = client.get(reverse("song", args=[make_excerpt(1).song.key]))
    assert page.status_code == 200
    assert "import the song again" in text(page)


def test_a_song_known_by_its_annotations_only_has_no_waveform_and_no_form(
    client: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    song = make_excerpt(1).song
    Song.objects.filter(pk=song.pk).update(has_audio=False)
    page = text(client.get(reverse("song", args=[song.key])))
    assert "made elsewhere" in page
    assert reverse("excerpt-cut", args=[song.key]) not in page
    assert client.post(reverse("excerpt-cut", args=[song.key])).status_code == 404


def test_cutting_asks_the_worker_and_the_page_follows_the_job(
    client: Client, imported_song: Song
) -> None:
    window = {"start_s": "0", "duration_s": "6.0", "replaces": "new"}
    answer = client.post(reverse("excerpt-cut", args=[imported_song.key]), window)
    job: Any = apps.get_model("config", "Job").objects.get()
    assert job.kind == "adjust_excerpt"
    assert job.arguments == {
        "song": imported_song.key,
        "start_s": 0.0,
        "duration_s": 6.0,
        "replaces": None,
    }
    page = text(client.get(answer["Location"]))
    assert "Waiting for the worker" in page
    assert 'hx-trigger="every 1s"' in page


@pytest.mark.parametrize("job", ["no-such-job", "a\0b"])
def test_a_job_that_is_not_there_is_passed_over(
    client: Client, imported_song: Song, job: str
) -> None:
    page = client.get(reverse("song", args=[imported_song.key]), {"job": job})
    assert page.status_code == 200
    assert "hx-trigger" not in text(page)


def test_the_page_stops_asking_when_the_job_is_over(client: Client, imported_song: Song) -> None:
    window = {"start_s": "0", "duration_s": "6.0", "replaces": "new"}
    answer = client.post(reverse("excerpt-cut", args=[imported_song.key]), window)
    jobs: Any = apps.get_model("config", "Job").objects
    jobs.update(state="failed", error="the disk is full")
    page = text(client.get(answer["Location"], headers=HTMX))
    assert "the disk is full" in page
    assert "hx-trigger" not in page


@pytest.mark.parametrize(
    ("start_s", "duration_s", "told"),
    [
        ("0", "3", "no length for an excerpt"),
        ("0", "31", "no length for an excerpt"),
        ("2", "6", "the song ends at 6.0 s"),
        ("-1", "6", "greater than or equal to 0"),
        ("nan", "6", "Enter a number"),
        ("", "6", "required"),
    ],
)
def test_a_window_that_cannot_be_cut_is_refused_with_the_reason(
    client: Client, imported_song: Song, start_s: str, duration_s: str, told: str
) -> None:
    window = {"start_s": start_s, "duration_s": duration_s, "replaces": "new"}
    answer = client.post(reverse("excerpt-cut", args=[imported_song.key]), window)
    assert answer.status_code == 400
    assert told in text(answer)
    assert not apps.get_model("config", "Job").objects.exists()


def test_an_excerpt_of_another_song_cannot_be_replaced(
    client: Client, imported_song: Song, make_excerpt: Callable[..., Excerpt]
) -> None:
    window = {"start_s": "0", "duration_s": "6", "replaces": make_excerpt(1).key}
    answer = client.post(reverse("excerpt-cut", args=[imported_song.key]), window)
    assert answer.status_code == 400


def test_a_stretch_of_a_song_is_served_with_the_scale_of_its_samples(
    client: Client, imported_song: Song
) -> None:
    address = reverse("song-stem", args=[imported_song.key, "bass"])
    answer = client.get(address, {"start_s": "1.5", "duration_s": "2"})
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), always_2d=True)
    original, _ = soundfile.read(imported_song.folder / "bass.flac", always_2d=True)
    start = int(1.5 * rate_hz)
    assert samples.shape == (2 * rate_hz, 2)
    scale = float(answer["X-Stem-Scale"])
    assert abs(samples / scale - original[start : start + 2 * rate_hz]).max() < 1e-6


@pytest.mark.parametrize("query", [{"start_s": "x"}, {"duration_s": "nan"}])
def test_a_stretch_that_is_no_number_is_not_found(
    client: Client, imported_song: Song, query: dict[str, str]
) -> None:
    address = reverse("song-stem", args=[imported_song.key, "bass"])
    assert client.get(address, query).status_code == 404


def test_an_excerpts_stem_is_the_stored_file_and_may_be_kept(
    client: Client, imported_song: Song
) -> None:
    excerpt = imported_song.excerpts.get()
    answer: Any = client.get(reverse("excerpt-stem", args=[excerpt.key, "drums"]))
    stored = (excerpt.folder / "drums.flac").read_bytes()
    assert answer.content == stored
    assert "immutable" in answer["Cache-Control"]
