"""What the worker does for this package. Each is safe to run twice."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from annotate.background import Report
from annotate.models import Campaign, Excerpt, Song
from annotate.services import consensus, library, song_imports, stock
from modeling.excerpts import ExcerptWindow

SHORTEST_EXCERPT_S, LONGEST_EXCERPT_S = 5.0, 60.0


def adjust_excerpt(
    report: Report, *, song: str, start_s: float, duration_s: float, replaces: str | None = None
) -> dict[str, Any]:
    """Cut a window chosen by hand. The excerpt it replaces is retired, not deleted: annotations
    that were made on it keep what they were made on."""
    row = Song.objects.get(key=song)
    known = row.excerpts.usable().filter(start_s=start_s, duration_s=duration_s).first()
    report(0.1, "cutting")
    excerpt = known or library.add_excerpt(
        row,
        ExcerptWindow(start_s=start_s, duration_s=duration_s, score=0.0, reasons=("by hand",)),
        origin=Excerpt.Origin.BY_HAND,
        now=timezone.now(),
    )
    if replaces is not None:
        row.excerpts.usable().filter(key=replaces).exclude(pk=excerpt.pk).update(
            retired_at=timezone.now()
        )
    return {"excerpt": excerpt.key}


def import_songs(report: Report, **asked: Any) -> dict[str, Any]:
    """Songs that were sent, or that lie in a folder of the server."""
    return song_imports.run(report, **asked)


def remove_import_leftovers(report: Report) -> dict[str, Any]:
    """Forget what was sent for an import that nobody took up again."""
    return {"removed": song_imports.remove_leftovers(timezone.now())}


def prepare_showings(
    report: Report, *, campaign: str, annotator: int | None = None
) -> dict[str, Any]:
    """Make the stems of the places that will be taken next, or of this annotator's next one."""
    row, now = Campaign.objects.get(key=campaign), timezone.now()
    if annotator is None:
        wanted = stock.places_ahead(row, now)
    else:
        found = row.annotators.select_related("campaign").filter(pk=annotator)
        wanted = [showing for one in found for showing in stock.upcoming(one, now)]
    filled = stock.fill_stock(wanted, report)
    if not filled.is_full:
        stock.ask_for_stock(row)
    return {"places": filled.places}


def compute_consensus(report: Report, *, campaign: str) -> dict[str, Any]:
    """Work out what the consensus would be now."""
    draft = consensus.compute_draft(Campaign.objects.get(key=campaign), now=timezone.now())
    return {"annotations": draft.annotation_count}


def freeze_consensus(report: Report, *, campaign: str, user: int | None) -> dict[str, Any]:
    """Freeze the next version."""
    by = None if user is None else get_user_model().objects.get(pk=user)
    frozen = consensus.freeze(Campaign.objects.get(key=campaign), by=by, now=timezone.now())
    return {"version": frozen.version, "hash": frozen.content_hash}
