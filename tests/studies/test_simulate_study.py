"""Simulated raters walk the real HTTP interface, and what was confirmed to them is stored once."""

import json
from collections.abc import Iterable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.live_server_helper import LiveServer

from studies.models import AuditLine, Judgement, Rater, StudyVersion, Trial
from studies.services import freezing
from studies.services.simulating import walk_all, walkers
from studies.simulation.manners import KNOWN, MANNERS, MannerName
from studies.simulation.walker import Walk
from tests.annotate.conftest import NOW
from tests.studies.study_cast import BLOCK_TYPES, open_study, rater_with_list

pytestmark = pytest.mark.django_db(transaction=True)

ALL_GATES = {
    "questionnaire": ["mixing_years", "gear", "age_band", "hearing"],
    "volume": True,
    "headphones": {"check": "huggins", "policy": "exclude"},
    "training": {"trials": 1},
    "attention": {"trials": 1, "required": 1},
    "listening": {"seconds": 2, "policy": "record"},
}


def _walk(
    version: StudyVersion,
    server: LiveServer,
    participants: int = 4,
    manner: MannerName = "good",
    seed: int = 3,
) -> list[Walk]:
    people = walkers(
        version.study, server.url, participants=participants, seed=seed, shares={manner: 1.0}
    )
    return list(walk_all(people, at_once=2, report=lambda _: None))


def _stored(walks: Iterable[Walk]) -> None:
    """Everything that was confirmed is stored, once, as it was sent."""
    for walk in walks:
        for name, values in walk.acknowledged.items():
            key, _, phase = name.partition(":")
            rows = Judgement.objects.filter(trial__key=key, phase=phase)
            stored = {row.question: row.value for row in rows}
            assert len(rows) == len(stored)
            assert stored == {name: value for name, value in values.items() if value != ""}


@pytest.mark.parametrize("type_", BLOCK_TYPES)
def test_every_type_of_trial_is_walked_to_the_end(live_server: LiveServer, type_: str) -> None:
    version = open_study(types=(type_,))
    walks = _walk(version, live_server, 2)
    assert [walk.outcome for walk in walks] == ["complete", "complete"]
    _stored(walks)


def test_they_are_marked_as_simulated_for_ever(live_server: LiveServer) -> None:
    version = open_study()
    _walk(version, live_server, 2)
    assert {rater.kind for rater in version.raters.all()} == {Rater.Kind.SIMULATED}
    assert {rater.about["manner"] for rater in version.raters.all()} == {"good"}


def test_all_gates_are_passed_by_who_attends_and_not_by_the_careless(
    live_server: LiveServer,
) -> None:
    version = open_study(gates=ALL_GATES)
    assert {walk.outcome for walk in _walk(version, live_server, 2)} == {"complete"}
    careless = _walk(version, live_server, 3, manner="careless")
    assert "ended early" in {walk.outcome for walk in careless}
    assert version.raters.filter(state=Rater.State.SCREENED_OUT).exists()


def test_phases_before_and_after_hearing_are_both_answered(live_server: LiveServer) -> None:
    from tests.studies.study_cast import block_data

    block = block_data("pairwise advice", hear_after="after the answers")
    version = open_study(blocks=[block])
    walks = _walk(version, live_server, 1)
    assert walks[0].outcome == "complete"
    assert {name.partition(":")[2] for name in walks[0].acknowledged} == {"before", "after"}
    _stored(walks)


def test_who_drops_out_leaves_what_was_answered(live_server: LiveServer) -> None:
    version = open_study()
    walks = _walk(version, live_server, 6, manner="drop-out", seed=1)
    dropped = [walk for walk in walks if walk.outcome == "dropped"]
    assert dropped
    _stored(walks)
    assert version.raters.filter(state=Rater.State.ACTIVE).count() == len(dropped)


def test_more_people_than_lists_are_told_that_the_study_is_full(live_server: LiveServer) -> None:
    version = open_study()
    places = version.lists.count()
    walks = _walk(version, live_server, places + 2)
    outcomes = [walk.outcome for walk in walks]
    assert outcomes.count("complete") == places
    assert version.lists.filter(is_filled=True).count() == places
    counted = Trial.objects.filter(rater__version=version, kind="main", state="answered").count()
    assert counted == sum(
        sum(trial["kind"] == "main" for trial in one.trials) for one in version.lists.all()
    )


def test_a_manner_shows_in_the_answers(live_server: LiveServer) -> None:
    version = open_study()
    _walk(version, live_server, 6, manner="position-biased")
    values = list(
        Judgement.objects.filter(question="better", trial__kind="main").values_list(
            "value", flat=True
        )
    )
    assert values.count("A") > 2 * values.count("B")


def test_the_same_seed_sends_the_same_people(live_server: LiveServer) -> None:
    study = open_study().study
    first = walkers(study, live_server.url, participants=20, seed=5)
    again = walkers(study, live_server.url, participants=20, seed=5)
    assert [one.manner for one in first] == [one.manner for one in again]
    assert {one.manner.name for one in first} <= set(MANNERS) == set(KNOWN)


def test_the_command_tells_how_far_they_came(
    live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    version = open_study()
    options = ["--participants", "3", "--seed", "2", "--manner", "good", "--json"]
    call_command("simulate_study", version.study.key, *options, "--http", live_server.url)
    told = json.loads(capsys.readouterr().out)
    assert told["outcomes"] == {"complete": 3}
    assert told["answers"] > 0
    assert AuditLine.objects.filter(study=version.study, act="simulated").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--participants", "0"], "--participants 0"),
        (["--participants", "1", "--concurrency", "0"], "--concurrency 0"),
        (["--participants", "1", "--think", "-1"], "--think -1.0"),
    ],
)
def test_numbers_that_do_not_fit_are_named(options: list[str], told: str) -> None:
    version = open_study()
    with pytest.raises(CommandError, match=told):
        call_command("simulate_study", version.study.key, *options)


def test_simulated_raters_take_no_place_of_people(live_server: LiveServer) -> None:
    version = open_study()
    rater_with_list(version)
    options = ["--participants", "1", "--http", live_server.url]
    with pytest.raises(CommandError, match="take their places"):
        call_command("simulate_study", version.study.key, *options)
    call_command("simulate_study", version.study.key, *options, "--pilot", "--manner", "good")
    assert version.lists.filter(rater__isnull=False).count() == 1


def test_a_study_that_is_not_open_is_not_taken() -> None:
    version = open_study()
    freezing.close(version, version.study.owner, NOW)
    with pytest.raises(CommandError, match="closed"):
        call_command("simulate_study", version.study.key, "--participants", "1")
