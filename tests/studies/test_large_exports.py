"""What is too large to wait for is written by a worker: once, whole, with progress, for a day."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.background import JobStoppedError
from config.models import Job
from studies.exports import files
from studies.exports.scope import Scope
from studies.models import Export, StudyMember
from studies.services import large_exports, unblinding
from tests.annotate.researcher_cast import signed_in
from tests.studies.answered_study import AnsweredStudy

REASON = "the analysis begins today"


@pytest.fixture
def answered(
    researcher: Any, make_excerpt: Callable[..., Any], media: Path, monkeypatch: pytest.MonkeyPatch
) -> AnsweredStudy:
    """A study that counts as large here."""
    monkeypatch.setattr(large_exports, "MOST_JUDGEMENTS_AT_ONCE", 3)
    study = AnsweredStudy(researcher, make_excerpt)
    for _ in range(2):
        study.person(at=timezone.now() - timedelta(minutes=25))
    return study


@pytest.fixture
def owner(researcher: Any) -> Client:
    return signed_in(researcher)


def page_of(study: AnsweredStudy) -> str:
    return reverse("study-exports", args=[study.study.key])


def ask(client: Client, study: AnsweredStudy, what: str = "json", **more: str) -> Any:
    return client.post(page_of(study), {"what": what, **more})


def work() -> None:
    call_command("work", once=True)


def taken(client: Client, study: AnsweredStudy) -> bytes:
    key = Export.objects.get().key
    answer = client.get(reverse("study-export-take", args=[study.study.key, key]))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_a_worker_writes_it_and_the_page_gives_it(answered: AnsweredStudy, owner: Client) -> None:
    asked = ask(owner, answered)
    assert "Waiting for the worker" in owner.get(asked["Location"]).text
    work()
    row = Export.objects.get()
    assert f"/exports/{row.key}/" in owner.get(page_of(answered)).text
    got = json.loads(taken(owner, answered))
    scope = Scope(answered.version, row.written_at)
    with files.download(scope, "json")[0] as at_once:
        assert got == json.load(at_once)
    acts = list(answered.study.audit.order_by("pk").values_list("act", flat=True))
    assert acts[-2:] == ["exported", "export downloaded"]


def test_a_zip_is_the_same_file_as_at_once(answered: AnsweredStudy, owner: Client) -> None:
    ask(owner, answered, "zip", include="pilot")
    work()
    row = Export.objects.get()
    scope = Scope(answered.version, row.written_at, include=frozenset({"pilot"}))
    at_once, name = files.download(scope, "zip")
    with at_once:
        assert taken(owner, answered) == at_once.read()
    assert row.file_name == name


def test_small_ones_and_who_is_who_are_answers_at_once(
    answered: AnsweredStudy, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"".join(ask(owner, answered, "who").streaming_content)
    monkeypatch.undo()
    assert b"".join(ask(owner, answered).streaming_content)
    assert not Export.objects.exists()


def test_asked_twice_it_is_written_once(answered: AnsweredStudy, owner: Client) -> None:
    ask(owner, answered), ask(owner, answered)
    assert Export.objects.count() == Job.objects.filter(kind="write_export").count() == 1
    work()
    ask(owner, answered)
    assert Export.objects.count() == 2


def test_one_with_names_is_for_those_who_unblinded(
    answered: AnsweredStudy, owner: Client, researcher: Any
) -> None:
    assert ask(owner, answered, unblinded="yes").status_code == 403
    unblinding.unblind(answered.version, by=researcher, reason=REASON, now=timezone.now())
    ask(owner, answered, unblinded="yes")
    work()
    assert not json.loads(taken(owner, answered))["study"]["blinded"]
    colleague = get_user_model().objects.create_user("colleague")
    StudyMember.objects.create(study=answered.study, user=colleague, may="unblind")
    other = signed_in(colleague)
    address = reverse("study-export-take", args=[answered.study.key, Export.objects.get().key])
    assert other.get(address).status_code == 404
    assert address not in other.get(page_of(answered)).text
    assert address in owner.get(page_of(answered)).text


def test_it_goes_after_a_day_with_what_lost_its_row(answered: AnsweredStudy, owner: Client) -> None:
    ask(owner, answered)
    work()
    row = Export.objects.get()
    orphan = row.folder.with_name("orphan")
    orphan.mkdir()
    later = row.created_at + large_exports.KEPT
    assert large_exports.remove_old(later - timedelta(seconds=1)) == 1
    assert row.path.exists()
    assert not orphan.exists()
    assert large_exports.remove_old(later) == 1
    assert not row.folder.exists()
    assert not Export.objects.exists()


def test_a_run_that_was_killed_leaves_nothing(answered: AnsweredStudy, owner: Client) -> None:
    ask(owner, answered)
    row = Export.objects.get()
    row.folder.mkdir(parents=True)
    (row.folder / ".writing-half").write_bytes(b"{")
    work()
    row.refresh_from_db()
    assert list(row.folder.iterdir()) == [row.path]


def test_it_tells_how_far_it_is_and_stops_when_asked(
    answered: AnsweredStudy, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float, str]] = []

    def report(share: float, message: str = "") -> None:
        told.append((share, message))
        if len(told) == 3:
            raise JobStoppedError

    def without_end(scope: Scope, what: str, file: Any, tick: Callable[[], None]) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            file.write(b"x")
            tick()

    ask(owner, answered)
    row = Export.objects.select_related("version__study").get()
    monkeypatch.setattr(large_exports, "SAID_EVERY_S", 0.01)
    monkeypatch.setattr(large_exports, "write_one", without_end)
    with pytest.raises(JobStoppedError):
        large_exports.write(row, report)
    assert len(told) == 3
    assert all(0.0 <= share <= 0.99 and "rows" in words for share, words in told)
    row.refresh_from_db()
    assert row.written_at is None
    assert list(row.folder.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_progress_is_stored_beside_the_reading(
    answered: AnsweredStudy, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job's row is written while the answers are read as of one moment."""
    whole = large_exports.write_one
    seen: list[str] = []

    def slowly(scope: Scope, what: str, file: Any, tick: Callable[[], None]) -> None:
        def slow_tick() -> None:
            tick()
            time.sleep(0.02)

        whole(scope, what, file, slow_tick)
        seen.append(Job.objects.get(kind="write_export").message)

    monkeypatch.setattr(large_exports, "SAID_EVERY_S", 0.01)
    monkeypatch.setattr(large_exports, "write_one", slowly)
    ask(owner, answered)
    work()
    assert "rows" in seen[0]
    assert Job.objects.get(kind="write_export").state == Job.State.DONE
    assert json.loads(taken(owner, answered))["judgements"]
