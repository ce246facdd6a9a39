"""Songs into the library: the folder by `modeling.ingest`, the rows here, both or neither."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction

from analysis.vectors import STEMS
from annotate.fields import StemValues, storable_text
from annotate.levels import TRIM_DB
from annotate.media import media_folder
from annotate.models import Excerpt, Song, Stem
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from annotate.services.journal import Journal, journal, settle_abandoned
from annotate.services.reading import ingest_under_journal
from modeling.audio import AudioError
from modeling.excerpts import ExcerptWindow, choose_excerpts, cut_excerpt
from modeling.headroom import safe_target_lufs
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.songs import IngestedSong, read_levels
from modeling.storage import StorageError

# Whatever the trims, faders reach this far around stems of equal loudness.
LEVELLED_RANGE_DB = (FADER_LOW_DB - TRIM_DB, FADER_HIGH_DB + TRIM_DB)


# Reads a song into the library under a key of the journal. Raises AudioError.
Read = Callable[[SongSource, Journal], IngestedSong]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one source: the song, and whether it was in the library before."""

    song: Song
    is_new: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is not in the library, with its key from before it was read: files that change
    meanwhile are read again by the next import."""

    source: SongSource
    key: str


def songs_dir() -> Path:
    return media_folder("songs")


def excerpts_dir() -> Path:
    return media_folder("excerpts")


def source_key(source: SongSource) -> str:
    """Cheap key of the files a song comes from (names, sizes, times), so that a second import of
    the same files need not decode them. Raises UnicodeEncodeError for a name that is no text."""
    parts = [source.layout]
    for path in sorted({stem.path for stem in source.stems.values()}):
        stat = path.stat()
        parts += [str(path.resolve()), str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def known_song(key: str) -> Song | None:
    """The song that came from these very files; None when they are new or have changed."""
    return Song.objects.filter(source_key=key).first()


def import_songs(
    sources: Sequence[SongSource], *, now: datetime, jobs: int = 1, read: Read | None = None
) -> Iterator[tuple[SongSource, Imported | AudioError]]:
    """Take songs in, `jobs` at a time, and tell of each what came of it; one that fails does not
    stop the others. `read` takes the place of reading in this process.

    Safe to stop and to run again: the same files are known by `source_key`, the same audio
    elsewhere by its fingerprint, and a song's folder and rows are there together or not at all.
    """
    settle_abandoned()
    waiting: list[Waiting] = []
    for source in sources:
        try:
            key = source_key(source)
        except OSError as error:
            yield source, AudioError(source.path, f"cannot be read: {error.strerror}")
            continue
        except UnicodeEncodeError:
            yield source, AudioError(source.path, "has a name that is no UTF-8 text; rename it")
            continue
        known = known_song(key)
        if known is not None:
            yield source, Imported(known, is_new=False)
        else:
            waiting.append(Waiting(source, key))
    yield from _import_new(waiting, now=now, jobs=jobs, read=read)


def _import_new(
    waiting: Sequence[Waiting], *, now: datetime, jobs: int, read: Read | None
) -> Iterator[tuple[SongSource, Imported | AudioError]]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(journal())
        except StorageError as error:
            yield from ((one.source, error) for one in waiting)
            return
        for one, ingested in _ingest_all(waiting, opened, jobs, read):
            if isinstance(ingested, AudioError):
                yield one.source, ingested
                continue
            try:
                yield one.source, register(one, ingested, opened, now=now)
            except AudioError as error:
                yield one.source, error


def _ingest_all(
    waiting: Sequence[Waiting], opened: Journal, jobs: int, read: Read | None
) -> Iterator[tuple[Waiting, IngestedSong | AudioError]]:
    if read is not None or jobs == 1 or len(waiting) < 2:
        for one in waiting:
            try:
                yield one, (read or _read_here)(_storable(one.source), opened)
            except AudioError as error:
                yield one, error
        return
    library = songs_dir()
    # Fresh processes: a fork would share this one's database connection.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:

        def submit(one: Waiting) -> "Future[IngestedSong]":
            source, key = _storable(one.source), opened.new_key()
            return pool.submit(ingest_under_journal, source, library, key, opened.path)

        try:
            futures = {submit(one): one for one in waiting}
            for future in as_completed(futures):
                yield futures[future], _outcome(futures[future].source, future)
        finally:
            # Whoever stops listening wants no more songs than those that are being read.
            pool.shutdown(cancel_futures=True)


def _read_here(source: SongSource, opened: Journal) -> IngestedSong:
    return ingest(source, songs_dir(), folder_name=opened.new_key())


def _outcome(source: SongSource, future: "Future[IngestedSong]") -> IngestedSong | AudioError:
    try:
        return future.result()
    except AudioError as error:
        return error
    except BrokenProcessPool:
        return AudioError(
            source.path, "was not read: a process was killed, by lack of memory perhaps; try again"
        )


def _storable(source: SongSource) -> SongSource:
    """A file's name can hold what is no text; its title cannot."""
    return replace(
        source,
        title=storable_text(source.title),
        artist=storable_text(source.artist),
        genre=storable_text(source.genre),
        licence=storable_text(source.licence),
        origin=storable_text(source.origin),
    )


def register(one: Waiting, ingested: IngestedSong, opened: Journal, *, now: datetime) -> Imported:
    """Make the rows of a song whose folder is in the library, or remove the folder again."""
    try:
        song = _song_of(one, ingested, opened, now)
    except BaseException:
        shutil.rmtree(ingested.folder, ignore_errors=True)
        raise
    is_new = song.key == ingested.folder.name
    if not is_new:
        shutil.rmtree(ingested.folder)
        Song.objects.filter(pk=song.pk).update(source_key=one.key)
    return Imported(song, is_new=is_new)


def _song_of(one: Waiting, ingested: IngestedSong, opened: Journal, now: datetime) -> Song:
    same_audio = Song.objects.filter(fingerprint=ingested.fingerprint)
    known = same_audio.first()
    if known is not None:
        return known
    try:
        return _create(one, ingested, opened, now)
    except IntegrityError:
        # Another import of the same song was faster by a moment.
        return same_audio.get()


@transaction.atomic
def _create(one: Waiting, ingested: IngestedSong, opened: Journal, now: datetime) -> Song:
    song = Song.objects.create(
        key=ingested.folder.name,
        title=ingested.title[:200],
        artist=ingested.artist[:200],
        genre=ingested.genre[:100],
        split=ingested.split[:20],
        licence=ingested.licence[:100],
        source=ingested.origin[:500],
        is_generated=ingested.generated,
        fingerprint=ingested.fingerprint,
        source_key=one.key,
        duration_s=ingested.duration_s,
        notes=list(ingested.notes),
        imported_at=now,
    )
    Stem.objects.bulk_create(_stems(song, ingested))
    add_automatic_excerpt(song, opened, now=now)
    return song


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


def add_automatic_excerpt(song: Song, opened: Journal, *, now: datetime) -> Excerpt:
    """The window that the automatic choice finds best."""
    levels = read_levels(song.folder)
    window = choose_excerpts(levels.gram, levels.peaks)[0]
    return _add_excerpt(song, window, opened.new_key(), origin=Excerpt.Origin.AUTOMATIC, now=now)


def add_excerpt(song: Song, window: ExcerptWindow, *, origin: str, now: datetime) -> Excerpt:
    """Cut the window into a folder of its own, measure it, and make its row."""
    with journal() as opened:
        return _add_excerpt(song, window, opened.new_key(), origin=origin, now=now)


def _add_excerpt(
    song: Song, window: ExcerptWindow, key: str, *, origin: str, now: datetime
) -> Excerpt:
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
