"""Judges as background work, against a real server on loopback: nothing is paid twice."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from annotate.background import enqueue
from config.models import Job
from config.work import run_job
from modeling.endpoint.request import Prices
from studies.judging.asking import Asking
from studies.judging.prompts import prompt
from studies.models import JudgeCall, Judgement, Rater, StudyVersion, Trial
from studies.services import judge_runs, judges
from studies.services.judge_plans import JudgePlan, judge_store
from studies.services.protocols import protocol_of
from tests.endpoint_server import EndpointServer, fails, late, running_endpoint, states
from tests.studies.study_cast import open_study
from tests.worker_process import start_worker

PRICES = {"OPENAI_INPUT_USD_PER_MILLION": "10", "OPENAI_OUTPUT_USD_PER_MILLION": "20"}
VERDICT = {"rationale": "A names the stem.", "better": "A", "why": "", "confidence": 0.7}
Work = Callable[[], list[Job]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        named = {"OPENAI_BASE_URL": running.url, "OPENAI_MODEL": "test-model", **PRICES}
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        running.always(states(VERDICT))
        yield running


@pytest.fixture
def version(db: None) -> StudyVersion:
    return open_study(types=("pairwise advice",), songs=4)


def ask(version: StudyVersion, kind: str = "run_judge", **plan: Any) -> Job:
    plan = {"judge": "first", "at_once": 1, **plan}
    arguments = {"version": version.pk, "plan": JudgePlan(**plan).as_arguments()}
    return Job.objects.get(key=enqueue(kind, arguments))


def done(job: Job, work: Work) -> Job:
    work()
    job.refresh_from_db()
    return job


def paid_usd(version: StudyVersion) -> float:
    lines = (judge_store(version) / "ledger.jsonl").read_text().splitlines()
    return sum(float(json.loads(line)["usd"]) for line in lines)


def test_a_judge_judges_everything_and_says_what_it_cost(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    job = done(ask(version, at_once=3), work)
    assert (job.state, job.error) == ("done", "")
    assert (job.result["judged"], job.result["left"]) == (8, 0)
    assert job.result["cost_usd"] == pytest.approx(8 * (100 * 10.0 + 20 * 20.0) / 1e6)
    assert version.raters.get(kind=Rater.Kind.JUDGE).state == Rater.State.COMPLETE


def test_pricing_sends_nothing_and_writes_no_row(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    job = done(ask(version, "price_judge", repeats=2), work)
    assert (job.state, job.error) == ("done", "")
    assert job.result["trials"] == 16
    assert 0.0 < job.result["most_usd"] < 1.0
    assert server.requests == []
    assert not version.raters.exists()
    assert not Trial.objects.exists()


def test_the_price_of_what_is_left_counts_what_was_paid_for(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    whole = done(ask(version, "price_judge"), work).result["most_usd"]
    done(ask(version), work)
    left = done(ask(version, "price_judge"), work).result
    assert (left["trials"], left["most_usd"]) == (0, 0.0)
    other = done(ask(version, "price_judge", judge="second"), work).result
    assert (other["trials"], other["cached"], other["most_usd"]) == (8, 8, 0.0)
    twice = done(ask(version, "price_judge", repeats=2), work).result
    assert twice["trials"] == 8
    assert twice["most_usd"] == pytest.approx(whole)


def test_the_same_job_run_twice_asks_nothing(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    done(ask(version), work)
    again = done(ask(version), work)
    assert (again.result["judged"], again.result["cost_usd"]) == (0, 0.0)
    assert len(server.requests) == 8


def test_a_budget_that_runs_out_half_way_fails_the_job_and_a_larger_one_goes_on(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    shows = judge_runs.Showings(version, protocol_of(version), Asking(prompt(), "text+table"))
    trials = judges.planned_trials(version, None, protocol_of(version), 1)
    prices = Prices(10.0, 20.0)
    budget_usd = max(shows.request(trial).most_usd(prices) for trial in trials) * 1.05
    job = done(ask(version, budget_usd=budget_usd), work)
    assert job.state == "failed"
    assert "budget" in job.error
    assert f"{JudgeCall.objects.count()} trials judged" in job.error
    assert 0 < JudgeCall.objects.count() < 8
    assert paid_usd(version) <= budget_usd
    assert not Trial.objects.filter(state="failed").exists()
    assert done(ask(version), work).result["left"] == 0
    assert len(server.requests) == 8


def test_a_refused_key_fails_the_job_with_a_line_without_the_key(
    version: StudyVersion,
    server: EndpointServer,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-seen")
    server.always(fails(401, "Incorrect API key provided: sk-not-to-be-seen"))
    job = done(ask(version), work)
    assert job.state == "failed"
    assert "OPENAI_API_KEY" in job.error
    assert "0 trials judged, 8 left" in job.error
    assert "sk-not" not in job.error + json.dumps(job.arguments)
    assert len(server.requests) == 1
    server.always(states(VERDICT))
    assert Job.objects.queue_again(job)
    again = done(job, work)
    assert (again.state, again.result["judged"]) == ("done", 8)


def test_a_stop_keeps_what_is_paid_for_and_going_on_pays_for_the_rest_alone(
    version: StudyVersion, server: EndpointServer, work: Work
) -> None:
    job = ask(version)

    def stops(handler: Any) -> None:
        server.asked_to_stop = True  # type: ignore[attr-defined]
        states(VERDICT)(handler)

    server.will(states(VERDICT), states(VERDICT), stops)
    server.asked_to_stop = False  # type: ignore[attr-defined]
    say = judge_runs.run

    def run(*args: Any, report: judge_runs.Report, **more: Any) -> judge_runs.Outcome:
        def told(done: int, total: int) -> None:
            if server.asked_to_stop:  # type: ignore[attr-defined]
                Job.objects.ask_to_stop(job, timezone.now())
            report(done, total)

        return say(*args, report=told, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_runs, "run", run)
        done(job, work)
    assert job.state == "stopped"
    assert (job.result["judged"], job.result["left"]) == (3, 5)
    assert Judgement.objects.filter(question="better").count() == 3
    assert Job.objects.queue_again(job)
    again = done(job, work)
    assert (again.state, again.result["judged"], again.result["left"]) == ("done", 5, 0)
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"given": "text+table+audio"}, "OPENAI_TAKES_AUDIO"),
        ({"prompt": "no-such"}, "no prompt 'no-such'"),
    ],
)
def test_what_cannot_begin_says_why_in_one_line(
    version: StudyVersion, server: EndpointServer, work: Work, plan: dict[str, Any], told: str
) -> None:
    for kind in ("price_judge", "run_judge"):
        job = done(ask(version, kind, **plan), work)
        assert job.state == "failed"
        assert told in job.error
        assert "\n" not in job.error
    assert server.requests == []


def test_without_an_endpoint_the_job_says_what_to_set(
    version: StudyVersion, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    job = done(ask(version), work)
    assert "set OPENAI_API_KEY or OPENAI_BASE_URL" in job.error
    rubric = done(ask(version, judge="rubric"), work)
    assert (rubric.state, rubric.result["judged"]) == ("done", 8)
    assert "knows the answer" in rubric.result["label"]


@pytest.mark.django_db(transaction=True)
def test_the_run_of_a_killed_worker_goes_on_and_pays_for_no_answer_twice(
    server: EndpointServer, settings: Settings, transactional_db: None
) -> None:
    version = open_study(types=("pairwise advice",), songs=4)
    server.always(late(0.3, states(VERDICT)))
    job = ask(version, at_once=2)
    worker = start_worker(settings)
    try:
        deadline = time.monotonic() + 60
        while JudgeCall.objects.count() < 3:
            assert worker.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        worker.kill()
        worker.wait()
    answered = set(Trial.objects.filter(state="answered").values_list("pk", flat=True))
    assert 3 <= len(answered) < 8
    again = Job.objects.take_next(worker="w", now=timezone.now() + timedelta(seconds=61))
    assert again is not None
    ended = run_job(again.pk)
    assert (ended.pk, ended.state, ended.error) == (job.pk, "done", "")
    assert Judgement.objects.filter(question="better").count() == 8
    asked = Counter(json.dumps(request, sort_keys=True) for request in server.requests)
    assert len(asked) == 8
    # Only what was under way when the worker died is asked again.
    assert sum(asked.values()) - 8 <= 2
