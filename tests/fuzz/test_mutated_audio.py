"""Audio files with flipped bytes, cut off, lying about lengths, under other names: each is taken or
refused in one clear line, nothing is half written, and nothing hangs."""

import io
import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from annotate.models import Excerpt, Song
from studies.models import Upload
from tests.audio_files import noise, write_song, write_stem_mp4
from tests.fuzz.mutations import SUFFIXES, mutate_bytes, mutate_file
from tests.studies.conftest import _quick, bring, media, visitor, work  # noqa: F401

SHORT, LONG = 24, 600
SHORT_UPLOADS, LONG_UPLOADS = 3, 100
LONGEST_S = 60.0


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song in each format."""
    folder = tmp_path_factory.mktemp("originals")
    for suffix in SUFFIXES:
        write_song(folder / f"song{suffix[1:]}", suffix=suffix, duration_s=1.2)
    write_stem_mp4(folder / "song.stem.mp4", [noise(n, 1.2) for n in range(5)])
    return folder


def import_songs(path: Path) -> dict[str, Any]:
    out, said = io.StringIO(), ""
    try:
        call_command("import_songs", str(path), json=True, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
    return json.loads(out.getvalue())


def stored(media: Path) -> tuple[int, int, int, int]:  # noqa: F811
    """Rows of songs and excerpts, folders of songs and excerpts, hidden leftovers included."""
    found = [
        len(list((media / kind).iterdir())) if (media / kind).is_dir() else 0
        for kind in ("songs", "excerpts")
    ]
    return Song.objects.count(), Excerpt.objects.count(), found[0], found[1]


def mutate_and_import(originals: Path, folder: Path, media: Path, count: int, seed: int) -> int:  # noqa: F811
    """How many were refused."""
    draw, n_refused = random.Random(seed), 0
    kinds = sorted(path.name for path in originals.iterdir())
    for number in range(count):
        source = originals / kinds[number % len(kinds)]
        target = folder / f"{number}" / source.name
        target.parent.mkdir()
        if source.is_dir():
            shutil.copytree(source, target)
            mutate_file(draw.choice(sorted(target.iterdir())), draw)
        else:
            target.write_bytes(mutate_bytes(source.read_bytes(), draw))
        before, started = stored(media), time.monotonic()
        result = import_songs(target)
        assert time.monotonic() - started < LONGEST_S, target
        n_new = len(result["imported"])
        assert n_new + len(result["skipped"]) + len(result["failed"]) >= 1, (number, result)
        for one in result["failed"]:
            assert len(one["reason"].splitlines()) == 1, one
            assert 10 < len(one["reason"]) < 300, one
            assert "Traceback" not in one["reason"]
        n_refused += bool(result["failed"])
        assert stored(media) == tuple(one + n_new for one in before), (number, result)
    return n_refused


@pytest.mark.django_db
def test_mutated_songs_are_imported_or_refused_and_leave_nothing_half(
    originals: Path,
    tmp_path: Path,
    media: Path,  # noqa: F811
) -> None:
    assert mutate_and_import(originals, tmp_path, media, SHORT, seed=1) > SHORT // 4


@pytest.mark.slow
@pytest.mark.django_db
def test_hundreds_of_mutated_songs(originals: Path, tmp_path: Path, media: Path) -> None:  # noqa: F811
    assert mutate_and_import(originals, tmp_path, media, LONG, seed=2) > LONG // 4


def mutate_and_bring(originals: Path, work: Any, media: Path, count: int, seed: int) -> int:  # noqa: F811
    draw, n_refused = random.Random(seed), 0
    for number in range(count):
        visitor, suffix = Client(), SUFFIXES[number % len(SUFFIXES)]  # noqa: F811
        folder = originals / f"song{suffix[1:]}"
        files = {stem: (folder / f"{stem}{suffix}").read_bytes() for stem in STEMS}
        stem = draw.choice(STEMS)
        files[stem] = mutate_bytes(files[stem], draw)
        answered = bring(visitor, files)
        if answered.status_code == 400:
            n_refused += 1
            continue
        assert answered.status_code == 302, number
        started = time.monotonic()
        work()
        assert time.monotonic() - started < LONGEST_S
        upload = Upload.objects.latest("pk")
        page = visitor.get(reverse("advise-upload", args=[upload.key]))
        assert page.status_code == 200
        if upload.state == Upload.State.FAILED:
            n_refused += 1
            assert len(upload.fault.splitlines()) == 1
            assert str(media) not in page.text
            assert not upload.folder.exists()
        else:
            assert upload.state == Upload.State.READY
    return n_refused


@pytest.mark.django_db
def test_mutated_stems_of_visitors_are_read_or_refused(
    originals: Path,
    media: Path,  # noqa: F811
    work: Callable[[], list[Any]],  # noqa: F811
) -> None:
    assert mutate_and_bring(originals, work, media, SHORT_UPLOADS, seed=3) >= 1


@pytest.mark.slow
@pytest.mark.django_db
def test_a_hundred_mutated_uploads(
    originals: Path,
    media: Path,  # noqa: F811
    work: Callable[[], list[Any]],  # noqa: F811
) -> None:
    assert mutate_and_bring(originals, work, media, LONG_UPLOADS, seed=4) >= LONG_UPLOADS // 4
