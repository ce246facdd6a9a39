"""What the worker does for this package. Each is safe to run twice."""

from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from annotate.background import Report
from annotate.fields import StemValues
from annotate.media import media_folder
from annotate.models import Excerpt
from modeling.audio import AudioError
from studies import asking
from studies.llm import configured_endpoint
from studies.models import Upload
from studies.services import advising, uploads


def advise_on_upload(report: Report, *, upload: str) -> dict[str, Any]:
    """Read a visitor's stems in a limited process, then ask every system."""
    row = Upload.objects.filter(key=upload).first()
    if row is None:
        return {"refused": {}}  # deleted by its visitor before its turn came
    report(0.0, _("Reading the stems"))
    uploads.read(row, report)
    if row.state == Upload.State.FAILED or not Upload.objects.filter(pk=row.pk).exists():
        return {"refused": {}}
    try:
        refused = advising.ask_all(
            row, problem_db=None, now=timezone.now(), report=report, share=(0.6, 1.0)
        )
    except (AudioError, IntegrityError):
        if Upload.objects.filter(pk=row.pk).exists():
            raise
        return {"refused": {}}  # deleted while its systems were being asked
    return {"refused": refused}


def advise_on_excerpt(report: Report, *, excerpt: str, problem_db: StemValues) -> dict[str, Any]:
    """Ask every system about an excerpt of the library at a balance."""
    row = Excerpt.objects.select_related("song").get(key=excerpt)
    with configured_endpoint(media_folder("endpoint"), asking.seed_of(excerpt)) as endpoint:
        refused = advising.ask_all(
            row, problem_db=problem_db, now=timezone.now(), report=report, endpoint=endpoint
        )
    return {"refused": refused}


def remove_expired_uploads(report: Report) -> dict[str, Any]:
    """Forget the stems whose time is over."""
    return {"removed": uploads.remove_expired(timezone.now())}
