"""Money: a file of lines that several processes share, never behind what was spent.

Before a request its highest possible price is reserved; afterwards the difference to the real one
is given back. A process that is killed in between leaves its reservation standing, since the
endpoint may have charged it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from modeling.endpoint.request import BudgetError, EndpointError

_CENT_FRACTION_USD = 1e-9


class Ledger:
    """The money spent in one store, at most `budget_usd`.

    Raises:
        EndpointError: the file cannot be written, or holds lines that are no entries.
    """

    def __init__(self, path: Path, budget_usd: float) -> None:
        self.path, self.budget_usd = path, budget_usd
        self._read_to = 0
        self._spent_usd = 0.0
        self._lock = Lock()

    def spent_usd(self) -> float:
        """What was spent or is reserved, by every process that uses the file."""
        with self._open() as descriptor:
            return self._caught_up(descriptor)

    def reserve(self, key: str, usd: float, endpoint: str) -> None:
        """Set `usd` aside. Raises BudgetError where it is not left; nothing is written then."""
        with self._open() as descriptor:
            spent_usd = self._caught_up(descriptor)
            if spent_usd + usd > self.budget_usd + _CENT_FRACTION_USD:
                raise BudgetError(
                    f"{endpoint}: the next request can cost {usd:.4f} USD, but of a budget of "
                    f"{self.budget_usd:.2f} USD {spent_usd:.4f} are spent; raise the budget"
                )
            self._append(descriptor, key, "reserved", usd)

    def settle(self, key: str, reserved_usd: float, cost_usd: float) -> None:
        """Replace a reservation by the real price."""
        with self._open() as descriptor:
            self._caught_up(descriptor)
            self._append(descriptor, key, "settled", cost_usd - reserved_usd)

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        try:
            with self._lock:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield descriptor
        finally:
            os.close(descriptor)

    def _caught_up(self, descriptor: int) -> float:
        size = os.fstat(descriptor).st_size
        if size < self._read_to:  # someone emptied the file
            self._read_to, self._spent_usd = 0, 0.0
        new = os.pread(descriptor, size - self._read_to, self._read_to)
        whole = new[: new.rfind(b"\n") + 1]
        if len(whole) < len(new):  # a process was killed while it wrote: the money was not moved
            os.ftruncate(descriptor, self._read_to + len(whole))
        try:
            self._spent_usd += sum(float(json.loads(line)["usd"]) for line in whole.splitlines())
        except (ValueError, KeyError, TypeError) as error:
            raise EndpointError(
                f"{self.path} is damaged; repair its lines or start another store"
            ) from error
        self._read_to += len(whole)
        return self._spent_usd

    def _append(self, descriptor: int, key: str, kind: str, usd: float) -> None:
        line = json.dumps({"request": key, "kind": kind, "usd": usd}).encode() + b"\n"
        try:
            written = os.write(descriptor, line)
            os.fsync(descriptor)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        if written < len(line):
            raise EndpointError(f"{self.path} cannot be written: the disk is full; make room")
        self._spent_usd += usd
        self._read_to += len(line)


def _cannot_write(path: Path, error: OSError) -> EndpointError:
    return EndpointError(f"{path} cannot be written: {error.strerror}; check rights and space")
