"""Everything that is stored of one annotator, for themselves (docs/ethics-and-data-protection.md).

What would tell how an excerpt was shown (the hidden trims, the released balance, whether it was a
repeat) is not in it: it is the campaign's, and somebody who has it cannot balance blindly any more.
"""

from datetime import datetime
from typing import Any

from annotate.models import Annotator, EventBatch

FORMAT = "gainsay-person/1"


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def person_data(annotator: Annotator) -> dict[str, Any]:
    """Plain values, in the order in which it was done."""
    showings = annotator.assignments.prefetch_related("annotations").order_by("pk")
    return {
        "format": FORMAT,
        "kind": "annotator",
        "campaign": annotator.campaign.name,
        "you_are_shown_as": annotator.letter,
        "note_of_the_researcher": annotator.note,
        "invited_at": iso(annotator.created_at),
        "link_ends_at": iso(annotator.expires_at),
        "link_withdrawn_at": iso(annotator.revoked_at),
        "withdrawn_at": iso(annotator.withdrawn_at),
        "consented_at": iso(annotator.consented_at),
        "consent_text": annotator.campaign.consent_text,
        "mixing_years": annotator.mixing_years,
        "playback_device": annotator.playback_device,
        "language": annotator.language,
        "headphone_checks": [
            {"answers": one.answers, "begun_at": iso(one.created_at), "at": iso(one.finished_at)}
            for one in annotator.headphone_attempts.all()
        ],
        "excerpts": [
            {
                "number": number,
                "begun_at": iso(showing.created_at),
                "listened_s": round(showing.listened_s, 1),
                "desk": showing.desk,
                "answers": [
                    {
                        "revision": one.revision,
                        "at": iso(one.submitted_at),
                        "faders_db": one.fader_db,
                        "confidence": one.confidence,
                        "comment": one.comment,
                        "cannot_judge_reason": one.cannot_judge_reason,
                    }
                    for one in showing.annotations.all()
                ],
                "noted_by_the_desk": list(
                    EventBatch.objects.filter(assignment=showing).values_list("events", flat=True)
                ),
            }
            for number, showing in enumerate(showings, 1)
        ],
    }
