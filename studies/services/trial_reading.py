"""Reading what a save or a sound needs of a trial, in one statement written by hand.

The ORM takes longer to write this statement anew each time than either database to run it.
The rows come as the models they are, with what was not read left to be read when it is asked for.
"""

import json
from typing import NamedTuple

from django.db import connection

from annotate.services.hand_rows import columns, moment, read_one
from studies.models import Item, Rater, StudyVersion, Trial, TrialList

# In the order of the models' fields, as Django takes them.
TRIAL = ("id", "key", "rater_id", "item_id", "position", "kind", "sides", "state", "locked_at")
ITEM = ("id", "block", "dry_stems")
RATER = (
    *("id", "version_id", "run", "state", "token_hash", "language", "list_number"),
    "last_seen_at",
)
VERSION = ("id", "state", "protocol_hash")
LIST = ("id", "leased_until", "is_filled")


READ_SHOWING = f"""
SELECT {columns(trial=TRIAL, item=ITEM, rater=RATER, version=VERSION, list=LIST)}
FROM studies_trial trial
JOIN studies_item item ON item.id = trial.item_id
JOIN studies_rater rater ON rater.id = trial.rater_id
JOIN studies_studyversion version ON version.id = rater.version_id
LEFT JOIN studies_triallist list ON list.rater_id = rater.id
WHERE trial.key = %s
"""  # noqa: S608 - nothing but names of columns

FIND_DUE = """
SELECT trial.key, item.block FROM studies_trial trial
JOIN studies_item item ON item.id = trial.item_id
WHERE trial.rater_id = %s AND trial.state IN ('open', 'locked')
ORDER BY trial.position LIMIT 1
"""


class Due(NamedTuple):
    """The first trial that waits for an answer."""

    key: str
    block: str


def due(rater: Rater) -> Due | None:
    """Where somebody goes on; None where all trials are decided."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_DUE, [rater.pk])
        row = cursor.fetchone()
    return None if row is None else Due(*row)


def read_showing(key: str) -> Trial | None:
    """The trial with this key, with its item, its rater, their version and the list they hold."""
    parts = ((Trial, TRIAL), (Item, ITEM), (Rater, RATER), (StudyVersion, VERSION))
    row = read_one(READ_SHOWING, [key], *parts, (TrialList, LIST))
    if row is None:
        return None
    trial: Trial = row[0]
    trial.item, trial.rater, trial.rater.version, held = row[1:]
    trial.sides = json.loads(trial.sides)
    trial.item.dry_stems = json.loads(trial.item.dry_stems or "null")
    trial.locked_at = moment(trial.locked_at)
    trial.rater.last_seen_at = moment(trial.rater.last_seen_at)
    if held is not None:
        held.leased_until = moment(held.leased_until)
    Rater._meta.get_field("held_list").set_cached_value(trial.rater, held)
    return trial
