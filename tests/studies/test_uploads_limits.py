"""Uploads are bounded and sniffed; what is refused leaves nothing behind."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.vectors import STEMS
from modeling.sniffing import kind_of
from studies.models import Upload
from studies.services.uploads import remove_expired
from tests.studies.conftest import bring

FLAC = b"fLaC" + bytes(60)


def alert(answer: Any) -> str:
    return answer.content.decode().split('role="alert">')[1].split("<")[0]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00WAVE", ".wav"),
        (b"RF64\xff\xff\xff\xffWAVE", ".wav"),
        (b"RIFF\x24\x00\x00\x00AVI ", None),
        (b"fLaC\x00\x00\x00\x22abcd", ".flac"),
        (b"OggS\x00\x02\x00\x00abcd", ".ogg"),
        (b"FORM\x00\x00\x00\x10AIFF", ".aiff"),
        (b"ID3\x04\x00\x00\x00\x00abcd", ".mp3"),
        (b"\xff\xfb\x90\x64abcdefgh", ".mp3"),
        (b"PK\x03\x04abcdefgh", None),
        (b"\x7fELF\x02\x01\x01\x00abcd", None),
        (b"<html><body>", None),
        (b"", None),
    ],
)
def test_the_kind_of_a_file_is_what_it_begins_like(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind


def test_a_missing_or_empty_stem_is_named(visitor: Client, media: Path) -> None:
    for files in ({}, dict.fromkeys(STEMS[:3], FLAC), dict.fromkeys(STEMS, FLAC) | {"other": b""}):
        answer = bring(visitor, files)
        assert answer.status_code == 400
        assert " is missing" in alert(answer)
    assert not Upload.objects.exists()


def test_what_is_no_audio_is_refused_whatever_its_name_says(visitor: Client, media: Path) -> None:
    answer = bring(visitor, dict.fromkeys(STEMS, FLAC) | {"bass": b"MZ this is a program"})
    assert answer.status_code == 400
    assert alert(answer) == "bass is no WAV, FLAC, Ogg, MP3 or AIFF file."
    assert not media.exists()


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    visitor: Client, settings: Settings, media: Path
) -> None:
    settings.ADVISE_UPLOAD_BYTES = 1000
    answer = bring(visitor, {s: FLAC + bytes(100_000) for s in STEMS})
    assert answer.status_code == 413
    assert "at most" in alert(answer)
    assert not answer.wsgi_request.FILES
    assert not Upload.objects.exists()


def test_files_beyond_the_limit_are_refused_when_only_their_sum_shows_it(
    visitor: Client, settings: Settings
) -> None:
    settings.ADVISE_UPLOAD_BYTES = 4 * len(FLAC) - 1
    assert bring(visitor, dict.fromkeys(STEMS, FLAC)).status_code == 413


def test_without_the_forms_token_nothing_is_taken() -> None:
    client = Client(enforce_csrf_checks=True)
    assert bring(client, dict.fromkeys(STEMS, FLAC)).status_code == 403


def test_a_visitor_has_so_many_sets_and_no_more(
    visitor: Client, settings: Settings, media: Path
) -> None:
    settings.ADVISE_UPLOADS_PER_VISITOR = 2
    codes = [bring(visitor, dict.fromkeys(STEMS, FLAC)).status_code for _ in range(3)]
    assert codes == [302, 302, 429]
    assert Upload.objects.count() == 2
    assert len(list((media / "uploads").iterdir())) == 2
    assert bring(Client(), dict.fromkeys(STEMS, FLAC)).status_code == 302


def test_all_together_take_so_much_room_and_no_more(
    visitor: Client, settings: Settings, media: Path
) -> None:
    settings.ADVISE_STORAGE_BYTES = 4 * len(FLAC)
    assert bring(Client(), dict.fromkeys(STEMS, FLAC)).status_code == 302
    assert bring(visitor, dict.fromkeys(STEMS, FLAC)).status_code == 503
    assert Upload.objects.count() == 1


def test_names_of_files_are_no_paths_and_no_markup(
    visitor: Client, stem_files: dict[str, Path], media: Path
) -> None:
    names = {
        "vocals": "../../etc/passwd",
        "drums": "<script>alert(1)</script>.flac",
        "bass": "\u202e\x00evil\n.flac",
        "other": "." * 300,
    }
    bring(visitor, stem_files, names=names)
    upload = Upload.objects.get()
    assert set(media.rglob("passwd*")) == set()
    assert all("/" not in name and name.endswith(".flac") for name in upload.file_names.values())
    assert all(name.isprintable() for name in upload.file_names.values())
    page = visitor.get(reverse("advise-upload", args=[upload.key])).content.decode()
    assert "<script>alert" not in page


def test_what_has_expired_is_removed_with_its_files(upload: Upload) -> None:
    folder, late = upload.folder, upload.expires_at + timedelta(seconds=1)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert remove_expired(late) == 1
    assert not folder.exists()
    assert not Upload.objects.exists()


def test_an_expired_upload_is_not_even_its_visitors(visitor: Client, upload: Upload) -> None:
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.get(reverse("advise-upload", args=[upload.key])).status_code == 404


def test_folders_that_lost_their_row_are_removed_and_others_stay(
    upload: Upload, media: Path
) -> None:
    orphan = media / "uploads" / "orphan"
    orphan.mkdir()
    call_command("remove_expired_uploads")
    assert not orphan.exists()
    assert upload.folder.exists()


def test_the_worker_removes_by_itself_once_an_hour(db: None) -> None:
    jobs: Any = apps.get_model("config", "Job").objects
    start = timezone.now()
    for minutes in (0, 1, 59, 61):
        jobs.enqueue_due(start + timedelta(minutes=minutes))
    # The rows' own times are those of the database's clock, all of them now.
    assert jobs.filter(kind="remove_expired_uploads").count() == 2


@pytest.mark.parametrize("command", [["work", "--once"]])
def test_a_worker_that_starts_cleans_up(db: None, media: Path, command: list[str]) -> None:
    orphan = media / "uploads" / "orphan"
    orphan.mkdir(parents=True)
    call_command(*command)
    assert not orphan.exists()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b"fLaC" + bytes(500), "Bass "),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "Bass "),
    ],
)
def test_a_broken_stem_gets_one_line_without_a_path_of_the_server(
    visitor: Client,
    stem_files: dict[str, Path],
    work: Callable[[], list[Any]],
    media: Path,
    broken: bytes,
    words: str,
) -> None:
    bring(visitor, stem_files | {"bass": broken})
    work()
    upload = Upload.objects.get()
    assert upload.state == Upload.State.FAILED
    assert upload.fault.startswith(words)
    assert str(media) not in upload.fault
    assert not upload.folder.exists()
    page = visitor.get(reverse("advise-upload", args=[upload.key])).content.decode()
    assert upload.fault[:30] in page
