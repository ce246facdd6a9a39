"""Readers of the samples in a file, at the file's own rate and with its own channels.

A reader gives blocks of (n, channels) float32 and says what its file holds. It refuses what cannot
be opened; what the samples themselves show is refused by modeling.audio.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from modeling.containers import fault_in_container

# PyAV is imported where it is used: web processes load this module and start without it.
if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 768_000
STEM_MP4_N_STREAMS = 5
_SUBTYPES_OF_16_BIT = ("PCM_16", "PCM_S8", "PCM_U8")
_LONGEST_HEADER_FRAMES = 2**50  # libsndfile's way to say that the header gives no length
_NOT_AUDIO = "is not readable audio; give wav, flac, ogg, mp3, aiff or a MUSDB18 .stem.mp4"

Frames = NDArray[np.float32]


class AudioError(Exception):
    """An audio file that cannot be used: the file, and one line with the reason and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class StemFile:
    """Where a stem is: a file, or one audio stream (counted from 0) of a `.stem.mp4`."""

    path: Path
    stream: int | None = None


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says. `n_frames` is None where it gives no length."""

    sample_rate_hz: int
    channels: int
    n_frames: int | None
    subtype: str

    @property
    def duration_s(self) -> float | None:
        return None if self.n_frames is None else self.n_frames / self.sample_rate_hz

    @property
    def is_integer(self) -> bool:
        """Whether the samples are integers, which can be neither NaN nor out of range."""
        return self.subtype.startswith("PCM_")

    @property
    def fits_16_bit(self) -> bool:
        """Whether 16 bits hold the samples exactly."""
        return self.subtype in _SUBTYPES_OF_16_BIT


class Reader(Protocol):
    """An open file: what it holds, and its samples in order."""

    info: AudioInfo
    # How many frames a whole file may have fewer than its header says.
    slack_frames: int

    def blocks(self, n_frames: int) -> Iterator[Frames]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_reader(file: StemFile) -> Reader:
    """Open a stem for reading.

    Raises:
        AudioError: missing, unreadable, empty, cut off, not audio, 0 or more than 2 channels.
    """
    try:
        fault = fault_in_container(file.path)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise AudioError(file.path, f"cannot be read: {reason}; check path and rights") from error
    if fault:
        raise AudioError(file.path, fault)
    reader = _SoundfileReader(file) if file.stream is None else _Mp4Reader(file, file.stream)
    try:
        _check_header(file.path, reader.info)
    except AudioError:
        reader.__exit__(None, None, None)
        raise
    return reader


def _check_header(path: Path, info: AudioInfo) -> None:
    if info.channels not in (1, 2):
        raise AudioError(
            path, f"has {info.channels} channels; export the stem again as mono or stereo"
        )
    if not LOWEST_RATE_HZ <= info.sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            path,
            f"has a sample rate of {info.sample_rate_hz} Hz; "
            f"use {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz",
        )


class _SoundfileReader:
    """wav, flac, ogg, mp3 and aiff through libsndfile."""

    def __init__(self, file: StemFile) -> None:
        self._path = file.path
        try:
            self._file = soundfile.SoundFile(file.path)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise AudioError(file.path, _NOT_AUDIO) from error
        n_frames = self._file.frames
        self.info = AudioInfo(
            sample_rate_hz=self._file.samplerate,
            channels=self._file.channels,
            n_frames=n_frames if 0 < n_frames < _LONGEST_HEADER_FRAMES else None,
            subtype=self._file.subtype,
        )
        # The length in an MP3 is counted in its frames of 1152 samples, the decoder's delay aside.
        self.slack_frames = 2 * 1152 if self._file.format == "MP3" else 0

    def blocks(self, n_frames: int) -> Iterator[Frames]:
        n_done = 0
        try:
            while len(block := self._file.read(n_frames, dtype="float32", always_2d=True)):
                n_done += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            at_s = n_done / self.info.sample_rate_hz
            raise AudioError(
                self._path,
                f"is truncated or corrupt soon after {at_s:.1f} s; copy or export the file again",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class _Mp4Reader:
    """One audio stream of a MUSDB18 `.stem.mp4`, through PyAV."""

    def __init__(self, file: StemFile, stream: int) -> None:
        import av

        self._path = file.path
        try:
            # The format is named so that a text with this suffix is never taken for a playlist.
            self._container = av.open(str(file.path.absolute()), format="mp4")
        except (av.FFmpegError, ValueError) as error:
            reason = "is not a readable MP4 file, or it is truncated; copy the file again"
            raise AudioError(file.path, reason) from error
        streams = self._container.streams.audio
        if len(streams) != STEM_MP4_N_STREAMS:
            self._container.close()
            raise AudioError(
                file.path,
                f"has {len(streams)} audio streams; a MUSDB18 stem file has five: "
                "mixture, drums, bass, other, vocals",
            )
        self._stream: AudioStream = streams[stream]
        self.info = self._read_info()
        self.slack_frames = 2 * (self._stream.codec_context.frame_size or 1024)

    def _read_info(self) -> AudioInfo:
        stream = self._stream
        length_s = (
            None
            if stream.duration is None or stream.time_base is None
            else float(stream.duration * stream.time_base)
        )
        return AudioInfo(
            sample_rate_hz=stream.rate,
            channels=stream.channels,
            n_frames=None if length_s is None else round(length_s * stream.rate),
            subtype=stream.codec_context.name.upper(),
        )

    def blocks(self, n_frames: int) -> Iterator[Frames]:
        import av

        waiting: list[Frames] = []
        n_waiting = n_done = 0
        to_float = av.AudioResampler(format="flt")
        try:
            for packet in self._container.demux(self._stream):
                for frame in packet.decode():
                    waiting += [_samples(part) for part in to_float.resample(frame)]
                n_waiting = sum(map(len, waiting))
                if n_waiting >= n_frames:
                    n_done += n_waiting
                    yield np.concatenate(waiting)
                    waiting, n_waiting = [], 0
        except av.FFmpegError as error:
            at_s = (n_done + n_waiting) / self.info.sample_rate_hz
            raise AudioError(
                self._path, f"is truncated or corrupt at {at_s:.1f} s; copy the file again"
            ) from error
        if waiting:
            yield np.concatenate(waiting)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()


def _samples(frame: "AudioFrame") -> Frames:
    """(n, channels) float32 of a packed float frame."""
    interleaved = np.asarray(frame.to_ndarray(), dtype=np.float32)
    return interleaved.reshape(-1, frame.layout.nb_channels)
