"""Jobs that are stopped, and failed or stopped ones that are asked for again."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from annotate.background import JobStoppedError
from config.models import MAX_ATTEMPTS, Job
from config.work import run_job, say
from tests.config.job_functions import KINDS

State = Job.State


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.JOB_KINDS = KINDS
    settings.JOB_PERIODIC_S = {}
    settings.JOB_NOT_RETRIED = {"fail"}


@pytest.fixture
def counting(tmp_path: Path) -> Callable[..., Job]:
    def ask(to: int, every_s: float = 0.0) -> Job:
        arguments = {"file": str(tmp_path / "number"), "to": to, "every_s": every_s}
        return Job.objects.enqueue("count", arguments)

    return ask


def take() -> Job:
    job = Job.objects.take_next(worker="w", now=timezone.now())
    assert job is not None
    return job


def stop(job: Job) -> bool:
    return Job.objects.ask_to_stop(job, timezone.now())


@pytest.mark.django_db
def test_a_waiting_job_is_stopped_before_it_begins(counting: Callable[..., Job]) -> None:
    job = counting(3)
    assert stop(job)
    call_command("work", once=True)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.is_over) == (State.STOPPED, 0, True)
    assert job.finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_running_job_stops_at_its_next_word_and_goes_on_from_there(
    counting: Callable[..., Job], tmp_path: Path
) -> None:
    job = counting(10_000, every_s=0.01)

    def stop_when_at_three() -> None:
        while Job.objects.get(pk=job.pk).message != "3":
            time.sleep(0.002)
        stop(job)
        connection.close()

    stopper = threading.Thread(target=stop_when_at_three)
    stopper.start()
    ended = run_job(take().pk)
    stopper.join()
    job.refresh_from_db()
    counted = int((tmp_path / "number").read_text())
    assert ended.state == job.state == State.STOPPED
    assert job.result == {"counted": counted}
    assert 4 <= counted < 10_000
    assert job.progress < 1.0
    assert job.error == ""

    Job.objects.filter(pk=job.pk).update(arguments={**job.arguments, "to": counted + 2})
    job.refresh_from_db()
    assert Job.objects.queue_again(job)
    again = run_job(take().pk)
    assert (again.pk, again.state, again.result) == (job.pk, State.DONE, counted + 2)


@pytest.mark.django_db
def test_a_job_whose_worker_died_while_it_should_stop_is_stopped(
    counting: Callable[..., Job], tmp_path: Path
) -> None:
    counting(3)
    stop(take())
    again = Job.objects.take_next(worker="x", now=timezone.now() + timedelta(minutes=2))
    assert again is not None
    assert run_job(again.pk).state == State.STOPPED
    assert not (tmp_path / "number").exists()


@pytest.mark.django_db
def test_what_is_over_is_neither_stopped_nor_asked_for_again(
    counting: Callable[..., Job],
) -> None:
    job = counting(1)
    call_command("work", once=True)
    job.refresh_from_db()
    assert job.state == State.DONE
    assert not stop(job)
    assert not Job.objects.queue_again(job)


@pytest.mark.django_db
def test_a_failed_job_is_done_once_its_reason_is_gone(counting: Callable[..., Job]) -> None:
    job = counting(2)
    Job.objects.update(arguments={"file": "/no/such/folder/number", "to": 2})
    call_command("work", once=True)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "/no/such/folder" in job.error
    assert Job.objects.queue_again(job)
    assert not Job.objects.queue_again(job)  # a second press of the button
    Job.objects.update(arguments=job.arguments | {"to": 0})
    call_command("work", once=True)
    job.refresh_from_db()
    assert (job.state, job.error, job.result, job.attempts) == (State.DONE, "", 0, 2)


@pytest.mark.django_db
def test_a_kind_whose_input_is_gone_is_not_asked_for_again() -> None:
    job = Job.objects.enqueue("fail", {})
    call_command("work", once=True)
    job.refresh_from_db()
    assert not job.can_be_retried
    assert not Job.objects.queue_again(job)
    stopped = Job.objects.enqueue("fail", {})
    stop(stopped)
    stopped.refresh_from_db()
    assert stopped.can_be_retried


@pytest.mark.django_db
def test_a_job_that_was_given_up_gets_all_its_attempts_again(
    counting: Callable[..., Job],
) -> None:
    counting(1)
    at = timezone.now()
    for _ in range(MAX_ATTEMPTS + 1):
        at += timedelta(minutes=2)
        job = Job.objects.take_next(worker="dies", now=at)
        assert job is not None
    assert run_job(job.pk).state == State.FAILED
    job.refresh_from_db()
    assert Job.objects.queue_again(job)
    again = Job.objects.take_next(worker="lives", now=at)
    assert again is not None
    assert run_job(again.pk).state == State.DONE


@pytest.mark.django_db
def test_a_worker_thought_dead_stops_when_another_has_taken_over(
    counting: Callable[..., Job],
) -> None:
    counting(3)
    late = take()
    at = timezone.now() + timedelta(minutes=2)
    other = Job.objects.take_next(worker="other", now=at)
    assert other is not None
    with pytest.raises(JobStoppedError):
        say(late, 0.5, "late")
    assert Job.objects.get(pk=late.pk).message == ""
