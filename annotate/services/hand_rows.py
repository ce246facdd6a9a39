"""Rows of a statement written by hand, as the models they are.

The ORM takes longer to write a statement anew for each request than either database to run it. What
was not read of a row is read when it is asked for, as with `only`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection


def columns(**tables: Sequence[str]) -> str:
    """The columns of a SELECT, by the tables' names in it."""
    return ", ".join(f"{table}.{name}" for table, names in tables.items() for name in names)


def read_one(statement: str, values: Sequence[Any], *parts: tuple[Any, tuple[str, ...]]) -> Any:
    """The first row as one instance for each (model, columns in the order of its fields); None
    where there is no row, and in place of an instance whose id is NULL."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return None
    found, place = [], 0
    for model, names in parts:
        own = row[place : place + len(names)]
        place += len(names)
        found.append(None if own[0] is None else model.from_db(connection.alias, names, own))
    return found


def moment(value: Any) -> Any:
    """A moment in UTC as either database gives it (SQLite's knows no zone); None stays None."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
