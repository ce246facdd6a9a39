"""Songs into the library: the folder by `modeling.ingest`, the rows here, both or neither."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction

from analysis.vectors import STEMS
from annotate.fields import StemValues, new_key
from annotate.levels import TRIM_DB
from annotate.media import media_folder
from annotate.models import Excerpt, Song, Stem
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from modeling.audio import AudioError
from modeling.excerpts import ExcerptWindow, choose_excerpts, cut_excerpt
from modeling.headroom import safe_target_lufs
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.songs import IngestedSong, read_levels

# Whatever the trims, faders reach this far around stems of equal loudness.
LEVELLED_RANGE_DB = (FADER_LOW_DB - TRIM_DB, FADER_HIGH_DB + TRIM_DB)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one source: the song, and whether it was in the library before."""

    song: Song
    is_new: bool


def songs_dir() -> Path:
    return media_folder("songs")


def excerpts_dir() -> Path:
    return media_folder("excerpts")


def source_key(source: SongSource) -> str:
    """Cheap key of the files a song comes from (names, sizes, times), so that a second import of
    the same files need not decode them."""
    parts = [source.layout, source.title, source.artist]
    for path in sorted({stem.path for stem in source.stems.values()}):
        stat = path.stat()
        parts += [str(path.resolve()), str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def known_song(source: SongSource) -> Song | None:
    """The song that came from these very files; None when they are new or have changed."""
    return Song.objects.filter(source_key=source_key(source), excerpts__isnull=False).first()


def import_songs(
    sources: Sequence[SongSource], *, now: datetime, jobs: int = 1
) -> Iterator[tuple[SongSource, Imported | AudioError]]:
    """Take songs in, `jobs` at a time, and tell of each what came of it; one that fails does not
    stop the others.

    Safe to stop and to run again: the same files are known by `source_key`, the same audio
    elsewhere by its fingerprint, and a song's folder appears whole or not at all.
    """
    waiting = []
    for source in sources:
        try:
            known = known_song(source)
        except OSError as error:
            yield source, AudioError(source.path, f"cannot be read: {error.strerror}")
            continue
        if known is not None:
            yield source, Imported(known, is_new=False)
        else:
            waiting.append(source)
    for source, ingested in _ingest_all(waiting, jobs):
        if isinstance(ingested, AudioError):
            yield source, ingested
            continue
        try:
            yield source, register(source, ingested, now=now)
        except AudioError as error:
            yield source, error


def _ingest_all(
    sources: Sequence[SongSource], jobs: int
) -> Iterator[tuple[SongSource, IngestedSong | AudioError]]:
    if jobs == 1 or len(sources) < 2:
        for source in sources:
            try:
                yield source, ingest(source, songs_dir(), folder_name=new_key())
            except AudioError as error:
                yield source, error
        return
    # Fresh processes: a fork would share this one's database connection.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {
            pool.submit(ingest, source, songs_dir(), folder_name=new_key()): source
            for source in sources
        }
        for future in as_completed(futures):
            fault = future.exception()
            if isinstance(fault, AudioError):
                yield futures[future], fault
            else:
                yield futures[future], future.result()


def register(source: SongSource, ingested: IngestedSong, *, now: datetime) -> Imported:
    """Make the rows of a song whose folder is in the library, or remove the folder again."""
    key = ingested.folder.name
    try:
        same_audio = Song.objects.filter(fingerprint=ingested.fingerprint).first()
        if same_audio is not None:
            shutil.rmtree(ingested.folder)
            Song.objects.filter(pk=same_audio.pk).update(source_key=source_key(source))
            return Imported(same_audio, is_new=False)
        with transaction.atomic():
            song = Song.objects.create(
                key=key,
                title=source.title[:200],
                artist=source.artist[:200],
                genre=source.genre[:100],
                split=source.split[:20],
                licence=source.licence[:100],
                source=source.origin[:500],
                is_generated=source.generated,
                fingerprint=ingested.fingerprint,
                source_key=source_key(source),
                duration_s=ingested.duration_s,
                notes=list(ingested.notes),
                imported_at=now,
            )
            Stem.objects.bulk_create(_stems(song, ingested))
            add_automatic_excerpt(song, now=now)
    except BaseException:
        shutil.rmtree(ingested.folder, ignore_errors=True)
        raise
    return Imported(song, is_new=True)


def _stems(song: Song, ingested: IngestedSong) -> list[Stem]:
    peaks = peak_dbfs(read_levels(ingested.folder).peaks)
    return [
        Stem(
            song=song,
            role=role,
            loudness_lufs=stored.loudness_lufs,
            peak_dbfs=peaks[role],
            activity=stored.activity,
            source_rate_hz=stored.source_rate_hz,
            source_channels=stored.source_channels,
        )
        for role, stored in ingested.stems.items()
    ]


def peak_dbfs(peaks: np.ndarray[Any, Any]) -> StemValues:
    """Sample peak of each stem from its peaks per hop (n_hops, 4); null where it is silent."""
    highest = peaks.max(axis=0, initial=0.0)
    return {
        stem: float(20.0 * np.log10(peak)) if peak > 0.0 else None
        for stem, peak in zip(STEMS, highest, strict=True)
    }


def add_automatic_excerpt(song: Song, *, now: datetime) -> Excerpt:
    """The window that the automatic choice finds best."""
    levels = read_levels(song.folder)
    window = choose_excerpts(levels.gram, levels.peaks)[0]
    return add_excerpt(song, window, origin=Excerpt.Origin.AUTOMATIC, now=now)


def add_excerpt(song: Song, window: ExcerptWindow, *, origin: str, now: datetime) -> Excerpt:
    """Cut the window into a folder of its own, measure it, and make its row."""
    key = new_key()
    cut = cut_excerpt(song.folder, window.start_s, window.duration_s, excerpts_dir() / key)
    try:
        levels = read_levels(cut.folder)
        loudness: StemValues = dict(cut.loudness_lufs)
        return Excerpt.objects.create(
            key=key,
            song=song,
            start_s=cut.start_s,
            duration_s=cut.duration_s,
            origin=origin,
            reasons=list(window.reasons),
            loudness_lufs=loudness,
            peak_dbfs=peak_dbfs(levels.peaks),
            activity=dict(cut.activity),
            safe_target_lufs=_safe_target(levels.gram, levels.peaks, loudness),
            created_at=now,
        )
    except BaseException:
        shutil.rmtree(excerpts_dir() / key, ignore_errors=True)
        raise


def _safe_target(
    gram: np.ndarray[Any, Any], peaks: np.ndarray[Any, Any], loudness: StemValues
) -> float | None:
    """The highest loudness at which no setting of the faders can clip, trims included."""
    gains_db = [0.0 if loudness[s] is None else -23.0 - float(loudness[s] or 0.0) for s in STEMS]
    gains = 10.0 ** (np.array(gains_db) / 20.0)
    return safe_target_lufs(
        gram * np.outer(gains, gains),
        peaks * gains,
        rng=np.random.default_rng(0),
        range_db=LEVELLED_RANGE_DB,
    )
