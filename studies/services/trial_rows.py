"""The statements of a save, written by hand (as annotate/services/batch_rows.py does, and why)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from annotate.services.hand_rows import moment
from studies.models import Answer, Judgement, Trial, TrialEvents
from studies.services.trial_payload import Batch, Submission

INSERT_EVENTS = """
INSERT INTO studies_trialevents (trial_id, client, seq, events, received_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (trial_id, client, seq) DO NOTHING
"""
LOCK_RATER = "SELECT id FROM studies_rater WHERE id = %s FOR NO KEY UPDATE"
READ_TRIAL = """
SELECT trial.state, draft_page, draft_seq, listened_s, draft, failure, rater.state, version.state
FROM studies_trial trial
JOIN studies_rater rater ON rater.id = trial.rater_id
JOIN studies_studyversion version ON version.id = rater.version_id
WHERE trial.id = %s
"""
STORE_TRIAL = """
UPDATE studies_trial
SET draft = %s, draft_page = %s, draft_seq = %s, listened_s = %s, state = %s, failure = %s,
    saved_at = %s, seen_at = COALESCE(seen_at, %s), locked_at = COALESCE(locked_at, %s),
    finished_at = COALESCE(%s, finished_at)
WHERE id = %s
"""
READ_ANSWERS = """
SELECT id, idempotency_key, phase, revision, content_hash, submitted_at FROM studies_answer
WHERE trial_id = %s ORDER BY id
"""
INSERT_ANSWER = """
INSERT INTO studies_answer (trial_id, idempotency_key, phase, revision, content_hash, submitted_at)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
"""
INSERT_JUDGEMENTS = """
INSERT INTO studies_judgement
    (trial_id, answer_id, question, phase, revision, value, confidence, submitted_at)
VALUES
"""


@dataclass(slots=True)
class TrialRow:
    """Where a trial stands, read under the lock; `store` writes it back."""

    pk: int
    state: str
    draft_page: int
    draft_seq: int
    listened_s: dict[str, float]
    draft: dict[str, Any]
    failure: str
    rater_state: str
    version_state: str
    locked_at: datetime | None = None
    finished_at: datetime | None = None

    def store(self, now: datetime) -> None:
        moment = _prepared(Trial, "saved_at", now)
        values = [
            _prepared(Trial, "draft", self.draft),
            self.draft_page,
            self.draft_seq,
            _prepared(Trial, "listened_s", self.listened_s),
            self.state,
            self.failure,
            moment,
            moment,
            _prepared(Trial, "locked_at", self.locked_at),
            _prepared(Trial, "finished_at", self.finished_at),
            self.pk,
        ]
        with connection.cursor() as cursor:
            cursor.execute(STORE_TRIAL, values)


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that is stored."""

    pk: int
    key: str
    phase: str
    revision: int
    content_hash: str
    submitted_at: datetime


def insert_events(trial: Trial, batch: Batch, now: datetime) -> bool:
    """False when a batch with this number is stored already."""
    events = _prepared(TrialEvents, "events", batch.events)
    received_at = _prepared(TrialEvents, "received_at", now)
    with connection.cursor() as cursor:
        cursor.execute(INSERT_EVENTS, [trial.pk, batch.client, batch.seq, events, received_at])
        return bool(cursor.rowcount)


def lock_rater(trial: Trial) -> None:
    """Whatever is written for one rater is written one after another: answers, drafts, withdrawal.
    SQLite needs no lock: only one transaction writes at a time."""
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(LOCK_RATER, [trial.rater_id])


def read_trial(trial: Trial) -> TrialRow:
    """The row as it is now, with how far its rater and its study are."""
    with connection.cursor() as cursor:
        cursor.execute(READ_TRIAL, [trial.pk])
        state, page, seq, listened, draft, *rest = cursor.fetchone()
    return TrialRow(trial.pk, state, page, seq, json.loads(listened), json.loads(draft), *rest)


def stored_answers(trial: Trial) -> list[Stored]:
    with connection.cursor() as cursor:
        cursor.execute(READ_ANSWERS, [trial.pk])
        rows = cursor.fetchall()
    return [
        Stored(pk, key, phase, revision, content_hash, moment(at))
        for pk, key, phase, revision, content_hash, at in rows
    ]


def insert_answer(
    trial: Trial, submission: Submission, revision: int, values: Mapping[str, Any], now: datetime
) -> Stored:
    """The answer as it came, and a judgement for each question answered."""
    at = _prepared(Answer, "submitted_at", now)
    phase = submission.phase
    row = [trial.pk, submission.key, phase, revision, submission.content_hash, at]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ANSWER, row)
        (pk,) = cursor.fetchone()
        if values:
            rows = [
                [trial.pk, pk, question, phase, revision, _prepared(Judgement, "value", value)]
                for question, value in values.items()
            ]
            _insert_judgements(cursor, rows, at)
    return Stored(pk, submission.key, phase, revision, submission.content_hash, now)


def _insert_judgements(cursor: Any, rows: Sequence[list[Any]], at: Any) -> None:
    places = ", ".join(["(%s, %s, %s, %s, %s, %s, NULL, %s)"] * len(rows))
    cursor.execute(INSERT_JUDGEMENTS + places, [value for row in rows for value in (*row, at)])


def _prepared(model: type[Model], name: str, value: object) -> Any:
    """The value as this database takes it in this column."""
    field: Any = model._meta.get_field(name)
    return field.get_db_prep_save(value, connection)
