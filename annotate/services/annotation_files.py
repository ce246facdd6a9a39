"""Balances made elsewhere: reading CSV or JSON (docs/annotation-format.md), and making the rows."""

import csv
import hashlib
import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from analysis.vectors import STEMS
from annotate.background import enqueue_once
from annotate.fields import StemValues, check_stem_values
from annotate.models import (
    Annotation,
    Annotator,
    Assignment,
    Campaign,
    CampaignExcerpt,
    Excerpt,
    Slot,
    Song,
)
from annotate.services.campaigns import add_excerpts

FORMAT = "gainsay-annotations/1"
CSV_COLUMNS = ("song", "excerpt", "annotator", "stem", "balance_db")
WIDEST_DB = 120.0


class AnnotationFileError(ValueError):
    """Names the file, the place in it, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's balance of one excerpt; excerpts are named by (song, excerpt)."""

    excerpt: tuple[str, str]
    annotator: str
    balance_db: StemValues
    comment: str = ""


@dataclass(slots=True)
class AnnotationFile:
    """What a file says, checked as a whole before anything is stored."""

    source: str
    loudness_lufs: dict[tuple[str, str], StemValues | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def read_file(path: Path) -> AnnotationFile:
    """Read CSV or JSON by its ending. Raises AnnotationFileError."""
    readers = {".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise AnnotationFileError(f"{path}: the name must end in .json or .csv")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AnnotationFileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AnnotationFileError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    found = reader(path, text)
    if not found.entries:
        raise AnnotationFileError(f"{path} holds no annotation")
    _refuse_twice(path, found)
    return found


def _refuse_twice(path: Path, found: AnnotationFile) -> None:
    seen: set[tuple[tuple[str, str], str]] = set()
    for entry in found.entries:
        if (entry.excerpt, entry.annotator) in seen:
            song, excerpt = entry.excerpt
            raise AnnotationFileError(
                f"{path}: {entry.annotator} has two balances of {song!r} / {excerpt!r}: keep one"
            )
        seen.add((entry.excerpt, entry.annotator))


def _read_json(path: Path, text: str) -> AnnotationFile:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise AnnotationFileError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise AnnotationFileError(f'{path}: "format" must be "{FORMAT}"')
    found = AnnotationFile(source=str(data.get("source", path.name)))
    for number, row in enumerate(_list(path, data, "excerpts"), 1):
        place = f"{path}: excerpts[{number}]"
        loudness = row.get("stem_loudness_lufs")
        found.loudness_lufs[_names(place, row)] = (
            None if loudness is None else _levels(place, "stem_loudness_lufs", loudness)
        )
    for number, row in enumerate(_list(path, data, "annotations"), 1):
        place = f"{path}: annotations[{number}]"
        excerpt = _names(place, row)
        found.loudness_lufs.setdefault(excerpt, None)
        found.entries.append(
            Entry(
                excerpt,
                _text(place, row, "annotator"),
                _balance(place, row.get("balance_db")),
                str(row.get("comment", ""))[:2000].replace("\x00", ""),
            )
        )
    return found


def _list(path: Path, data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise AnnotationFileError(f"{path}: {name} must be a list of objects")
    return rows


def _read_csv(path: Path, text: str) -> AnnotationFile:
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in CSV_COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise AnnotationFileError(f"{path}: column {missing[0]!r} is missing")
    found = AnnotationFile(source=path.name)
    balances: dict[tuple[tuple[str, str], str], StemValues] = {}
    comments: dict[tuple[tuple[str, str], str], str] = {}
    for row in reader:
        place = f"{path}: line {reader.line_num}"
        excerpt, annotator = _names(place, row), _text(place, row, "annotator")
        stem = (row["stem"] or "").strip().lower()
        if stem not in STEMS:
            raise AnnotationFileError(f"{place}: stem {stem!r} is none of {', '.join(STEMS)}")
        balance = balances.setdefault((excerpt, annotator), {})
        if stem in balance:
            raise AnnotationFileError(f"{place}: {annotator} has {stem} of {excerpt[0]!r} twice")
        balance[stem] = _cell(place, row, "balance_db")
        comments.setdefault((excerpt, annotator), (row.get("comment") or "")[:2000])
        loudness = _cell(place, row, "loudness_lufs")
        _note_loudness(place, found, excerpt, stem, loudness)
    for (excerpt, annotator), balance in balances.items():
        full: StemValues = {s: balance.get(s) for s in STEMS}
        place = f"{path}: {annotator}, {excerpt[0]!r}"
        found.entries.append(
            Entry(excerpt, annotator, _balance(place, full), comments[excerpt, annotator])
        )
    return found


def _note_loudness(
    place: str,
    found: AnnotationFile,
    excerpt: tuple[str, str],
    stem: str,
    loudness: float | None,
) -> None:
    known = found.loudness_lufs.setdefault(excerpt, None)
    if loudness is None:
        return
    if known is None:
        known = found.loudness_lufs[excerpt] = dict.fromkeys(STEMS)
    if known[stem] not in (None, loudness):
        raise AnnotationFileError(
            f"{place}: {stem} of {excerpt[0]!r} has loudness {known[stem]} and {loudness}: keep one"
        )
    known[stem] = loudness


def _cell(place: str, row: dict[str, Any], name: str) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise AnnotationFileError(f"{place}: {name} {text!r} is no number") from None
    if not math.isfinite(value):
        raise AnnotationFileError(f"{place}: {name} {text!r} is not finite: leave it empty for off")
    return value


def _names(place: str, row: dict[str, Any]) -> tuple[str, str]:
    excerpt = row.get("excerpt")
    return _text(place, row, "song"), str(excerpt or "").strip()[:100]


def _text(place: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise AnnotationFileError(f"{place}: {name} is missing or empty")
    return value.strip()[:200].replace("\x00", "")


def _levels(place: str, name: str, values: object) -> StemValues:
    try:
        return check_stem_values(values)
    except ValidationError as error:
        raise AnnotationFileError(f"{place}: {name}: {error.messages[0]}") from None


def _balance(place: str, values: object) -> StemValues:
    balance = _levels(place, "balance_db", values)
    if sum(value is not None for value in balance.values()) < 2:
        raise AnnotationFileError(f"{place}: fewer than two stems have a level: nothing to compare")
    for stem, value in balance.items():
        if value is not None and abs(value) > WIDEST_DB:
            raise AnnotationFileError(f"{place}: {stem} = {value:g} dB is no balance")
    return balance


@transaction.atomic
def import_annotations(found: AnnotationFile, *, owner: Any, name: str, now: datetime) -> Campaign:
    """A closed campaign with everything the file says; nothing when any of it cannot be stored.

    Excerpts are matched with the library by song ("artist - title" or title) and excerpt (its key
    or label); what the library does not have is kept without audio, by its loudness.
    """
    if Campaign.objects.filter(owner=owner, name=name).exists():
        raise AnnotationFileError(f"a campaign {name!r} exists already: choose another --name")
    excerpts = {names: _excerpt(names, found, now) for names in found.loudness_lufs}
    per_excerpt = [sum(e.excerpt == names for e in found.entries) for names in excerpts]
    campaign = Campaign.objects.create(
        owner=owner,
        name=name,
        state=Campaign.State.CLOSED,
        overlap=max(per_excerpt),
        repeats=0,
        headphone_check=Campaign.HeadphoneCheck.NONE,
        instructions=f"Imported from {found.source}",
        created_at=now,
        opened_at=now,
        closed_at=now,
    )
    distinct = list(dict.fromkeys(excerpts.values()))
    items = dict(zip(distinct, add_excerpts(campaign, distinct), strict=True))
    people = _people(campaign, found, now)
    slots: dict[CampaignExcerpt, int] = dict.fromkeys(items.values(), 0)
    for entry in found.entries:
        item = items[excerpts[entry.excerpt]]
        slots[item] += 1
        _store(entry, item, people[entry.annotator], slots[item], now)
    enqueue_once("compute_consensus", {"campaign": campaign.key})
    return campaign


def _people(campaign: Campaign, found: AnnotationFile, now: datetime) -> dict[str, Annotator]:
    names = list(dict.fromkeys(entry.annotator for entry in found.entries))
    return {
        name: Annotator.objects.create(
            campaign=campaign,
            number=number,
            kind=Annotator.Kind.IMPORTED,
            note=name,
            # Nobody has a link: this hash belongs to no token.
            token_hash=hashlib.sha256(f"imported:{campaign.key}:{number}".encode()).hexdigest(),
            created_at=now,
        )
        for number, name in enumerate(names, 1)
    }


def _excerpt(names: tuple[str, str], found: AnnotationFile, now: datetime) -> Excerpt:
    song_name, label = names
    fits = [
        excerpt
        for excerpt in Excerpt.objects.usable().select_related("song").order_by("pk")
        if song_name in (str(excerpt.song), excerpt.song.title, excerpt.song.key)
        and label in ("", excerpt.label, excerpt.key)
    ]
    if fits:
        return fits[0]
    loudness = found.loudness_lufs[names]
    if loudness is None:
        raise AnnotationFileError(
            f"{song_name!r} / {label!r} is not in the library and the file gives no loudness of "
            "its stems: import the song, or add stem_loudness_lufs"
        )
    fingerprint = hashlib.sha256(f"no audio:{found.source}:{song_name}".encode()).hexdigest()
    song, _ = Song.objects.get_or_create(
        fingerprint=fingerprint,
        defaults={
            "title": song_name,
            "source": found.source[:500],
            "has_audio": False,
            "imported_at": now,
        },
    )
    return Excerpt.objects.create(
        song=song,
        label=label,
        origin=Excerpt.Origin.IMPORTED,
        loudness_lufs=loudness,
        peak_dbfs=dict.fromkeys(STEMS),
        activity=dict.fromkeys(STEMS),
        has_audio=False,
        created_at=now,
    )


def _store(
    entry: Entry, item: CampaignExcerpt, annotator: Annotator, slot: int, now: datetime
) -> None:
    nothing: StemValues = dict.fromkeys(STEMS)
    assignment = Assignment.objects.create(
        item=item,
        annotator=annotator,
        slot_number=slot,
        state=Assignment.State.SUBMITTED,
        served_gain_db=nothing,
        trim_db=nothing,
        start_db=nothing,
        created_at=now,
        finished_at=now,
    )
    Annotation.objects.create(
        assignment=assignment,
        idempotency_key="imported",
        balance_db=entry.balance_db,
        comment=entry.comment,
        submitted_at=now,
    )
    Slot.objects.filter(item=item, number=slot).update(assignment=assignment, is_filled=True)
    CampaignExcerpt.objects.filter(pk=item.pk).update(completed=slot)
