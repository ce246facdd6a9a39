"""Taking a song into the library, in one pass over its four stems.

The stems are decoded side by side; every block is stored as FLAC, measured for the loudness Gram
and for the envelopes, and forgotten, so memory does not grow with the song. The mixture that comes
with a song is not even opened: it is not the sum of the stems, and a model or a listener that
could tell the two apart would know which mix was left as it is. Mixes are always rebuilt from
stems.

A song appears in the library whole or not at all: it is written into a hidden folder that is
renamed at the end.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import numpy as np

from analysis.vectors import STEMS
from modeling.audio import DEFAULT_LONGEST_S, SAMPLE_RATE_HZ, AudioError, Block, StemDecoder
from modeling.layouts import SongSource
from modeling.loudness import GramMeter
from modeling.songs import IngestedSong, Levels, StoredStem, read_song, write_song
from modeling.storage import (
    LARGEST_STORED,
    STORED_SCALE,
    StemWriter,
    StorageError,
    new_folder,
    stored_bits,
)
from modeling.waveform import EnvelopeMeter

SHORTEST_S = 0.4  # one block of BS.1770: anything shorter has no loudness
_CHUNK_SAMPLES = 5 * SAMPLE_RATE_HZ
_FOLDER_NAME_LENGTH = 32

Progress = Callable[[float], None]


class IngestError(AudioError):
    """A song whose files can be read but do not make a song together."""


def ingest(
    source: SongSource,
    library_dir: Path,
    *,
    folder_name: str | None = None,
    longest_s: float = DEFAULT_LONGEST_S,
    threads: int | None = None,
    progress: Progress | None = None,
) -> IngestedSong:
    """Decode, measure and store one song.

    Args:
        source: a song as `find_songs` gives it.
        library_dir: the parent of the song's folder; made where it is missing.
        folder_name: name of the new folder; the song's fingerprint where it is None. With a
            fingerprint as name, a song that is already there is found and left as it is.
        longest_s: a longer song is refused.
        threads: threads that decode and encode; None takes one per core, five at most.
        progress: called with the seconds of audio done since the last call.

    Raises:
        AudioError: a stem cannot be used.
        IngestError: all stems are silent, too short or of clearly different length.
        StorageError: the library cannot be written, or `folder_name` is taken by another song.
    """
    decoders = [StemDecoder(source.stems[stem], longest_s=longest_s) for stem in STEMS]
    n_threads = threads or min(len(STEMS) + 1, os.cpu_count() or 1)
    with new_folder(library_dir) as folder:
        tracks, levels = _store(source, decoders, folder, n_threads, progress)
        _check_audible(source, tracks, levels)
        fingerprint = hashlib.sha256(b"".join(decoder.digest() for decoder in decoders)).hexdigest()
        target = library_dir / (folder_name or fingerprint[:_FOLDER_NAME_LENGTH])
        song = _described(source, tracks, levels, fingerprint, target)
        levels.write(folder)
        write_song(folder, song)
        return _moved_in(folder, song)


def _moved_in(folder: Path, song: IngestedSong) -> IngestedSong:
    try:
        folder.rename(song.folder)
    except OSError as error:
        if not song.folder.is_dir():
            raise StorageError(song.folder, f"cannot be made: {error.strerror}") from error
        present = read_song(song.folder)
        if present.fingerprint != song.fingerprint:
            raise StorageError(song.folder, "holds another song; choose another name") from error
        return present
    return song


class _Track:
    """One stem on its way: decoded in chunks, padded at its end, clipped to what can be stored."""

    def __init__(self, stem: str, decoder: StemDecoder, folder: Path) -> None:
        self.stem, self.info = stem, decoder.info
        self.bits = stored_bits(
            fits_16_bit=self.info.fits_16_bit, sample_rate_hz=self.info.sample_rate_hz
        )
        self.writer = StemWriter(folder / f"{stem}.flac", self.bits)
        self.n_decoded = 0
        self.n_clipped = 0
        self._blocks = decoder.blocks()
        self._waiting: Block = np.empty((2, 0), dtype=np.float32)

    def read(self, target: Block) -> int:
        """Fill `target` (2, n) with the next samples; fewer than n at the end only."""
        n_read = 0
        while n_read < target.shape[1]:
            if not self._waiting.shape[1]:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._waiting = block
            taken = self._waiting[:, : target.shape[1] - n_read]
            target[:, n_read : n_read + taken.shape[1]] = taken
            self._waiting = self._waiting[:, taken.shape[1] :]
            n_read += taken.shape[1]
        self.n_decoded += n_read
        if self.bits != 16:
            self._clip(target[:, :n_read])
        return n_read

    def close(self) -> None:
        """Let go of the files; harmless after they were finished."""
        self._blocks.close()
        self.writer.abandon()

    @property
    def padded_s(self) -> float:
        """Silence added at the end."""
        return (self.writer.n_samples - self.n_decoded) / SAMPLE_RATE_HZ

    def _clip(self, samples: Block) -> None:
        n_over = np.count_nonzero(np.abs(samples) > LARGEST_STORED)
        if n_over:
            self.n_clipped += int(n_over)
            np.clip(samples, -LARGEST_STORED, LARGEST_STORED, out=samples)


def _store(
    source: SongSource,
    decoders: Sequence[StemDecoder],
    folder: Path,
    n_threads: int,
    progress: Progress | None,
) -> tuple[list[_Track], Levels]:
    """Decode all stems in lockstep; while one chunk is stored and measured, the next is decoded."""
    gram, envelope = GramMeter(SAMPLE_RATE_HZ), EnvelopeMeter()
    # One chunk is filled while the other one is stored and measured.
    chunks = np.empty((2, len(STEMS), 2, _CHUNK_SAMPLES), dtype=np.float32)
    pending: list[Future[None]] = []
    with ExitStack() as stack:
        tracks = []
        for stem, decoder in zip(STEMS, decoders, strict=True):
            tracks.append(_Track(stem, decoder, folder))
            stack.callback(tracks[-1].close)
        pool = stack.enter_context(ThreadPoolExecutor(n_threads))
        for chunk in cycle(chunks):
            counts = list(pool.map(_Track.read, tracks, chunk))
            _wait_for(pending)
            n_samples = max(counts)
            if n_samples == 0:
                break
            _check_lengths(source, tracks)
            for samples, n_read in zip(chunk, counts, strict=True):
                samples[:, n_read:] = 0.0
            stems = chunk[:, :, :n_samples]
            pending = [pool.submit(gram.push, stems), pool.submit(envelope.push, stems)]
            pending += [
                pool.submit(track.writer.write, samples)
                for track, samples in zip(tracks, stems, strict=True)
            ]
            if progress:
                progress(n_samples / SAMPLE_RATE_HZ)
        list(pool.map(lambda track: track.writer.close(), tracks))
    return tracks, Levels.measured(gram.finish(), envelope.finish())


def _wait_for(pending: Sequence[Future[None]]) -> None:
    for future in pending:
        future.result()


def _check_lengths(source: SongSource, tracks: Sequence[_Track]) -> None:
    """Refuse stems of clearly different length, as soon as that is sure."""
    longest = max(tracks, key=lambda track: track.n_decoded)
    shortest = min(tracks, key=lambda track: track.n_decoded)
    long_s, short_s = (track.n_decoded / SAMPLE_RATE_HZ for track in (longest, shortest))
    if long_s - short_s > max(1.0, 0.01 * long_s):
        raise IngestError(
            source.path,
            f"{shortest.stem} ends at {short_s:.2f} s but {longest.stem} goes on to {long_s:.2f} s "
            "or beyond; export all stems from the same start to the same end",
        )


def _check_audible(source: SongSource, tracks: Sequence[_Track], levels: Levels) -> None:
    duration_s = tracks[0].writer.n_samples / SAMPLE_RATE_HZ
    if duration_s < SHORTEST_S:
        raise IngestError(
            source.path,
            f"lasts {duration_s:.3f} s; a loudness needs {SHORTEST_S} s or more",
        )
    if not levels.any_active():
        raise IngestError(source.path, "all four stems are silent; export the stems again")


def _described(
    source: SongSource,
    tracks: Sequence[_Track],
    levels: Levels,
    fingerprint: str,
    target: Path,
) -> IngestedSong:
    loudness_lufs, activity = levels.loudness_lufs(), levels.activity()
    stems = {
        track.stem: StoredStem(
            bits=track.bits,
            stored_scale=STORED_SCALE[track.bits],
            n_clipped=track.n_clipped,
            loudness_lufs=loudness_lufs[track.stem],
            activity=activity[track.stem],
            source_subtype=track.info.subtype,
            source_rate_hz=track.info.sample_rate_hz,
            source_channels=track.info.channels,
            padded_s=track.padded_s,
        )
        for track in tracks
    }
    n_samples = tracks[0].writer.n_samples
    return IngestedSong(
        folder=target,
        already_there=False,
        fingerprint=fingerprint,
        layout=source.layout,
        title=source.title,
        artist=source.artist,
        genre=source.genre,
        split=source.split,
        licence=source.licence,
        origin=source.origin,
        generated=source.generated,
        n_samples=n_samples,
        duration_s=n_samples / SAMPLE_RATE_HZ,
        stems=stems,
        notes=tuple(note for stem in STEMS for note in _notes_on(stem, stems[stem])),
    )


def _notes_on(stem: str, stored: StoredStem) -> Iterator[str]:
    """What a person should know about how a stem came in, one sentence each."""
    if not stored.is_active:
        yield f"{stem} is silent and counts as inactive"
    if stored.source_channels == 1:
        yield f"{stem} is mono and was doubled to stereo"
    if stored.source_rate_hz != SAMPLE_RATE_HZ:
        yield f"{stem} was resampled from {stored.source_rate_hz} Hz"
    if stored.padded_s > 0.0:
        yield f"{stem} was shorter and got {stored.padded_s:.3f} s of silence at its end"
    if stored.n_clipped:
        yield f"{stem} had {stored.n_clipped} samples over +6.02 dBFS, which were clipped"
