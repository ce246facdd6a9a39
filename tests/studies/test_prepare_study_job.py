"""What the builder's button asks the worker for: the same as the command, told as it goes."""

from typing import Any

import pytest
from django.apps import apps

from annotate.background import enqueue
from config.work import run_job
from studies.models import Stimulus, StudyVersion
from studies.services import study_advice
from tests.annotate.conftest import NOW
from tests.studies.study_cast import freeze, make_study, open_study, rules_speak

pytestmark = pytest.mark.django_db


def work(version: StudyVersion) -> Any:
    jobs: Any = apps.get_model("config", "Job").objects
    enqueue("prepare_study", {"version": version.pk})
    with rules_speak():
        return run_job(jobs.take_next(worker="test", now=NOW).pk)


def test_a_draft_is_prepared_and_can_then_be_frozen() -> None:
    version = make_study(types=("rated advice",)).latest
    job = work(version)
    assert (job.state, job.error) == ("done", "")
    assert job.result["asked"] + job.result["known"] == 18
    assert job.result["problems"] == []
    assert freeze(version).state == "open"


def test_what_is_missing_is_in_the_result() -> None:
    version = make_study(
        order={"participants": 1, "trials_per_person": 2, "overlap": 2, "repeats": 0}
    ).latest
    assert "overlap 2" in work(version).result["problems"][0]


def test_running_it_twice_is_idempotent() -> None:
    version = make_study(types=("rated advice",)).latest
    work(version)
    before = list(version.items.values_list("pk", flat=True))
    again = work(version).result
    assert (again["asked"], again["rendered"]) == (0, 0)
    assert list(version.items.values_list("pk", flat=True)) == before


def test_a_frozen_version_is_refused_with_one_line() -> None:
    version = open_study()
    job = work(version)
    assert (job.state, "is frozen" in job.error) == ("failed", True)


def test_stopped_half_way_it_keeps_what_was_said_and_goes_on(monkeypatch: Any) -> None:
    version = make_study(types=("rated advice",)).latest
    jobs: Any = apps.get_model("config", "Job").objects
    key = enqueue("prepare_study", {"version": version.pk})
    said = study_advice._advise_on
    asked = []

    def stops_after_the_second(item: Any, *more: Any) -> None:
        said(item, *more)
        asked.append(item.number)
        if len(asked) == 2:
            jobs.ask_to_stop(jobs.get(key=key), NOW)

    monkeypatch.setattr(study_advice, "_advise_on", stops_after_the_second)
    with rules_speak():
        stopped = run_job(jobs.take_next(worker="test", now=NOW).pk)
        assert (stopped.state, len(asked)) == ("stopped", 2)
        on_two = version.items.filter(number__in=asked).values("pk")
        advised = Stimulus.objects.filter(item__version=version, advice__isnull=False)
        assert set(advised.values_list("item", flat=True)) == {row["pk"] for row in on_two}
        assert not Stimulus.objects.filter(rendering__isnull=False).exists()
        n_said = advised.count()
        assert jobs.queue_again(jobs.get(key=key))
        again = run_job(jobs.take_next(worker="test", now=NOW).pk)
    assert (again.state, again.result["problems"]) == ("done", [])
    assert again.result["known"] >= n_said
    assert freeze(version).state == "open"
