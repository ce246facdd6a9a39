"""A campaign from balances that were made elsewhere: all of a file's rows, or none."""

import hashlib
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from django.db import transaction

from analysis.vectors import STEMS
from annotate.background import enqueue_once
from annotate.fields import StemValues, storable_text
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
from annotate.services.annotation_files import AnnotationFile, AnnotationFileError, Entry
from annotate.services.campaigns import add_excerpts

LONGEST_NAME = 200
Names = tuple[str, str]


@transaction.atomic
def import_annotations(found: AnnotationFile, *, owner: Any, name: str, now: datetime) -> Campaign:
    """A closed campaign with everything the file says; nothing when any of it cannot be stored.

    Excerpts are matched with the library by song ("artist - title" or title) and excerpt (its key
    or label); what the library does not have is kept without audio, by its loudness.
    """
    name = _free_name(owner, name)
    excerpts = _excerpts(found, now)
    _refuse_twice(found, excerpts)
    per_excerpt = Counter(excerpts[entry.excerpt].pk for entry in found.entries)
    campaign = Campaign.objects.create(
        owner=owner,
        name=name,
        state=Campaign.State.CLOSED,
        overlap=max(per_excerpt.values()),
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


def _free_name(owner: Any, name: str) -> str:
    name = storable_text(name).strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise AnnotationFileError(
            f"the name has {len(name)} characters: give a --name of 1 to {LONGEST_NAME}"
        )
    if Campaign.objects.filter(owner=owner, name=name).exists():
        raise AnnotationFileError(f"a campaign {name!r} exists already: choose another --name")
    return name


def _refuse_twice(found: AnnotationFile, excerpts: dict[Names, Excerpt]) -> None:
    """Two names of the file may be one excerpt of the library."""
    seen: dict[tuple[int, str], Names] = {}
    for entry in found.entries:
        excerpt = excerpts[entry.excerpt]
        before = seen.setdefault((excerpt.pk, entry.annotator), entry.excerpt)
        if before != entry.excerpt:
            raise AnnotationFileError(
                f"{before[0]!r} / {before[1]!r} and {entry.excerpt[0]!r} / {entry.excerpt[1]!r} "
                f"are one excerpt, {excerpt}, and {entry.annotator} has two balances of it: keep "
                "one"
            )


def _excerpts(found: AnnotationFile, now: datetime) -> dict[Names, Excerpt]:
    """The excerpt that each pair of names in the file means."""
    library: dict[str, list[Excerpt]] = defaultdict(list)
    usable = Excerpt.objects.usable().filter(has_audio=True)
    for excerpt in usable.select_related("song").order_by("pk"):
        for name in {str(excerpt.song), excerpt.song.title, excerpt.song.key}:
            library[name].append(excerpt)
    return {
        names: _of_library(names, library[names[0]]) or _without_audio(names, found, now)
        for names in found.loudness_lufs
    }


def _of_library(names: Names, of_song: list[Excerpt]) -> Excerpt | None:
    song, label = names
    fits = [excerpt for excerpt in of_song if label in ("", excerpt.label, excerpt.key)]
    if len(fits) > 1:
        raise AnnotationFileError(
            f"{song!r} / {label!r} fits {len(fits)} excerpts of the library: name the song "
            "'Artist - Title', and the excerpt by its key"
        )
    return fits[0] if fits else None


def _without_audio(names: Names, found: AnnotationFile, now: datetime) -> Excerpt:
    """What the library does not have, known by the loudness of its stems; the same file twice
    gives the same excerpt."""
    song_name, label = names
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
            "source": found.source,
            "has_audio": False,
            "imported_at": now,
        },
    )
    for earlier in song.excerpts.usable().filter(label=label):
        if earlier.loudness_lufs == loudness:
            return earlier
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
