"""Unblinding: seeing which label is which system is an act with a reason, kept for ever.

Before a study is closed it is an interim look, which the report prints.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studies.exports import sections
from studies.exports.scope import Scope
from studies.models import AuditLine, Rater, Study, StudyVersion, Trial
from studies.services import audit
from studies.services.designing import may_at_least
from studies.services.refusing import Refused

ACT = "unblinded"
SHORTEST_REASON = 10


@dataclass(frozen=True, slots=True)
class Unblinding:
    """One look, as it was logged."""

    line: AuditLine

    @property
    def is_interim(self) -> bool:
        return bool(self.line.detail.get("interim"))


def note_look(
    version: StudyVersion, seen: str, *, reason: str, now: datetime, by: Any = None
) -> AuditLine:
    """Write down that systems were seen by name: what was seen, why, and whether it was early."""
    return audit.note(
        version.study,
        ACT,
        by=by,
        now=now,
        version=version,
        seen=seen,
        reason=reason[:500],
        interim=version.state != StudyVersion.State.CLOSED,
        answers=_answers(version),
    )


def _answers(version: StudyVersion) -> int:
    """How many trials of the study itself had been answered by then."""
    return Trial.objects.filter(
        rater__version=version, rater__run=Rater.Run.MAIN, state=Trial.State.ANSWERED
    ).count()


def unblind(version: StudyVersion, *, by: Any, reason: str, now: datetime) -> list[dict[str, Any]]:
    """Which label is which system, for one who has the right and says why.

    Raises:
        Refused: without the right, or without a reason.
    """
    if not may_at_least(by, version.study, "unblind"):
        raise Refused("You have no right to unblind this study: ask its owner")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused(f"Say why, in {SHORTEST_REASON} characters or more: it is kept for ever")
    note_look(version, "labels", reason=reason.strip(), now=now, by=by)
    return names(version, now)


def names(version: StudyVersion, now: datetime) -> list[dict[str, Any]]:
    """Every label with the name, version and kind of its system."""
    return sections.systems(Scope(version, now, is_blinded=False))


def has_unblinded(version: StudyVersion, user: Any) -> bool:
    """Whether this account has unblinded this version already: what was seen is not unseen."""
    own = lines(version.study).filter(version_number=version.number, by=user)
    return bool(own.exists())


def lines(study: Study) -> Any:
    """Every unblinding, the oldest first."""
    return study.audit.filter(act=ACT).select_related("by")


def names_allowed(version: StudyVersion, user: Any, right: str) -> bool:
    """Whether an account with this right may see which system is which on pages and in REST: the
    owner of a draft, and whoever has unblinded the version."""
    return (right == "own" and not version.is_frozen) or has_unblinded(version, user)
