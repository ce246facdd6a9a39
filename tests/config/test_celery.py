"""Jobs by Celery on Redis: whatever dies, each job is done, and done once."""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from config import sending
from config.models import Job
from tests.config.job_functions import KINDS
from tests.config.worker_process import start_worker
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]

State = Job.State


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[RedisServer]:
    found = RedisServer(tmp_path)
    found.start()
    settings.CELERY_BROKER_URL = found.url
    settings.JOB_KINDS, settings.JOB_PERIODIC_S = KINDS, {}
    try:
        yield found
    finally:
        found.kill()


class Workers:
    def __init__(self, broker: str) -> None:
        self.broker = broker
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, **options: Any) -> "subprocess.Popen[bytes]":
        self.started.append(start_worker(broker=self.broker, **options))
        return self.started[-1]

    def of(self, job: Job) -> "subprocess.Popen[bytes]":
        """The process that does this job."""
        number = int(Job.objects.get(pk=job.pk).worker.rpartition(":")[2])
        return next(process for process in self.started if process.pid == number)


@pytest.fixture
def workers(server: RedisServer) -> Iterator[Workers]:
    found = Workers(server.url)
    try:
        yield found
    finally:
        for process in found.started:
            process.kill()
            process.wait()


class Notes:
    """Jobs that leave a line each."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "notes"

    def ask(self, count: int, seconds: float = 0.0) -> list[Job]:
        return [
            Job.objects.enqueue(
                "note", {"file": str(self.file), "line": str(number), "seconds": seconds}
            )
            for number in range(count)
        ]

    @property
    def lines(self) -> list[int]:
        return sorted(map(int, self.file.read_text().split())) if self.file.exists() else []


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


def wait_for(state: str, *jobs: Job) -> None:
    keys = [job.pk for job in jobs]
    deadline = time.monotonic() + 45
    while Job.objects.filter(pk__in=keys, state=state).count() < len(keys):
        assert time.monotonic() < deadline, list(Job.objects.values("state", "error", "worker"))
        time.sleep(0.05)


def test_two_workers_share_the_jobs_and_each_is_done_once(workers: Workers, notes: Notes) -> None:
    first, second = workers.start(), workers.start()
    jobs = notes.ask(30, seconds=0.1)
    wait_for(State.DONE, *jobs)
    assert notes.lines == list(range(30))
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
    done_by = {
        int(name.rpartition(":")[2]) for name in Job.objects.values_list("worker", flat=True)
    }
    assert done_by == {first.pid, second.pid}


def test_the_job_of_a_killed_worker_is_finished_by_another(workers: Workers, notes: Notes) -> None:
    workers.start(), workers.start()
    (job,) = notes.ask(1, seconds=3.0)
    wait_for(State.RUNNING, job)
    killed = workers.of(job)
    killed.kill()
    killed.wait()
    wait_for(State.DONE, job)
    assert notes.lines == [0]
    assert Job.objects.get().attempts == 2
    assert workers.of(job) is not killed


def test_a_redis_that_lost_everything_costs_no_job(
    server: RedisServer, workers: Workers, notes: Notes
) -> None:
    jobs = notes.ask(5)
    server.kill()
    server.start()
    assert server.client().dbsize() == 0
    workers.start()
    wait_for(State.DONE, *jobs)
    assert notes.lines == list(range(5))


def test_workers_outlive_a_redis_that_is_killed_and_one_that_is_flushed(
    server: RedisServer, workers: Workers, notes: Notes
) -> None:
    workers.start(), workers.start()
    jobs = notes.ask(12, seconds=0.3)
    wait_for(State.RUNNING, jobs[0])
    server.kill()
    time.sleep(1.0)
    server.start()
    wait_for(State.DONE, *jobs)
    jobs = notes.ask(8, seconds=0.2)
    server.client().flushall()
    wait_for(State.DONE, *jobs)
    assert notes.lines == sorted([*range(12), *range(8)])


def test_what_nobody_waits_for_comes_last(
    workers: Workers, notes: Notes, settings: Settings
) -> None:
    settings.JOB_UNHURRIED = {"note"}
    ahead = notes.ask(5)
    waited_for = Job.objects.enqueue("add", {"a": 1, "b": 2})
    workers.start()
    wait_for(State.DONE, *ahead, waited_for)
    assert Job.objects.order_by("finished_at").first() == waited_for


def test_a_message_that_comes_twice_does_the_job_once(workers: Workers, notes: Notes) -> None:
    (job,) = notes.ask(1, seconds=0.5)
    for _ in range(3):
        assert sending.send(job)
    after = notes.ask(1)
    workers.start(), workers.start()
    wait_for(State.DONE, job, *after)
    assert notes.lines == [0, 0]
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_the_site_takes_jobs_while_redis_is_away(
    server: RedisServer, workers: Workers, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        (job,) = notes.ask(1)
    assert time.monotonic() - began < 2.0
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        f"job {job.pk} is stored, the broker was not told"
    ]
    server.start()
    workers.start()
    wait_for(State.DONE, job)


def test_a_worker_waits_for_a_redis_that_comes_later_and_ends_without_one(
    server: RedisServer, workers: Workers, notes: Notes
) -> None:
    server.kill()
    worker = workers.start()
    (job,) = notes.ask(1)
    time.sleep(3.0)
    assert worker.poll() is None
    server.start()
    wait_for(State.DONE, job)
    server.kill()
    time.sleep(1.0)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_a_redis_that_takes_connections_and_says_nothing_holds_nobody_up(
    server: RedisServer, settings: Settings, notes: Notes
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        (job,) = notes.ask(1)
        assert time.monotonic() - began < 5.0
    assert job.state == State.QUEUED


def test_a_long_queue_does_not_grow_by_being_looked_at(
    server: RedisServer, settings: Settings, notes: Notes
) -> None:
    notes.ask(10)
    settings.HOUSEKEEPING_S = 0
    assert sending.send_again(timezone.now()) == 0
    assert server.client().llen("gainsay") == 10
    server.client().ltrim("gainsay", 0, 6)
    assert sending.send_again(timezone.now()) == 3
    assert server.client().llen("gainsay") == 10


def test_periodic_jobs_are_done(workers: Workers) -> None:
    workers.start(periodic={"report_nonsense": 1})
    deadline = time.monotonic() + 30
    while Job.objects.filter(state=State.DONE).count() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_that_met_a_busy_database_is_tried_again(workers: Workers, tmp_path: Path) -> None:
    arguments = {"file": str(tmp_path / "tries"), "times": 1}
    workers.start()
    job = Job.objects.enqueue("meet_a_busy_database", arguments)
    wait_for(State.DONE, job)
    assert Job.objects.get().result == "done at attempt 2"


def test_a_worker_told_to_stop_ends_its_job_first(workers: Workers, notes: Notes) -> None:
    worker = workers.start()
    first, second = notes.ask(2, seconds=1.0)
    wait_for(State.RUNNING, first)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert Job.objects.get(pk=first.pk).state == State.DONE
    assert Job.objects.get(pk=second.pk).state == State.QUEUED
    workers.start()
    wait_for(State.DONE, second)
    assert notes.lines == [0, 1]


def test_workers_outlive_a_database_that_drops_their_connections(
    workers: Workers, notes: Notes
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could drop a connection")
    workers.start(), workers.start()
    jobs = notes.ask(10, seconds=0.3)
    wait_for(State.RUNNING, jobs[0])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    wait_for(State.DONE, *jobs)
    assert set(notes.lines) == set(range(10))
