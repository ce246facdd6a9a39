"""Writing down who did what (annotate.models.acts)."""

from datetime import datetime
from typing import Any

from annotate import request_ids
from annotate.models import Act


def note(act: str, *, now: datetime, by: Any = None, about: str = "", **detail: Any) -> Act:
    """Write a line. `detail` holds plain values and no personal data."""
    return Act.objects.create(
        act=act,
        about=about,
        detail=detail,
        by=by if getattr(by, "pk", None) is not None else None,
        request_id=request_ids.current(),
        at=now,
    )
