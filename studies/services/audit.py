"""The audit line: what was done with a study, by whom and when. Lines are added, never changed."""

from datetime import datetime
from typing import Any

from annotate import request_ids
from studies.models import AuditLine, Study, StudyVersion


def note(
    study: Study,
    act: str,
    *,
    now: datetime,
    by: Any = None,
    version: StudyVersion | None = None,
    **detail: Any,
) -> AuditLine:
    """Write a line. `detail` holds plain values and no personal data."""
    return AuditLine.objects.create(
        study=study,
        version_number=None if version is None else version.number,
        act=act,
        detail=detail,
        by=by if getattr(by, "pk", None) is not None else None,
        request_id=request_ids.current(),
        at=now,
    )
