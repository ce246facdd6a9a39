"""What leaves the site: tables with a codebook. A test keeps columns and codebook together."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from analysis.cells import safe_text
from analysis.vectors import STEMS
from annotate.models import Annotation, Campaign, Consensus

FORMAT = "gainsay-campaign/1"

CODEBOOK: dict[str, str] = {
    "campaign": "key of the campaign",
    "song": "key of the song",
    "song_title": "title as imported",
    "song_artist": "artist as imported",
    "excerpt": "key of the excerpt",
    "excerpt_label": "name of the excerpt where it was imported with its annotations",
    "start_s": "start of the excerpt in the song, seconds",
    "duration_s": "length of the excerpt, seconds",
    "assignment": "key of one showing of the excerpt to one annotator",
    "annotator": "letter of the annotator within the campaign; never a name",
    "annotator_kind": "person, simulated or imported",
    "mixing_years": "years of mixing as the annotator stated; empty if not asked",
    "playback_device": "over-ear, in-ear, monitors or speakers, as stated",
    "headphone_passed": "true or false: result of the headphone check; empty if not taken",
    "language": "language in which the annotator took part; empty if not known",
    "repeat": "0 for the first showing, 1 and more for repeats of the same excerpt",
    "revision": "1 for the first answer, counted up when it was amended",
    "is_current": "true for the last revision of a showing",
    "is_surplus": "true if the place had gone to somebody else before this answer came",
    "is_withdrawn": "true if the annotator withdrew: left out of every consensus since then",
    "cannot_judge_reason": "why no balance was given; empty if one was",
    "confidence": "1 (guess) to 5 (sure); empty if not given",
    "comment": "the annotator's words",
    "listened_s": "seconds of listening until this answer",
    "moves": "fader moves recorded until this answer",
    "submitted_at": "when the answer came, UTC, ISO 8601",
    **{f"fader_{s}_db": f"fader of {s} on the served stem, dB; empty if off" for s in STEMS},
    **{
        f"balance_{s}_db": f"{s} relative to the stem as imported, dB; empty if off or silent"
        for s in STEMS
    },
    **{f"start_{s}_db": f"fader of {s} at the start, dB (random)" for s in STEMS},
    **{f"trim_{s}_db": f"hidden trim of {s}, dB (random)" for s in STEMS},
    **{
        f"loudness_{s}_lufs": f"gated loudness of {s} as imported, in the excerpt; empty: silent"
        for s in STEMS
    },
}

CONSENSUS_CODEBOOK: dict[str, str] = {
    "campaign": CODEBOOK["campaign"],
    "version": "number of the frozen version",
    "content_hash": "SHA-256 over rules, annotations used and values",
    "song": CODEBOOK["song"],
    "excerpt": CODEBOOK["excerpt"],
    "status": "consensus, too few or set aside",
    "reason": "why it was set aside",
    "n": "annotations used",
    **{f"balance_{s}_db": f"consensus of {s}, centred over active stems, dB" for s in STEMS},
    **{f"low_{s}_db": f"lower end of the 95 % interval of {s}, dB" for s in STEMS},
    **{f"high_{s}_db": f"upper end of the 95 % interval of {s}, dB" for s in STEMS},
    **{f"spread_{s}_db": f"SD between annotators of {s}, dB" for s in STEMS},
    **{f"off_share_{s}": f"share of annotations with {s} off" for s in STEMS},
    **{f"top_share_{s}": f"share of annotations with the fader of {s} at its top" for s in STEMS},
}


def annotation_rows(campaign: Campaign) -> Iterator[dict[str, Any]]:
    """One row for each answer, superseded revisions included, in a stable order."""
    current = set(
        Annotation.objects.filter(assignment__item__campaign=campaign)
        .current()
        .values_list("pk", flat=True)
    )
    found = (
        Annotation.objects.filter(assignment__item__campaign=campaign)
        .select_related("assignment__annotator", "assignment__item__excerpt__song")
        .order_by("assignment__item__pk", "assignment__annotator__number", "assignment", "revision")
    )
    for annotation in found.iterator(chunk_size=500):
        yield _annotation_row(campaign, annotation, annotation.pk in current)


def _annotation_row(campaign: Campaign, annotation: Annotation, is_current: bool) -> dict[str, Any]:
    assignment = annotation.assignment
    annotator, excerpt = assignment.annotator, assignment.item.excerpt
    row: dict[str, Any] = {
        "campaign": campaign.key,
        "song": excerpt.song.key,
        "song_title": excerpt.song.title,
        "song_artist": excerpt.song.artist,
        "excerpt": excerpt.key,
        "excerpt_label": excerpt.label,
        "start_s": excerpt.start_s,
        "duration_s": excerpt.duration_s,
        "assignment": assignment.key,
        "annotator": annotator.letter,
        "annotator_kind": annotator.kind,
        "mixing_years": annotator.mixing_years,
        "playback_device": annotator.playback_device,
        "headphone_passed": annotator.headphone_passed,
        "language": annotator.language,
        "repeat": assignment.repeat,
        "revision": annotation.revision,
        "is_current": is_current,
        "is_surplus": annotation.is_surplus,
        "is_withdrawn": annotator.withdrawn_at is not None,
        "cannot_judge_reason": annotation.cannot_judge_reason,
        "confidence": annotation.confidence,
        "comment": annotation.comment,
        "listened_s": round(annotation.listened_s, 1),
        "moves": annotation.moves,
        "submitted_at": annotation.submitted_at.isoformat(),
    }
    empty = dict.fromkeys(STEMS)
    for name, values in (
        ("fader", annotation.fader_db),
        ("balance", annotation.balance_db),
        ("start", assignment.start_db),
        ("trim", assignment.trim_db),
    ):
        row |= {f"{name}_{stem}_db": (values or empty)[stem] for stem in STEMS}
    return row | {f"loudness_{stem}_lufs": excerpt.loudness_lufs[stem] for stem in STEMS}


def consensus_rows(consensus: Consensus) -> Iterator[dict[str, Any]]:
    """One row for each excerpt of a frozen version."""
    empty = dict.fromkeys(STEMS)
    for row in consensus.excerpts.select_related("item__excerpt__song").order_by("item"):
        values: dict[str, Any] = {
            "campaign": consensus.campaign.key,
            "version": consensus.version,
            "content_hash": consensus.content_hash,
            "song": row.item.excerpt.song.key,
            "excerpt": row.item.excerpt.key,
            "status": row.status,
            "reason": row.reason,
            "n": row.n,
        }
        for name in ("balance", "low", "high", "spread"):
            stems = getattr(row, f"{name}_db") or empty
            values |= {f"{name}_{stem}_db": stems[stem] for stem in STEMS}
        for name in ("off_share", "top_share"):
            stems = getattr(row, name) or empty
            values |= {f"{name}_{stem}": stems[stem] for stem in STEMS}
        yield values


def campaign_json(campaign: Campaign) -> dict[str, Any]:
    """Everything of a campaign that an analysis needs, with the codebook."""
    return {
        "format": FORMAT,
        "campaign": {
            "key": campaign.key,
            "name": campaign.name,
            "state": campaign.state,
            "overlap": campaign.overlap,
            "repeats": campaign.repeats,
            "headphone_check": campaign.headphone_check,
            "target_loudness_lufs": campaign.target_loudness_lufs,
            "seed": campaign.seed,
            "song_filter": campaign.song_filter,
            "instructions": campaign.instructions,
            "created_at": campaign.created_at.isoformat(),
        },
        "annotations": list(annotation_rows(campaign)),
        "consensus": [
            {
                "version": version.version,
                "content_hash": version.content_hash,
                "rules": version.rules,
                "seed": version.seed,
                "agreement": version.agreement,
                "excluded": version.excluded,
                "software": version.software,
                "frozen_at": version.frozen_at.isoformat(),
                "excerpts": list(consensus_rows(version)),
            }
            for version in campaign.consensuses.order_by("version")
        ],
        "codebook": {"annotations": CODEBOOK, "consensus": CONSENSUS_CODEBOOK},
    }


def safe_cell(value: Any) -> Any:
    """A CSV cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return safe_text(value)


def csv_text(columns: list[str], rows: Iterator[dict[str, Any]]) -> str:
    """Rows as CSV (RFC 4180) with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row[column]) for column in columns])
    return buffer.getvalue()


def annotations_csv(campaign: Campaign) -> str:
    return csv_text(list(CODEBOOK), annotation_rows(campaign))


def consensus_csv(consensus: Consensus) -> str:
    return csv_text(list(CONSENSUS_CODEBOOK), consensus_rows(consensus))


def json_text(campaign: Campaign) -> str:
    values = campaign_json(campaign)
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def codebook_csv() -> str:
    """The codebook as a table of its own."""
    rows = [
        {"table": table, "column": column, "meaning": meaning}
        for table, book in (("annotations", CODEBOOK), ("consensus", CONSENSUS_CODEBOOK))
        for column, meaning in book.items()
    ]
    return csv_text(["table", "column", "meaning"], iter(rows))
