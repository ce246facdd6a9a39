"""Reading what a save, a sound or a page needs of a trial, in statements written by hand.

The ORM takes longer to write this statement anew each time than either database to run it.
The rows come as the models they are, with what was not read left to be read when it is asked for.
"""

import json
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from annotate.services.hand_rows import columns, moment, read_one
from studies.models import Item, Rater, StudyVersion, Trial, TrialList

# In the order of the models' fields, as Django takes them.
TRIAL = ("id", "key", "rater_id", "item_id", "position", "kind", "sides", "state", "locked_at")
# The same with what a page shows.
SHOWN = (
    *("id", "key", "rater_id", "item_id", "position", "kind", "sides", "state", "listened_s"),
    *("draft", "draft_page", "locked_at"),
)
ITEM = ("id", "block", "dry_stems")
RATER = (
    *("id", "version_id", "run", "state", "token_hash", "language", "list_number"),
    "last_seen_at",
)
VERSION = ("id", "state", "protocol_hash")
LIST = ("id", "leased_until", "is_filled")


FROM_TRIAL = """
FROM studies_trial trial
JOIN studies_item item ON item.id = trial.item_id
JOIN studies_rater rater ON rater.id = trial.rater_id
JOIN studies_studyversion version ON version.id = rater.version_id
LEFT JOIN studies_triallist list ON list.rater_id = rater.id
WHERE trial.key = %s
"""
READ_SHOWING, READ_PAGE = (
    f"SELECT {columns(trial=own, item=ITEM, rater=RATER, version=VERSION, list=LIST)} {FROM_TRIAL}"
    for own in (TRIAL, SHOWN)
)

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


STEPS = "SELECT step FROM studies_raterstep WHERE rater_id = %s"
PLACES = """SELECT trial.key, trial.position, trial.kind, trial.state, item.block
FROM studies_trial trial
JOIN studies_item item ON item.id = trial.item_id
WHERE trial.rater_id = %s ORDER BY trial.position
"""


def read_showing(key: str) -> Trial | None:
    """The trial with this key, with its item, its rater, their version and the list they hold."""
    return _read(READ_SHOWING, TRIAL, key)


def read_page(key: str) -> Trial | None:
    """The same with what its page shows; of a frozen version with all of its item."""
    trial = _read(READ_PAGE, SHOWN, key)
    if trial is None:
        return None
    trial.draft, trial.listened_s = json.loads(trial.draft), json.loads(trial.listened_s)
    give_item(trial)
    return trial


def give_item(trial: Trial) -> None:
    """Its item with excerpt and stimuli. What is frozen never changes, and is read once."""
    version = trial.rater.version
    trial.item = (
        _frozen_item(trial.item_id, version.protocol_hash)
        if version.protocol_hash
        else _whole_item(trial.item_id)
    )


def _whole_item(item_id: int) -> Item:
    whole = Item.objects.select_related("excerpt").prefetch_related("stimuli")
    return whole.get(pk=item_id)


@lru_cache(maxsize=2048)
def _frozen_item(item_id: int, _protocol_hash: str) -> Item:
    return _whole_item(item_id)


def step_names(rater: Rater) -> set[str]:
    """The steps that somebody has taken."""
    with connection.cursor() as cursor:
        cursor.execute(STEPS, [rater.pk])
        return {step for (step,) in cursor.fetchall()}


def places(rater: Rater) -> list[tuple[str, int, str, str, str]]:
    """Key, position, kind, state and block of all trials in order."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [rater.pk])
        rows: list[tuple[str, int, str, str, str]] = cursor.fetchall()
    return rows


def _read(statement: str, own: tuple[str, ...], key: str) -> Trial | None:
    parts = ((Trial, own), (Item, ITEM), (Rater, RATER), (StudyVersion, VERSION))
    row = read_one(statement, [key], *parts, (TrialList, LIST))
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
