"""Withdrawing: what is personal goes, what was chosen stays without a name, and the audit line
tells that it happened."""

import pytest

from studies.models import (
    Answer,
    AuditLine,
    Judgement,
    PersonalData,
    StudyVersion,
    Trial,
    TrialEvents,
    TrialList,
)
from studies.services import freezing
from tests.annotate.conftest import NOW
from tests.studies.study_cast import open_study
from tests.studies.walking import Participant, arrived, batch, submission


@pytest.fixture
def version(db: None) -> StudyVersion:
    return open_study()


def withdraw(person: Participant) -> None:
    person.post(person.at("withdraw"), {"sure": "on"})


def test_withdrawing_takes_a_confirmation(version: StudyVersion) -> None:
    person = arrived(version)
    assert person.get(person.at("withdraw")).status_code == 200
    assert person.post(person.at("withdraw")).status_code == 400
    assert person.rater.state == "active"


def test_personal_data_words_and_notes_are_deleted_and_numbers_stay(version: StudyVersion) -> None:
    person = arrived(version)
    trial = person.trial()
    person.answer(trial, values={"better": "A", "why": "as I told my wife Ada"})
    second = person.trial()
    draft = {"better": "B", "why": "a draft about Ada"}
    person.save(second, batch(second, draft=draft))
    person.answer(second, values={}, no_answer_reason="Ada came in")
    withdraw(person)
    assert not PersonalData.objects.exists()
    assert not TrialEvents.objects.exists()
    assert list(Judgement.objects.values_list("question", "value")) == [("better", "A")]
    assert Answer.objects.count() == 2
    stored = [
        *Trial.objects.values_list("draft", "failure"), *AuditLine.objects.values_list("detail")
    ]  # fmt: skip
    assert "Ada" not in str(stored)


def test_the_audit_line_tells_who_by_number_and_when(version: StudyVersion) -> None:
    person = arrived(version)
    withdraw(person)
    line = AuditLine.objects.get(act="withdrawal")
    assert line.detail == {"rater": "r001", "was": "active"}
    assert line.version_number == 1


def test_the_whole_list_goes_to_somebody_else_also_after_completing(version: StudyVersion) -> None:
    for step in ("t", "done"):
        person = arrived(version, step)
        number = person.rater.list_number
        withdraw(person)
        assert not TrialList.objects.filter(number=number, is_filled=True).exists()
        assert TrialList.objects.get(number=number).rater is None


def test_the_link_says_so_from_then_on_and_takes_nothing_more(version: StudyVersion) -> None:
    person = arrived(version)
    trial = person.trial()
    withdraw(person)
    assert "You have withdrawn" in person.get(person.where()).text
    for address in (person.at("trials"), person.at("done"), person.at("consent")):
        assert person.get(address).url == person.at("withdraw")
    for body in (batch(trial), batch(trial, 2, submit=submission(trial))):
        assert person.save(trial, body).status_code == 409
    assert person.get(trial["sounds"]["problem"]).status_code == 404
    assert not TrialEvents.objects.exists()


def test_withdrawing_twice_is_withdrawing_once(version: StudyVersion) -> None:
    person = arrived(version)
    withdraw(person)
    withdraw(person)
    assert AuditLine.objects.filter(act="withdrawal").count() == 1


def test_one_may_withdraw_after_the_study_is_closed(version: StudyVersion) -> None:
    person = arrived(version)
    freezing.close(version, None, NOW)
    withdraw(person)
    assert person.rater.state == "withdrawn"
    assert not PersonalData.objects.exists()
