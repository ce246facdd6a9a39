"""The cast of this package's tests: that of annotate, and stems that a visitor could bring."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.vectors import STEMS
from config.work import run_job
from studies.models import Upload
from studies.reading import read_stems
from studies.services import trial_reading
from tests.annotate.conftest import (  # noqa: F401
    NOW,
    campaign,
    heard_campaign,
    imported_song,
    make_campaign,
    make_excerpt,
    media,
    now,
    researcher,
    stranger,
    write_song,
)


@pytest.fixture(autouse=True)
def _quick(settings: Settings, tmp_path: Path) -> None:
    """No trained models: rules speak for all. A test's jobs run inside its transaction, for whose
    end a heartbeat on SQLite would wait."""
    settings.CHECKPOINTS = tmp_path / "no-checkpoints"
    settings.JOB_HEARTBEAT_S = 3600
    # The next test's rows may have the numbers of this one's.
    trial_reading._frozen_item.cache_clear()


@pytest.fixture
def stem_files(tmp_path: Path) -> dict[str, Path]:
    """Four seconds of four stems on disk."""
    folder = write_song(tmp_path / "mine" / "My Song", seconds=4.0)
    return {stem: folder / f"{stem}.flac" for stem in STEMS}


def sent(files: Mapping[str, Path | bytes], names: Mapping[str, str] | None = None) -> dict:
    """The fields of the upload form."""
    fields = {}
    for stem, file in files.items():
        content = file if isinstance(file, bytes) else file.read_bytes()
        fields[stem] = SimpleUploadedFile((names or {}).get(stem, f"{stem}.flac"), content)
    return fields


def bring(client: Client, files: Mapping[str, Path | bytes], **more: Any) -> Any:
    return client.post(reverse("advise"), sent(files, **more))


@pytest.fixture
def work() -> Callable[[], list[Any]]:
    """Do all waiting jobs as the worker does; the jobs as they ended."""

    def do() -> list[Any]:
        from django.apps import apps
        from django.utils import timezone

        done = []
        jobs: Any = apps.get_model("config", "Job").objects
        while (job := jobs.take_next(worker="test", now=timezone.now())) is not None:
            done.append(run_job(job.pk))
        return done

    return do


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture(scope="session")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the worker's child process makes of those stems."""
    folder = tmp_path_factory.mktemp("read")
    read_stems(write_song(folder / "My Song", seconds=4.0), folder / "target")
    return folder / "target"


@pytest.fixture
def upload(
    visitor: Client,
    stem_files: dict[str, Path],
    read_once: Path,
    work: Callable[[], list[Any]],
) -> Upload:
    """Stems that `visitor` brought, read (once for all tests) and advised on."""
    bring(visitor, stem_files)
    found = Upload.objects.get()
    shutil.copytree(read_once, found.folder, dirs_exist_ok=True)
    shutil.rmtree(found.received)
    Upload.objects.update(state=Upload.State.READY)
    work()
    found.refresh_from_db()
    return found
