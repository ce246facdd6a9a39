"""The end of the trials: attention checks, completing, and whole lists that are never in excess."""

from typing import Any

import pytest

from studies.models import StudyVersion, TrialList
from studies.protocol.attention import is_right
from tests.studies.study_cast import open_study
from tests.studies.walking import Participant, arrived

CROWD = {"complete_code": "DONE-1", "attention_failed_code": "FAILED-3"}


def attentive(policy: str, *, end_early: bool = False, trials: int = 2, required: int = 1) -> Any:
    gates = {
        "questionnaire": [],
        "volume": False,
        "headphones": {"check": "none"},
        "training": {"trials": 0},
        "attention": {
            "trials": trials, "required": required, "policy": policy, "end_early": end_early
        },
        "listening": {"seconds": 0, "policy": "record"},
    }  # fmt: skip
    order = {"participants": 6, "trials_per_person": 3, "overlap": 1, "repeats": 0}
    return open_study(gates=gates, order=order, crowd=CROWD)


def answer_due(person: Participant, *, rightly: bool) -> str:
    """Answer the due trial, and an attention check rightly or wrongly; its kind."""
    trial = person.trial()
    row = person.rater.trials.select_related("item").get(key=trial["key"])
    if row.kind != "attention":
        person.answer(trial)
        return str(row.kind)
    numbers = {one.pk: one.number for one in row.item.stimuli.all()}
    sides = [numbers[pk] for pk in row.sides]
    letter = next(
        letter
        for letter in trial["letters"]
        if is_right(row.item.answer, sides, {"better": letter}) is rightly
    )
    person.answer(trial, values={"better": letter})
    return "attention"


def walk(version: StudyVersion, *, rightly: bool) -> Participant:
    person = arrived(version)
    while person.step == "t":
        answer_due(person, rightly=rightly)
    return person


def test_checks_answered_rightly_pass_and_the_study_is_complete(db: None) -> None:
    person = walk(attentive("exclude"), rightly=True)
    gate = person.rater.steps.get(step="attention")
    assert (gate.passed, gate.detail) == (True, {"right": 2, "of": 2})
    assert person.rater.state == "complete"


@pytest.mark.parametrize("policy", ["record", "warn"])
def test_failed_checks_that_are_only_recorded_end_nothing(db: None, policy: str) -> None:
    person = walk(attentive(policy, end_early=True), rightly=False)
    gate = person.rater.steps.get(step="attention")
    assert (gate.passed, gate.policy, gate.detail) == (False, policy, {"right": 0, "of": 2})
    assert person.rater.state == "complete"


def test_failed_checks_that_exclude_give_the_list_back_and_another_code(db: None) -> None:
    person = walk(attentive("exclude"), rightly=False)
    assert person.rater.state == "attention failed"
    assert "FAILED-3" in person.get(person.at("done")).text
    assert not TrialList.objects.exclude(rater=None).exists()
    assert person.rater.trials.filter(state="answered").count() == 5


def test_the_way_ends_early_as_soon_as_the_required_checks_are_out_of_reach(db: None) -> None:
    version = attentive("exclude", end_early=True, required=2)
    person = arrived(version)
    while answer_due(person, rightly=False) != "attention":
        pass
    assert person.step == "done"
    assert person.rater.state == "attention failed"
    assert person.rater.trials.filter(state="open").exists()


def test_one_failed_check_of_two_does_not_end_what_needs_one(db: None) -> None:
    person = arrived(attentive("exclude", end_early=True, required=1))
    while answer_due(person, rightly=False) != "attention":
        pass
    while person.step == "t":
        answer_due(person, rightly=True)
    assert person.rater.state == "complete"


def test_more_checks_required_than_there_are_asks_for_all_of_them(db: None) -> None:
    person = walk(attentive("exclude", trials=1, required=5), rightly=True)
    assert person.rater.state == "complete"


def test_the_last_answer_fills_the_list_before_any_page_says_so(db: None) -> None:
    person = walk(attentive("record"), rightly=True)
    own = TrialList.objects.get(rater=person.rater)
    assert (own.is_filled, own.completed) == (True, 1)
    assert person.rater.finished_at is not None


def test_lists_are_filled_once_each_and_a_given_back_one_again(db: None) -> None:
    version = attentive("exclude")
    failed = walk(version, rightly=False)
    people = [walk(version, rightly=True) for _ in range(6)]
    assert [one.rater.state for one in people] == ["complete"] * 6
    assert {one.rater.list_number for one in people} == set(range(1, 7))
    assert failed.rater.list_number in range(1, 7)
    assert set(TrialList.objects.values_list("is_filled", "completed")) == {(True, 1)}
    assert Participant().join(version).status_code == 409
