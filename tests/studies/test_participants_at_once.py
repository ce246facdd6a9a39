"""What is sent at the same instant: answers once each, people once each, lists never in excess; on
SQLite and on PostgreSQL."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from studies.models import Answer, Judgement, Rater, StudyVersion, TrialList
from tests.studies.study_cast import open_study
from tests.studies.walking import Participant, batch, submission

CROWD = {"platform": "prolific"}
AT_ONCE = 8


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each gives when all begin at one instant, each on a connection of its own."""
    together = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        together.wait()
        try:
            results[place] = work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def version(transactional_db: None) -> StudyVersion:
    return open_study(crowd=CROWD)


def come(version: StudyVersion, who: str, step: str) -> Participant:
    person = Participant()
    person.join(version, f"?PROLIFIC_PID={who}")
    if person.home:
        person.go_to(step)
    return person


def test_a_submit_sent_many_times_at_one_instant_is_one_answer_idempotent(
    version: StudyVersion,
) -> None:
    person = come(version, "anna", "t")
    trial = person.trial()
    sent = batch(trial, submit=submission(trial))
    answered = at_once(
        [lambda: Participant(home=person.home).save(trial, sent) for _ in range(AT_ONCE)]
    )
    assert {one.status_code for one in answered} == {200}
    assert len({str(one.json()["submitted"]) for one in answered}) == 1
    assert (Answer.objects.count(), Judgement.objects.count()) == (1, 1)


def test_a_double_click_in_two_tabs_loses_neither_answer(version: StudyVersion) -> None:
    person = come(version, "anna", "t")
    person.answer(person.trial())
    trial = person.trial()
    works = [
        lambda n=n: Participant(home=person.home).save(
            trial,
            batch(trial, client=f"client-{n}", submit=submission(trial, f"key-of-tab-{n}")),
        )
        for n in range(4)
    ]
    answered = at_once(works)
    revisions = sorted(one.json()["submitted"]["revision"] for one in answered)
    assert revisions == [1, 2, 3, 4]


def test_one_person_who_comes_in_many_tabs_at_once_is_one_rater(version: StudyVersion) -> None:
    people = at_once([lambda: come(version, "anna", "consent") for _ in range(AT_ONCE)])
    assert len({one.home for one in people}) == 1
    assert Rater.objects.count() == 1


def test_more_people_than_places_at_one_instant_never_exceed_them_overlap(
    version: StudyVersion,
) -> None:
    people = [come(version, f"p{n}", "consent") for n in range(AT_ONCE)]
    at_once([lambda one=one: one.post(one.at("consent"), {"consent": "on"}) for one in people])
    with_list = Rater.objects.exclude(consented_at=None)
    assert with_list.count() == 6
    assert TrialList.objects.exclude(rater=None).count() == 6
    assert len(set(with_list.values_list("list_number", flat=True))) == 6


def test_a_consent_sent_twice_at_one_instant_takes_one_list(version: StudyVersion) -> None:
    person = come(version, "anna", "consent")
    address = person.at("consent")
    at_once([lambda: Participant().post(address, {"consent": "on"}) for _ in range(4)])
    assert TrialList.objects.exclude(rater=None).count() == 1
    assert person.rater.trials.count() == len(TrialList.objects.get(rater=person.rater).trials)
    assert person.rater.steps.count() == 1


def test_withdrawing_while_answers_arrive_leaves_no_words_behind(version: StudyVersion) -> None:
    person = come(version, "anna", "t")
    trial = person.trial()
    values = {"better": "A", "why": "words"}
    works: list[Callable[[], Any]] = [
        lambda n=n: Participant(home=person.home).save(
            trial,
            batch(
                trial,
                client=f"client-{n}",
                submit=submission(trial, f"key-{n}-long", values=values),
            ),
        )
        for n in range(4)
    ]
    works.append(lambda: Participant().post(person.at("withdraw"), {"sure": "on"}))
    at_once(works)
    assert person.rater.state == "withdrawn"
    assert not Judgement.objects.filter(question="why").exists()
