"""The statements of a save, written by hand.

A save is the request that comes most often, and what it does here it does under the one write lock
of SQLite, while everybody else waits. The ORM takes ten times as long to write these statements as
either database to run them, so they are written once. Both databases read them alike.
"""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from annotate.models import Annotator, Assignment, Campaign, EventBatch, Slot
from annotate.services.hand_rows import columns, moment, read_one
from annotate.services.payload import Batch

INSERT_BATCH = """
INSERT INTO annotate_eventbatch (assignment_id, client, seq, events, received_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (assignment_id, client, seq) DO NOTHING
"""
STORE_DESK = """
UPDATE annotate_assignment
SET desk = %s, desk_page = %s, desk_seq = %s, saved_at = %s,
    listened_s = listened_s + %s, moves = moves + %s
WHERE id = %s AND (desk_page < %s OR (desk_page = %s AND desk_seq < %s))
"""
COUNT_WORK = """
UPDATE annotate_assignment SET listened_s = listened_s + %s, moves = moves + %s WHERE id = %s
"""

# In the order of the models' fields, as Django takes them.
ASSIGNMENT = ("id", "key", "item_id", "annotator_id", "desk_page")
ANNOTATOR = ("id", "campaign_id", "token_hash", "expires_at", "revoked_at", "language")
CAMPAIGN = ("id", "key", "state", "lease_minutes")
SLOT = ("id", "assignment_id", "leased_until", "is_filled")
READ_SHOWING = f"""
SELECT {columns(showing=ASSIGNMENT, annotator=ANNOTATOR, campaign=CAMPAIGN, slot=SLOT)}
FROM annotate_assignment showing
JOIN annotate_annotator annotator ON annotator.id = showing.annotator_id
JOIN annotate_campaign campaign ON campaign.id = annotator.campaign_id
LEFT JOIN annotate_slot slot ON slot.assignment_id = showing.id
WHERE showing.key = %s
"""  # noqa: S608 - nothing but names of columns


def read_showing(key: str) -> Assignment | None:
    """The showing with this key, with its annotator, campaign and place."""
    parts = ((Assignment, ASSIGNMENT), (Annotator, ANNOTATOR), (Campaign, CAMPAIGN), (Slot, SLOT))
    row = read_one(READ_SHOWING, [key], *parts)
    if row is None:
        return None
    assignment: Assignment = row[0]
    assignment.annotator, assignment.annotator.campaign, slot = row[1:]
    annotator = assignment.annotator
    annotator.expires_at = moment(annotator.expires_at)
    annotator.revoked_at = moment(annotator.revoked_at)
    if slot is not None:
        slot.leased_until = moment(slot.leased_until)
    Assignment._meta.get_field("slot").set_cached_value(assignment, slot)
    return assignment


def insert_batch(assignment: Assignment, batch: Batch, now: datetime) -> bool:
    """False when a batch with this number is stored already."""
    events = _prepared(EventBatch, "events", batch.events)
    received_at = _prepared(EventBatch, "received_at", now)
    return _changed(INSERT_BATCH, [assignment.pk, batch.client, batch.seq, events, received_at])


def store_desk(assignment: Assignment, batch: Batch, now: datetime) -> bool:
    """Where the desk stands now, and what was done; False when a newer page has already said where
    it stands: then only what was done counts."""
    desk = _prepared(Assignment, "desk", batch.desk)
    saved_at = _prepared(Assignment, "saved_at", now)
    worked = [batch.listened_s, batch.moves, assignment.pk]
    newer = [batch.page, batch.page, batch.seq]
    if _changed(STORE_DESK, [desk, batch.page, batch.seq, saved_at, *worked, *newer]):
        return True
    _changed(COUNT_WORK, worked)
    return False


def _prepared(model: type[Model], name: str, value: object) -> Any:
    """The value as this database takes it in this column."""
    field: Any = model._meta.get_field(name)
    return field.get_db_prep_save(value, connection)


def _changed(statement: str, values: list[Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)
