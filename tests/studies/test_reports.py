"""Reports: asked for on a page or by command, made in the worker, kept as they are."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config.models import Job
from studies import jobs
from studies.models import AuditLine, Report
from studies.services import unblinding
from tests.annotate.conftest import NOW
from tests.studies.answered_study import SYSTEMS, AnsweredStudy
from tests.studies.design_cast import client_of, everybody
from tests.studies.study_cast import nothing

pytestmark = pytest.mark.django_db
AT = "2026-03-05T10:00:00+00:00"


@pytest.fixture
def answered(researcher: Any, make_excerpt: Callable[..., Any]) -> AnsweredStudy:
    study = AnsweredStudy(researcher, make_excerpt)
    study.person()
    study.person(choose="B", attention="A")
    study.person(choose="B")
    study.person(kind="simulated", about={"manner": "careless"})
    return study


def _address(study: AnsweredStudy, rest: str = "") -> str:
    return f"/studies/{study.study.key}/report/{rest}"


def _work() -> None:
    for job in Job.objects.filter(kind="write_report", state=Job.State.QUEUED):
        jobs.write_report(nothing, **job.arguments)
        Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, progress=1.0)


def test_a_report_is_asked_for_made_and_read(answered: AnsweredStudy) -> None:
    client = client_of(answered.study.owner)
    assert client.post(_address(answered)).status_code == 302
    row = Report.objects.get()
    assert client.get(_address(answered, f"{row.key}/")).status_code == 404
    _work()
    page = client.get(_address(answered, f"{row.key}/"))
    text = page.content.decode()
    assert answered.version.protocol_hash in text
    assert "Interim" in text
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "Read" in client.get(_address(answered)).content.decode()
    packed = b"".join(client.get(_address(answered, f"{row.key}.zip")).streaming_content)
    assert "report/report.html" in zipfile.ZipFile(io.BytesIO(packed)).namelist()


def test_a_report_is_blind_unless_somebody_unblinded(answered: AnsweredStudy) -> None:
    client = client_of(answered.study.owner)
    client.post(_address(answered))
    _work()
    row = Report.objects.get()
    for path in row.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert not [name for name in SYSTEMS if name.encode() in content], path.name


def test_names_need_an_unblinding_before(answered: AnsweredStudy) -> None:
    owner = answered.study.owner
    client = client_of(owner)
    assert client.post(_address(answered), {"unblinded": "yes"}).status_code == 403
    assert not Report.objects.exists()
    unblinding.unblind(answered.version, by=owner, reason="the pilot is over", now=NOW)
    assert client.post(_address(answered), {"unblinded": "yes"}).status_code == 302
    _work()
    text = client.get(_address(answered, f"{Report.objects.get().key}/")).content.decode()
    assert SYSTEMS[0] in text


def test_a_report_with_names_is_not_for_who_may_not_unblind(answered: AnsweredStudy) -> None:
    owner = answered.study.owner
    unblinding.unblind(answered.version, by=owner, reason="the pilot is over", now=NOW)
    client_of(owner).post(_address(answered), {"unblinded": "yes"})
    _work()
    key = Report.objects.get().key
    people = everybody(answered.study)
    statuses = {
        name: client.get(_address(answered, f"{key}/")).status_code
        for name, client in people.items()
    }
    allowed = {"owner", "unblind"}
    assert statuses == {name: 200 if name in allowed else 404 for name in people}


def test_rights_of_the_pages(answered: AnsweredStudy) -> None:
    people = everybody(answered.study)
    seen = {name: client.get(_address(answered)).status_code for name, client in people.items()}
    assert seen == {name: 404 if name in {"anonymous", "stranger"} else 200 for name in people}
    written = {name: client.post(_address(answered)).status_code for name, client in people.items()}
    assert written["view"] == 403
    assert {written["anonymous"], written["stranger"]} == {404}
    assert {written["run"], written["unblind"], written["owner"]} == {302}


def test_every_report_is_kept_in_the_audit_as_interim(answered: AnsweredStudy) -> None:
    client_of(answered.study.owner).post(_address(answered))
    _work()
    line = AuditLine.objects.get(act="exported")
    assert line.detail["what"] == "report"
    assert (line.detail["interim"], line.detail["blinded"]) == (True, True)


def test_a_job_that_is_run_twice_changes_nothing(answered: AnsweredStudy) -> None:
    client_of(answered.study.owner).post(_address(answered))
    _work()
    row = Report.objects.get()
    before = {path.name: path.stat().st_mtime_ns for path in row.folder.iterdir()}
    jobs.write_report(nothing, key=row.key)
    assert {path.name: path.stat().st_mtime_ns for path in row.folder.iterdir()} == before
    assert AuditLine.objects.filter(act="exported").count() == 1


def test_the_command_writes_the_same_bytes_twice(answered: AnsweredStudy, tmp_path: Path) -> None:
    answered.version.study.audit.all()._raw_delete("default")
    for name in ("one", "two"):
        options = ["--out", str(tmp_path / name), "--now", AT]
        call_command("export_report", answered.study.key, *options)
        answered.version.study.audit.all()._raw_delete("default")
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in _files(tmp_path / name)}
        for name in ("one", "two")
    )
    assert one == two
    assert {"report.html", "report.json", "study.json"} <= {path.name for path in one}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_simulated_raters_are_left_out_unless_named(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    counted = {}
    for include in ("", "simulated"):
        out = tmp_path / (include or "none")
        options = ["--out", str(out), "--now", AT, "--include", include]
        call_command("export_report", answered.study.key, *options)
        counted[include] = (out / "report.html").read_text().lower().count("simulated raters")
    assert counted["simulated"] > counted[""]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--exclusions", "nobody"], "exclusions 'nobody'"),
        (["--include", "everybody"], "include 'everybody'"),
        (["--now", "yesterday"], "--now yesterday"),
        (["--study-version", "7"], "no such version"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    answered: AnsweredStudy, tmp_path: Path, options: list[str], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("export_report", answered.study.key, "--out", str(tmp_path / "r"), *options)
    assert not (tmp_path / "r").exists()


def test_a_folder_with_other_files_is_left_alone(answered: AnsweredStudy, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="holds other files"):
        call_command("export_report", answered.study.key, "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_report_says_that_few_people_say_little(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    call_command("export_report", answered.study.key, "--out", str(tmp_path / "r"), "--now", AT)
    values = json.loads((tmp_path / "r" / "report.json").read_text())
    assert any("few" in line for line in values["limits"])
    assert values["study"]["protocol_hash"] == answered.version.protocol_hash
