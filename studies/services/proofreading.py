"""Proof-reading: what people will read, put right before the study opens. The advice as it was
given stays in its own row, and every change is on the audit."""

from datetime import datetime
from typing import Any

from django.db import transaction

from annotate.fields import storable_text
from studies.models import Stimulus, StudyVersion
from studies.services import audit
from studies.services.refusing import Refused

LONGEST_TEXT = 5000


def n_words(text: str) -> int:
    """As the length band counts them."""
    return len(text.split())


@transaction.atomic
def change_text(stimulus: Stimulus, text: str, *, by: Any, now: datetime) -> bool:
    """Replace the text that people read; whether that changed anything.

    Raises:
        Refused: the version is frozen, the text is empty or far too long, or there is none to read.
    """
    version = (
        StudyVersion.objects.select_for_update()
        .select_related("study")
        .get(pk=stimulus.item.version_id)
    )
    if version.is_frozen:
        raise Refused(f"{version} is frozen and never changes: make a new version")
    if stimulus.role != Stimulus.Role.SYSTEM or stimulus.advice is None:
        raise Refused(f"{stimulus}: there is no advice to proof-read")
    words = storable_text(text).replace("\r\n", "\n").strip()
    if not words:
        raise Refused("the text is empty: write what people shall read, or take the item out")
    if len(words) > LONGEST_TEXT:
        raise Refused(f"the text has {len(words)} characters: at most {LONGEST_TEXT}")
    if words == stimulus.text:
        return False
    before = n_words(stimulus.text)
    stimulus.text = words
    stimulus.save(update_fields=["text"])
    audit.note(
        version.study, "text changed", by=by, version=version, now=now,
        item=stimulus.item.number, stimulus=stimulus.number,
        n_words_before=before, n_words=n_words(words),
        is_original=words == stimulus.advice.prose,
    )  # fmt: skip
    return True
