"""Writes that come at one instant share one commit, where the database writes one at a time.

On SQLite every commit waits for the disk and only one transaction writes at a time: of n people who
save at one instant the last would wait for the disk n times. Here the first begins at once; who
comes meanwhile waits in line, and then one of them writes for all in line in one transaction, each
in a savepoint of its own, so that what fails is undone alone. Nobody is answered before the commit.
PostgreSQL does the same by itself.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

Result = TypeVar("Result")

MOST_AT_ONCE = 64


class _Write(Generic[Result]):
    """One thread's work and what came of it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._result: Result
        self.error: BaseException | None = None
        self.is_done = False

    def run(self) -> None:
        """In a transaction of its own, or in a savepoint of the one around it."""
        self.error = None
        try:
            with transaction.atomic():
                self._result = self._work()
        except Exception as error:
            self.error = error

    def result(self) -> Result:
        if self.error is not None:
            raise self.error
        return self._result


_in_line: deque[_Write[Any]] = deque()
_turn = threading.Lock()


def write_together(work: Callable[[], Result]) -> Result:
    """Do `work` in a transaction and return its result once it is committed; raises what it raises,
    with nothing of it stored. Another thread may run it: it must not depend on the thread."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            return work()
    write = _Write(work)
    _in_line.append(write)
    with _turn:
        while not write.is_done:
            _write_all()
    return write.result()


def _write_all() -> None:
    """Commit those in line; called by one of them, in its turn."""
    writes = [_in_line.popleft() for _ in range(min(len(_in_line), MOST_AT_ONCE))]
    try:
        _commit(writes)
    except BaseException as error:
        for write in writes:
            write.error = error
    for write in writes:
        write.is_done = True


def _commit(writes: list[_Write[Any]]) -> None:
    """All in one transaction. If that cannot be committed nothing is stored, whatever each of them
    thought: then each for itself, so that only those at fault fail."""
    if len(writes) > 1:
        try:
            with transaction.atomic():
                for write in writes:
                    write.run()
            return
        except Exception:  # noqa: S110 - each of them meets it again below, if it is its own
            pass
    for write in writes:
        write.run()
