"""What comes most often, a trial's save and its page: what they ask of the database is pinned."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studies.models import Rater, StudyVersion, Trial, TrialList
from studies.services.trial_reading import give_item
from tests.studies.study_cast import open_study
from tests.studies.walking import Participant, arrived, batch, submission


@pytest.fixture
def person(db: None) -> Participant:
    """Somebody at work just now, past the training."""
    found = arrived(open_study())
    found.answer(found.trial())
    now: datetime = timezone.now()
    Rater.objects.update(last_seen_at=now)
    assert TrialList.objects.get(rater=found.rater).leased_until > now
    return found


def verbs(person: Participant, trial: dict[str, Any], **fields: Any) -> list[str]:
    """The first word of each statement that a save makes, savepoints apart."""
    body = json.dumps(batch(trial, **fields))
    with CaptureQueriesContext(connection) as queries:
        answered = person.save(trial, body)
    assert answered.status_code == 200, answered.content
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word not in {"SAVEPOINT", "RELEASE"}]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL also locks the rater")
def test_a_batch_is_two_reads_one_row_and_one_update(person: Participant) -> None:
    assert verbs(person, person.trial()) == ["SELECT", "INSERT", "SELECT", "UPDATE"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL also locks the rater")
def test_an_answer_adds_two_reads_and_two_rows_however_many_questions(
    person: Participant,
) -> None:
    trial = person.trial()
    words = verbs(person, trial, submit=submission(trial))
    # The last read is whether anything is left, and where to go on.
    assert words == [
        *("SELECT", "INSERT", "SELECT", "SELECT", "INSERT", "INSERT", "UPDATE", "SELECT"),
    ]


def test_a_page_is_three_reads_once_its_item_is_known(person: Participant) -> None:
    address = person.where()
    person.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = person.get(address)
    assert page.status_code == 200
    # The trial with its rater, the steps that were taken, where all trials stand.
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * 3


def test_the_item_of_a_draft_is_read_anew_each_time(db: None) -> None:
    version = open_study()
    item = version.items.order_by("number")[0]
    trial = Trial(rater=Rater(version=StudyVersion(protocol_hash="")), item=item)
    give_item(trial)
    before = [one.text for one in trial.item.stimuli.all()]
    item.stimuli.update(text="proof-read")
    give_item(trial)
    assert [one.text for one in trial.item.stimuli.all()] == ["proof-read"] * len(before) != before
