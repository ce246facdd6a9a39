"""A visitor's stems: taken in, read by the worker, advised on, shown, deleted."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.apps import apps
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from studies.models import Advice, System, Upload
from tests.studies.conftest import bring

Work = Callable[[], list[Any]]


def test_stems_wait_for_the_worker_and_nothing_is_decoded_before(
    visitor: Client, stem_files: dict[str, Path]
) -> None:
    answer = bring(visitor, stem_files)
    upload = Upload.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("advise-upload", args=[upload.key])
    assert sorted(path.name for path in upload.received.iterdir()) == sorted(
        f"{stem}.flac" for stem in STEMS
    )
    assert not upload.song_folder.exists()
    page = visitor.get(answer["Location"]).content.decode()
    assert "Waiting for the worker" in page
    assert 'hx-trigger="every 1s"' in page
    assert 'http-equiv="refresh"' in page


def test_after_the_worker_every_system_has_spoken_or_says_why_not(
    visitor: Client, stem_files: dict[str, Path], work: Work
) -> None:
    bring(visitor, stem_files)
    jobs = {job.kind: job for job in work()}
    job = jobs["advise_on_upload"]
    assert job.error == ""
    upload = Upload.objects.get()
    assert upload.state == Upload.State.READY
    assert not upload.received.exists()
    said = set(Advice.objects.filter(upload=upload).values_list("system__name", flat=True))
    assert {"zero", "equal_loudness", "random"} <= said
    assert "oracle" not in said
    assert not said & set(job.result["refused"])
    page = visitor.get(reverse("advise-upload", args=[upload.key])).content.decode()
    for row in Advice.objects.filter(upload=upload):
        assert row.prose in page
    assert "spectrum" in page
    assert json.loads(page.split('id="player" type="application/json">')[1].split("</script>")[0])


def test_a_polled_part_asks_for_the_whole_page_once_it_is_there(
    visitor: Client, upload: Upload
) -> None:
    address = reverse("advise-upload", args=[upload.key])
    answer = visitor.get(address, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert b"<html" not in answer.content


def test_what_was_said_is_kept_and_not_asked_again(upload: Upload, work: Work) -> None:
    before = list(Advice.objects.values_list("pk", flat=True))
    jobs: Any = apps.get_model("config", "Job").objects
    jobs.enqueue("advise_on_upload", {"upload": upload.key})
    work()
    assert list(Advice.objects.values_list("pk", flat=True)) == before
    assert System.objects.filter(name="zero").count() == 1


def test_a_system_of_another_version_is_asked_and_the_old_advice_stays(
    upload: Upload, work: Work
) -> None:
    System.objects.filter(name="zero").update(
        version="0", provenance={"version": "0", "checkpoint": "", "bundle": ""}
    )
    jobs: Any = apps.get_model("config", "Job").objects
    jobs.enqueue("advise_on_upload", {"upload": upload.key})
    work()
    assert System.objects.filter(name="zero").count() == 2
    shown = Advice.objects.on(upload, Advice.objects.first().problem_db)
    assert [row.system.version for row in shown if row.system.name == "zero"] == ["1"]


def test_stems_are_served_as_stored_and_the_stranger_meets_404(
    visitor: Client, upload: Upload
) -> None:
    address = reverse("advise-upload-stem", args=[upload.key, "drums"])
    answer = visitor.get(address)
    content = answer.content
    assert answer["X-Stem-Scale"] == "1.0"
    assert "private" in answer["Cache-Control"]
    assert soundfile.info(io.BytesIO(content)).samplerate == 44_100
    assert Client().get(address).status_code == 404
    assert visitor.get(address.replace("drums", "mixture")).status_code == 404


@pytest.mark.parametrize("forged", ["", "nonsense", "abc:1tZ:sig"])
def test_a_forged_cookie_opens_nothing(upload: Upload, forged: str) -> None:
    other = Client()
    other.cookies["gainsay_visitor"] = forged
    assert other.get(reverse("advise-upload", args=[upload.key])).status_code == 404


def test_a_stranger_sees_reads_and_deletes_nothing(
    visitor: Client, upload: Upload, researcher: Any
) -> None:
    signed_in = Client()
    signed_in.force_login(researcher)
    for other in (Client(), signed_in):
        for name, args in (
            ("advise-upload", [upload.key]),
            ("advise-upload-stem", [upload.key, "bass"]),
            ("advise-upload-balance", [upload.key, "json"]),
        ):
            assert other.get(reverse(name, args=args)).status_code == 404
        assert other.post(reverse("advise-delete", args=[upload.key])).status_code == 404
        assert upload.key not in other.get(reverse("advise")).content.decode()
    assert upload.key in visitor.get(reverse("advise")).content.decode()


def test_deleting_takes_row_advice_and_files(visitor: Client, upload: Upload) -> None:
    folder = upload.folder
    assert folder.is_dir()
    answer = visitor.post(reverse("advise-delete", args=[upload.key]))
    assert answer.status_code == 302
    assert not Upload.objects.exists()
    assert not Advice.objects.exists()
    assert not folder.exists()
    assert visitor.get(reverse("advise-upload", args=[upload.key])).status_code == 404


def test_stems_deleted_while_they_wait_are_not_read(
    visitor: Client, stem_files: dict[str, Path], work: Work
) -> None:
    bring(visitor, stem_files)
    visitor.post(reverse("advise-delete", args=[Upload.objects.get().key]))
    assert all(job.error == "" for job in work())
    assert not Advice.objects.exists()


def test_the_balance_comes_as_json_csv_project_and_zip(visitor: Client, upload: Upload) -> None:
    def get(format_: str) -> bytes:
        address = reverse("advise-upload-balance", args=[upload.key, format_])
        answer = visitor.get(address, {"system": "equal_loudness"})
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
        return b"".join(answer) if answer.streaming else answer.content

    advice = Advice.objects.get(system__name="equal_loudness")
    values = json.loads(get("json"))
    assert values["balance_db"] == advice.content["balance_db"]
    rows = get("csv").decode().splitlines()
    assert rows[0] == "stem,present_db,move_db,balance_db,low_db,high_db"
    assert [float(row.split(",")[3]) for row in rows[1:]] == pytest.approx(
        [advice.content["balance_db"][stem] for stem in STEMS]
    )
    text = get("rpp").decode()
    gains = [float(line.split()[1]) for line in text.splitlines() if line.startswith("    VOLPAN")]
    assert 20 * np.log10(gains) == pytest.approx(
        [advice.content["balance_db"][stem] for stem in STEMS]
    )
    with zipfile.ZipFile(io.BytesIO(get("zip"))) as archive:
        names = [name.split("/")[1] for name in archive.namelist()]
        drums = archive.read(next(n for n in archive.namelist() if n.endswith("drums.flac")))
    assert set(names) >= {f"{stem}.flac" for stem in STEMS}
    assert any(name.endswith(".rpp") for name in names)
    assert drums == (upload.song_folder / "drums.flac").read_bytes()


def test_a_project_alone_points_to_the_visitors_own_files(
    visitor: Client, stem_files: dict[str, Path], work: Work
) -> None:
    bring(visitor, stem_files, names={"vocals": 'C:\\mixes\\Lead "V".flac', "drums": "drums.wav"})
    work()
    address = reverse("advise-upload-balance", args=[Upload.objects.get().key, "rpp"])
    text = visitor.get(address).content.decode()
    assert "FILE 'Lead \"V\".flac'" in text
    assert 'FILE "drums.flac"' in text


@pytest.mark.parametrize("query", ["?system=oracle", "?system=nobody"])
def test_a_balance_of_a_system_that_said_nothing_is_404(
    visitor: Client, upload: Upload, query: str
) -> None:
    address = reverse("advise-upload-balance", args=[upload.key, "json"])
    assert visitor.get(address + query).status_code == 404
    assert visitor.get(address.replace("json", "exe")).status_code == 404
