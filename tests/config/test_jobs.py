"""Background work: each job is done once, by one worker, and whatever happens is said."""

import os
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from config.housekeeping import keep_house
from config.management.commands.work import NICENESS
from config.models import MAX_ATTEMPTS, Job, Worker
from config.work import _finish, run_job
from tests.config.job_functions import KINDS
from tests.config.worker_process import start_worker

State = Job.State


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.JOB_KINDS = KINDS
    settings.JOB_PERIODIC_S = {}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def take(now: datetime, worker: str = "w") -> Job | None:
    return Job.objects.take_next(worker=worker, now=now)


def work() -> str:
    said = StringIO()
    call_command("work", once=True, stderr=said)
    return said.getvalue()


@pytest.mark.django_db
def test_a_job_is_done_with_its_result_and_progress(now: datetime) -> None:
    job = Job.objects.enqueue("add", {"a": 2, "b": 3})
    work()
    job.refresh_from_db()
    assert (job.state, job.result, job.progress, job.message) == (State.DONE, 5, 1.0, "half way")
    assert job.finished_at is not None
    assert job.is_over


@pytest.mark.django_db
def test_jobs_are_done_in_the_order_in_which_they_were_asked_for() -> None:
    for number in range(3):
        Job.objects.enqueue("add", {"a": number, "b": 0})
    work()
    done = Job.objects.order_by("finished_at").values_list("result", flat=True)
    assert list(done) == [0, 1, 2]


@pytest.mark.django_db
def test_what_nobody_waits_for_comes_last(settings: Settings, django_user_model: Any) -> None:
    settings.JOB_UNHURRIED = {"add"}
    owner = django_user_model.objects.create_user("researcher")
    ahead = Job.objects.enqueue("add", {"a": 0, "b": 0})
    Job.objects.enqueue("report_nonsense", {})
    Job.objects.enqueue("add", {"a": 1, "b": 0}, owner_id=owner.pk)
    work()
    assert Job.objects.order_by("finished_at").last() == ahead


@pytest.mark.django_db
def test_a_failed_job_says_why_and_the_worker_goes_on() -> None:
    failed = Job.objects.enqueue("fail", {})
    after = Job.objects.enqueue("add", {"a": 1, "b": 1})
    said = work()
    failed.refresh_from_db()
    after.refresh_from_db()
    assert failed.state == State.FAILED
    assert "the excerpt lies outside the song" in failed.error
    assert "Traceback" not in failed.error
    assert after.state == State.DONE
    assert "lies outside" in said


@pytest.mark.django_db
def test_a_failure_tells_no_place_of_the_server() -> None:
    job = Job.objects.enqueue("lose", {})
    work()
    job.refresh_from_db()
    assert job.error == "excerpts/key/gram.npy: is missing"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "arguments"), [("add", {"a": 1}), ("add", {"a": 1, "b": "x"}), ("gone", {})]
)
def test_wrong_arguments_and_kinds_that_are_gone_fail_with_a_word(
    kind: str, arguments: dict
) -> None:
    job = Job.objects.create(kind=kind, arguments=arguments)
    work()
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert job.error


@pytest.mark.django_db
def test_an_unknown_kind_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match=r"no job of kind 'paint': known are \['add', 'count'"):
        Job.objects.enqueue("paint", {})


@pytest.mark.django_db
def test_progress_stays_within_its_bounds() -> None:
    job = Job.objects.enqueue("report_nonsense", {})
    work()
    job.refresh_from_db()
    assert job.state == State.DONE
    assert len(job.message) == 200


@pytest.mark.django_db
def test_a_running_job_is_left_to_its_worker_until_it_is_silent(now: datetime) -> None:
    Job.objects.enqueue("add", {"a": 1, "b": 1})
    assert take(now, "first") is not None
    assert take(now + timedelta(seconds=50), "second") is None
    again = take(now + timedelta(seconds=61), "second")
    assert again is not None
    assert (again.worker, again.attempts) == ("second", 2)


@pytest.mark.django_db
def test_a_job_whose_workers_all_die_is_given_up(now: datetime) -> None:
    Job.objects.enqueue("add", {"a": 1, "b": 1})
    for attempt in range(MAX_ATTEMPTS + 1):
        job = take(now + timedelta(minutes=2 * attempt))
        assert job is not None
    done = run_job(job.pk)
    assert done.state == State.FAILED
    assert done.error == f"given up: its worker died {MAX_ATTEMPTS} times"
    assert take(now + timedelta(hours=1)) is None


@pytest.mark.django_db
def test_a_worker_thought_dead_does_not_overrule_the_one_that_took_over(now: datetime) -> None:
    Job.objects.enqueue("add", {"a": 1, "b": 1})
    first = take(now, "first")
    assert first is not None
    take(now + timedelta(minutes=2), "second")
    stale = Job.objects.get(pk=first.pk)
    stale.attempts = 1
    _finish(stale, result="late")
    assert Job.objects.get().state == State.RUNNING


@pytest.mark.django_db(transaction=True)
def test_workers_that_ask_at_one_instant_never_get_the_same_job(now: datetime) -> None:
    for number in range(3):
        Job.objects.enqueue("add", {"a": number, "b": 0})
    together = threading.Barrier(8)
    got: list[int | None] = []

    def ask(name: str) -> None:
        together.wait()
        try:
            job = take(now, name)
            got.append(job.pk if job else None)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[f"worker {n}"]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [pk for pk in got if pk is not None]
    assert len(got) == 8
    assert len(taken) == len(set(taken)) == 3


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_away_costs_a_pause_and_not_the_job(
    tmp_path: Path, now: datetime
) -> None:
    arguments = {"file": str(tmp_path / "tries"), "times": 2}
    job = Job.objects.enqueue("meet_a_busy_database", arguments)
    pauses = []
    for attempt in range(3):
        claimed = take(now + timedelta(minutes=attempt))
        assert claimed is not None
        job = run_job(claimed.pk)
        if job.state == State.QUEUED:
            assert "the database is away" in job.message
            assert take(timezone.now()) is None
            pauses.append(round((job.not_before - timezone.now()).total_seconds()))
    assert (job.state, job.result) == (State.DONE, "done at attempt 3")
    assert pauses == [5, 20]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_away_fails_the_job_in_the_end(tmp_path: Path, now: datetime) -> None:
    arguments = {"file": str(tmp_path / "tries"), "times": 9}
    Job.objects.enqueue("meet_a_busy_database", arguments)
    for attempt in range(MAX_ATTEMPTS):
        claimed = take(now + timedelta(minutes=attempt))
        assert claimed is not None
        run_job(claimed.pk)
    job = Job.objects.get()
    assert (job.state, job.error) == (State.FAILED, "the database is away")
    assert take(now + timedelta(hours=1)) is None


@pytest.mark.django_db
def test_a_worker_is_known_to_live_until_it_is_silent(now: datetime) -> None:
    keep_house("here:1", now)
    assert Worker.objects.alive(now + timedelta(seconds=59)).exists()
    assert not Worker.objects.alive(now + timedelta(seconds=61)).exists()
    with pytest.raises(CommandError, match="no worker lives on"):
        call_command("work", alive=True)
    keep_house(f"{socket.gethostname()}:7", timezone.now())
    call_command("work", alive=True)
    Worker.objects.filter(name__endswith=":7").delete()
    keep_house("here:2", now + timedelta(days=2))
    assert [worker.name for worker in Worker.objects.all()] == ["here:2"]


@pytest.mark.django_db(transaction=True)
def test_a_long_job_tells_that_it_lives(settings: Settings, now: datetime) -> None:
    settings.JOB_HEARTBEAT_S = 0.05
    Job.objects.enqueue("sleep", {"seconds": 0.5})
    job = take(now - timedelta(seconds=30))
    assert job is not None
    Job.objects.update(heartbeat_at=now - timedelta(seconds=30))
    seen: list[datetime] = []

    def watch() -> None:
        time.sleep(0.35)
        seen.append(Job.objects.get().heartbeat_at)
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    run_job(job.pk)
    watcher.join()
    assert seen[0] > now


def wait_until(state: str, job: Job, worker: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while Job.objects.get(pk=job.pk).state != state:
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_killed_worker_is_taken_up_by_another() -> None:
    job = Job.objects.enqueue("sleep", {"seconds": 60})
    worker = start_worker()
    try:
        wait_until(State.RUNNING, job, worker)
    finally:
        worker.kill()
        worker.wait()
    Job.objects.update(arguments={"seconds": 0.0})
    assert take(timezone.now()) is None
    again = take(timezone.now() + timedelta(seconds=61), "another")
    assert again is not None
    assert run_job(again.pk).state == State.DONE
    assert Job.objects.get().attempts == 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_told_to_stop_ends_its_job_first() -> None:
    job = Job.objects.enqueue("sleep", {"seconds": 1.0})
    waiting = Job.objects.enqueue("add", {"a": 1, "b": 1})
    worker = start_worker()
    try:
        wait_until(State.RUNNING, job, worker)
        # It gives way to pages on the same machine.
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == NICENESS
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0
    assert Job.objects.get(pk=job.pk).state == State.DONE
    assert Job.objects.get(pk=waiting.pk).state == State.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_a_database_that_drops_its_connections() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could drop a connection")
    worker = start_worker()
    try:
        first = Job.objects.enqueue("add", {"a": 1, "b": 1})
        wait_until(State.DONE, first, worker)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        second = Job.objects.enqueue("add", {"a": 2, "b": 2})
        wait_until(State.DONE, second, worker)
    finally:
        worker.kill()
        worker.wait()
