"""What one export holds: which version, whose answers, blinded or not, as of when."""

import platform
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import django
from django.db import connection, transaction
from django.db.models import Q

from annotate.services.consensus import software_versions
from studies.exports.labels import Labels
from studies.models import Rater, Stimulus, StudyVersion

# Left out unless asked for: none of them is the study itself.
EXTRAS = ("simulated", "pilot", "preview")
_ROLES_IN_ORDER = [
    Stimulus.Role.SYSTEM, Stimulus.Role.REFERENCE, Stimulus.Role.ANCHOR, Stimulus.Role.PROBLEM,
    Stimulus.Role.CONTROL,
]  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """`include` names extras; the export says the same at the same `now`."""

    version: StudyVersion
    now: datetime
    is_blinded: bool = True
    include: frozenset[str] = frozenset()

    @cached_property
    def labels(self) -> Labels:
        return Labels.of(self.version)

    def hidden(self, value: Any) -> Any:
        """Plain data as this export may say it."""
        return self.labels.hide(value) if self.is_blinded else value

    def hidden_key(self, key: str) -> str:
        """The same for what a block or a question is called: few, and asked for in every row."""
        if key not in self._hidden_keys:
            self._hidden_keys[key] = str(self.hidden(key))
        return self._hidden_keys[key]

    @cached_property
    def _hidden_keys(self) -> dict[str, str]:
        return {}

    @property
    def is_interim(self) -> bool:
        return self.version.state != StudyVersion.State.CLOSED

    def raters(self, prefix: str = "") -> Q:
        """Whose answers these are, as a condition on raters or, by `prefix`, on what is theirs."""
        wanted = Q(**{f"{prefix}version": self.version})
        if "simulated" not in self.include:
            wanted &= ~Q(**{f"{prefix}kind": Rater.Kind.SIMULATED})
        runs = [Rater.Run.MAIN, *(run for run in ("pilot", "preview") if run in self.include)]
        return wanted & Q(**{f"{prefix}run__in": runs})

    def answers(self, prefix: str) -> Q:
        """Whose answers are told: who withdrew took part in none, but is counted among raters."""
        return self.raters(prefix) & ~Q(**{f"{prefix}state": Rater.State.WITHDRAWN})

    @cached_property
    def stimuli(self) -> dict[int, str]:
        """How each stimulus row is called: by label within its item, so that a number tells no more
        than a label, and blinded and unblinded exports say the same."""
        rows = Stimulus.objects.filter(item__version=self.version).values_list(
            "pk", "item__number", "role", "name", "number"
        )
        ordered = sorted(rows, key=self._place)
        ids: dict[int, str] = {}
        place, before = 0, None
        for pk, item, *_ in ordered:
            place = place + 1 if item == before else 1
            ids[pk], before = f"{item_id(item)}.{place}", item
        return ids

    def _place(self, row: tuple[int, int, str, str, int]) -> tuple[int, int, int, int]:
        _, item, role, name, number = row
        label = self.labels.label(name) or "S0"
        return item, _ROLES_IN_ORDER.index(Stimulus.Role(role)), int(label[1:]), number

    def is_gone(self, state: str, last_seen: datetime | None, came: datetime) -> bool:
        """Somebody still counted as at work who has not been seen for as long as a lease lasts."""
        lease = timedelta(minutes=self.version.spec.get("order", {}).get("lease_minutes", 90))
        return state == Rater.State.ACTIVE and (last_seen or came) + lease < self.now


def item_id(number: int) -> str:
    return f"i{number:03d}"


def rater_id(number: int) -> str:
    return f"r{number:03d}"


def trial_id(rater: int, position: int) -> str:
    """Stays the same in every export of a version."""
    return f"t{rater:03d}-{position:03d}"


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads within see the database as it was at the first of them, and hold nobody up: people go
    on answering while a large study is written out."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Not atomic(): that would take the write lock.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield


@lru_cache(maxsize=1)
def _gainsay_version() -> str:
    pyproject = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not pyproject.is_file():
        return ""
    return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])


def software() -> dict[str, str]:
    """What wrote the export."""
    return {
        **software_versions(),
        "gainsay": _gainsay_version(),
        "django": django.get_version(),
        "platform": platform.system(),
    }
