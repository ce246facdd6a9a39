"""A judge against a real server on loopback that answers well and badly."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from modeling.endpoint.client import Clocks, Endpoint
from modeling.endpoint.request import Connection, Prices
from studies.judging.asking import Asking
from studies.judging.prompts import prompt
from studies.models import JudgeCall, Judgement, Rater, StudyVersion, Trial
from studies.services import judge_runs, judges
from studies.services.judge_plans import judge_store
from studies.services.protocols import protocol_of
from tests.endpoint_server import (
    EndpointServer,
    completion,
    drops,
    fails,
    partly,
    refuses,
    running_endpoint,
    says,
    states,
)
from tests.studies.study_cast import BLOCK_TYPES, SYSTEMS, open_study, rater_with_list

pytestmark = pytest.mark.django_db

PRICES = Prices(10.0, 20.0)
VERDICT = {"rationale": "A names the stem.", "better": "A", "why": "", "confidence": 0.7}
JUDGE = judges.Judge(
    name="first",
    model="test-model",
    family="test-model",
    given="text+table",
    prompt=prompt().name,
    prompt_hash=prompt().sha256,
    endpoint="http://127.0.0.1/v1",
)


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with running_endpoint() as running:
        yield running


@pytest.fixture
def version() -> StudyVersion:
    return open_study(types=("pairwise advice",), songs=4)


def _run(
    version: StudyVersion,
    server: EndpointServer,
    *,
    budget_usd: float = 5.0,
    repeats: int = 1,
    at_once: int = 2,
    clock: Callable[[], Any] = timezone.now,
) -> judge_runs.Outcome:
    asking = Asking(prompt(), "text+table")
    connection = Connection(server.url, "test-model", PRICES)
    spec = protocol_of(version)
    rater = judges.judge_rater(version, JUDGE, timezone.now())
    trials = judges.trials_of(rater, spec, repeats)
    with Endpoint(
        connection,
        judge_store(version),
        budget_usd,
        np.random.default_rng(0),
        at_once=at_once,
        clocks=Clocks(sleep=lambda _: None),
    ) as endpoint:
        return judge_runs.run(
            rater,
            trials,
            judge_runs.Showings(version, spec, asking),
            endpoint,
            at_once=at_once,
            clock=clock,
            report=lambda done, total: None,
            repair=lambda reason: prompt().text("repair", reason=reason),
        )


def _environment(monkeypatch: pytest.MonkeyPatch, server: EndpointServer) -> None:
    values = {
        "OPENAI_BASE_URL": server.url,
        "OPENAI_MODEL": "test-model",
        "OPENAI_INPUT_USD_PER_MILLION": "10",
        "OPENAI_OUTPUT_USD_PER_MILLION": "20",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_every_comparison_is_judged_in_both_orders(
    version: StudyVersion, server: EndpointServer
) -> None:
    server.always(states(VERDICT))
    outcome = _run(version, server)
    trials = Trial.objects.filter(rater__kind=Rater.Kind.JUDGE)
    assert (outcome.judged, outcome.failed, outcome.left) == (8, 0, 0)
    assert Counter(trials.values_list("order", flat=True)) == {1: 4, 2: 4}
    sides = [(trial.item_id, tuple(trial.sides)) for trial in trials]
    assert {(item, both[::-1]) for item, both in sides} == set(sides)
    assert Judgement.objects.filter(question="better", value="A", confidence=0.7).count() == 8


def test_judges_share_the_items_that_people_see(
    version: StudyVersion, server: EndpointServer
) -> None:
    server.always(states(VERDICT))
    _run(version, server)
    people = {
        (trial.item_id, tuple(trial.sides))
        for _ in range(6)
        for trial in rater_with_list(version).trials.filter(kind="main")
    }
    judged = {
        (trial.item_id, tuple(trial.sides))
        for trial in Trial.objects.filter(rater__kind=Rater.Kind.JUDGE)
    }
    assert people
    assert people <= judged


def test_nothing_that_is_sent_names_a_system_or_the_answer_or_what_people_said(
    version: StudyVersion, server: EndpointServer
) -> None:
    rater = rater_with_list(version)
    trial = rater.trials.filter(kind="main").first()
    assert trial is not None
    told = "what a listener wrote about it"
    Judgement.objects.create(trial=trial, question="why", value=told, submitted_at=timezone.now())
    server.always(states(VERDICT))
    _run(version, server)
    sent = json.dumps(server.requests)
    for word in [*SYSTEMS, "error_db", "reference", told, version.study.key]:
        assert word not in sent


def test_every_trial_ends_judged_once_or_failed_with_the_reason(
    version: StudyVersion, server: EndpointServer
) -> None:
    text = json.dumps(completion(json.dumps(VERDICT)))
    server.will(
        fails(500),
        drops,
        fails(429, retry_after="1"),
        says("A"),
        says("Still A."),
        refuses("I would rather not"),
        states({**VERDICT, "better": "C"}),
        states(VERDICT),
        partly(text, 20),
        states({"verdict": "A"}),
        states({"verdict": "A"}),
    )
    server.always(states(VERDICT))
    outcome = _run(version, server, at_once=1)
    trials = Trial.objects.filter(rater__kind=Rater.Kind.JUDGE)
    assert outcome.judged + outcome.failed == trials.count() == 8
    assert outcome.failed == 3
    for trial in trials:
        answers = trial.judgements.filter(question="better").count()
        assert answers == (1 if trial.state == Trial.State.ANSWERED else 0)
        assert bool(trial.failure) == (trial.state == Trial.State.FAILED)
    failures = " ".join(trials.values_list("failure", flat=True))
    assert "refuses to answer (I would rather not)" in failures
    assert "no JSON" in failures


def test_a_refusal_is_not_argued_with(version: StudyVersion, server: EndpointServer) -> None:
    server.always(refuses("no"))
    outcome = _run(version, server)
    assert outcome.failed == 8
    assert len(server.requests) == 8


def test_a_run_that_was_killed_goes_on_and_pays_nothing_twice(
    version: StudyVersion, server: EndpointServer
) -> None:
    server.always(states(VERDICT))
    left = iter([timezone.now()] * 3)

    def dies() -> Any:
        return next(left)

    with pytest.raises(StopIteration):
        _run(version, server, clock=dies, at_once=1)
    assert JudgeCall.objects.count() == 3
    outcome = _run(version, server)
    assert (outcome.judged, outcome.left) == (5, 0)
    assert len(server.requests) == 8
    assert Judgement.objects.filter(question="better").count() == 8


def test_a_second_run_asks_nothing(version: StudyVersion, server: EndpointServer) -> None:
    server.always(states(VERDICT))
    _run(version, server)
    outcome = _run(version, server)
    assert (outcome.judged, outcome.left, outcome.cost_usd) == (0, 0, 0.0)
    assert len(server.requests) == 8


def test_repeats_are_asked_anew_by_the_same_rater(
    version: StudyVersion, server: EndpointServer
) -> None:
    server.always(states(VERDICT))
    _run(version, server, repeats=2)
    assert len(server.requests) == 16
    assert version.raters.filter(kind=Rater.Kind.JUDGE).count() == 1
    repeats = Trial.objects.filter(kind=Trial.Kind.REPEAT)
    assert repeats.count() == 8
    assert all(trial.repeat_of and trial.repeat_of.sides == trial.sides for trial in repeats)


def test_a_budget_that_runs_out_leaves_the_rest_open(
    version: StudyVersion, server: EndpointServer
) -> None:
    server.always(states(VERDICT))
    shows = judge_runs.Showings(version, protocol_of(version), Asking(prompt(), "text+table"))
    rater = judges.judge_rater(version, JUDGE, timezone.now())
    trials = judges.trials_of(rater, protocol_of(version), 1)
    most_usd = max(shows.request(trial).most_usd(PRICES) for trial in trials)
    outcome = _run(version, server, budget_usd=most_usd * 1.05, at_once=1)
    assert 0 < outcome.judged < 8
    assert outcome.left == 8 - outcome.judged
    assert "budget" in outcome.stopped
    assert not Trial.objects.filter(state=Trial.State.FAILED).exists()
    assert _run(version, server).left == 0


def test_a_refused_key_ends_the_run_at_once(version: StudyVersion, server: EndpointServer) -> None:
    server.always(fails(401))
    outcome = _run(version, server, at_once=1)
    assert (outcome.judged, outcome.failed, outcome.left) == (0, 0, 8)
    assert "OPENAI_API_KEY" in outcome.stopped
    assert len(server.requests) == 1


def test_the_exchange_is_kept_with_its_cost(version: StudyVersion, server: EndpointServer) -> None:
    server.always(states(VERDICT))
    _run(version, server)
    call = JudgeCall.objects.first()
    assert call is not None
    assert call.cost_usd == pytest.approx((100 * 10.0 + 20 * 20.0) / 1e6)
    assert json.loads(call.raw) == VERDICT
    assert call.request["messages"][0]["role"] == "system"
    assert call.rationale == "A names the stem."


def test_a_name_belongs_to_one_judge(version: StudyVersion) -> None:
    judges.judge_rater(version, JUDGE, timezone.now())
    other = judges.Judge(**{**JUDGE.about(), "model": "another"})
    with pytest.raises(judges.JudgeError, match="'test-model', not 'another'"):
        judges.judge_rater(version, other, timezone.now())


def test_a_dry_run_prices_and_leaves_no_trace(
    version: StudyVersion,
    server: EndpointServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _environment(monkeypatch, server)
    call_command("run_judge", version.study.key, "--judge", "first", "--dry-run", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == 8
    assert 0.0 < told["most_usd"] < 1.0
    assert server.requests == []
    assert not version.raters.filter(kind=Rater.Kind.JUDGE).exists()


def test_the_command_judges_and_records_the_factors(
    version: StudyVersion,
    server: EndpointServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _environment(monkeypatch, server)
    server.always(states(VERDICT))
    options = ["--given", "text", "--panel", "three", "--json"]
    call_command("run_judge", version.study.key, "--judge", "first", *options)
    told = json.loads(capsys.readouterr().out)
    assert (told["judged"], told["failed"], told["left"]) == (8, 0, 0)
    rater = version.raters.get(kind=Rater.Kind.JUDGE)
    assert rater.state == Rater.State.COMPLETE
    expected = {"given": "text", "panel": "three", "prompt_hash": prompt().sha256}
    assert rater.about.items() >= expected.items()


def test_without_an_endpoint_one_line_says_so(
    version: StudyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError, match="OPENAI_API_KEY"):
        call_command("run_judge", version.study.key, "--judge", "first")


@pytest.mark.parametrize("type_", BLOCK_TYPES)
def test_the_rubric_rater_judges_every_type_and_says_that_it_knows_the_answer(type_: str) -> None:
    order = {"participants": 10, "trials_per_person": 3, "overlap": 1, "repeats": 0}
    version = open_study(types=(type_,), songs=4, order=order)
    call_command("run_judge", version.study.key, "--judge", "rubric")
    rater = version.raters.get(kind=Rater.Kind.RUBRIC)
    assert "knows the answer" in rater.about["label"]
    assert rater.trials.count() == rater.trials.filter(state=Trial.State.ANSWERED).count() > 0


def test_a_judge_of_words_alone_cannot_judge_mixes(
    server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = open_study(types=("multi-stimulus",), songs=4)
    _environment(monkeypatch, server)
    with pytest.raises(CommandError, match="give it the table"):
        call_command("run_judge", version.study.key, "--judge", "first", "--given", "text")
    assert server.requests == []
