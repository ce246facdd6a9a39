"""Decoding a stem as a stream of blocks, at 44.1 kHz and in stereo, whatever the file is.

libsndfile reads wav, flac, ogg, mp3 and aiff; PyAV only decodes the streams of `.stem.mp4` files.
Mono is doubled, other sample rates are resampled, and what is not one whole mono or stereo
recording is refused with one line. Memory does not grow with the length of the file.
"""

import hashlib
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modeling.readers import AudioError, AudioInfo, Reader, StemFile, open_reader
from modeling.resample import StreamResampler

__all__ = [
    "DEFAULT_LONGEST_S",
    "SAMPLE_RATE_HZ",
    "AudioError",
    "AudioInfo",
    "Block",
    "StemDecoder",
    "StemFile",
    "decode",
    "probe",
]

SAMPLE_RATE_HZ = 44_100
DEFAULT_LONGEST_S = 30.0 * 60.0
# 24 dB over full scale: no float export is that hot; integers written as floats are.
LARGEST_SAMPLE = 16.0
_BLOCK_S = 1.0

Block = NDArray[np.float32]  # (2 channels, n samples) at 44.1 kHz


def probe(file: StemFile | Path) -> AudioInfo:
    """What the header of a stem says; nothing is decoded.

    Raises:
        AudioError: the file cannot be opened, or is no mono or stereo recording.
    """
    with open_reader(_as_stem_file(file)) as reader:
        return reader.info


def decode(file: StemFile | Path, *, longest_s: float = DEFAULT_LONGEST_S) -> Iterator[Block]:
    """The samples of a stem in blocks (2, n) float32 at 44.1 kHz, about a second each.

    Raises:
        AudioError: see `StemDecoder.blocks`.

    >>> n_samples = sum(block.shape[1] for block in decode(Path("vocals.flac")))  # doctest: +SKIP
    """
    return StemDecoder(file, longest_s=longest_s).blocks()


class StemDecoder:
    """Decodes one stem once, and takes the fingerprint of what it decoded on the way."""

    def __init__(self, file: StemFile | Path, *, longest_s: float = DEFAULT_LONGEST_S) -> None:
        """Look at the header.

        Raises:
            AudioError: the file cannot be opened, is no mono or stereo recording or is too long.
        """
        self.file = _as_stem_file(file)
        self.longest_s = longest_s
        self.info = probe(self.file)
        self._hash = hashlib.sha256(f"{self.info.sample_rate_hz} Hz\n".encode())
        if self.info.duration_s is not None and self.info.duration_s > longest_s:
            raise self._error(self._too_long(f"lasts {self.info.duration_s / 60:.1f} min"))

    def digest(self) -> bytes:
        """SHA-256 of the decoded samples at their own rate, as stereo float32.

        The same samples in another container have the same digest. Complete once `blocks` has
        ended.
        """
        return self._hash.digest()

    def blocks(self) -> Generator[Block]:
        """The samples in blocks (2, n) float32 at 44.1 kHz. Call it once.

        Raises:
            AudioError: truncated, corrupt, empty, too long, NaN, infinite or absurd samples.
        """
        rate_hz = self.info.sample_rate_hz
        if rate_hz == SAMPLE_RATE_HZ:
            yield from self._native_blocks()
            return
        resampler = StreamResampler(rate_hz, SAMPLE_RATE_HZ)
        for block in self._native_blocks():
            yield resampler.push(block)
        yield resampler.finish()

    def _native_blocks(self) -> Generator[Block]:
        n_done = 0
        with open_reader(self.file) as reader:
            for frames in reader.blocks(round(_BLOCK_S * self.info.sample_rate_hz)):
                stereo = np.repeat(frames, 2, axis=1) if frames.shape[1] == 1 else frames
                if not self.info.is_integer:
                    self._check_samples(stereo, n_done)
                    stereo = stereo + np.float32(0.0)  # -0.0 and 0.0 are one sample
                self._hash.update(np.ascontiguousarray(stereo, dtype="<f4").data)
                n_done += len(stereo)
                self._check_not_too_long(n_done)
                yield stereo.T
            self._check_whole(reader, n_done)

    def _check_samples(self, frames: NDArray[np.float32], n_before: int) -> None:
        # A NaN makes this comparison false as well.
        if np.abs(frames).max(initial=0.0) <= LARGEST_SAMPLE:
            return
        bad = ~(np.abs(frames) <= LARGEST_SAMPLE).all(axis=1)
        first = int(bad.argmax())
        value = float(frames[first][np.argmax(~(np.abs(frames[first]) <= LARGEST_SAMPLE))])
        at_s = (n_before + first) / self.info.sample_rate_hz
        name = f"of {value:g}" if np.isfinite(value) else f"that is {value}"
        raise self._error(
            f"has a sample {name} at {at_s:.3f} s; full scale is 1.0, export the stem again"
        )

    def _check_not_too_long(self, n_done: int) -> None:
        if n_done > self.longest_s * self.info.sample_rate_hz:
            raise self._error(self._too_long("goes on"))

    def _check_whole(self, reader: Reader, n_done: int) -> None:
        if n_done == 0:
            raise self._error("holds no samples; export the stem again")
        expected = self.info.n_frames
        if expected is not None and n_done < expected - reader.slack_frames:
            got_s, said_s = (n / self.info.sample_rate_hz for n in (n_done, expected))
            raise self._error(
                f"is truncated or corrupt: {got_s:.2f} s of the {said_s:.2f} s in its header "
                "could be decoded; copy or export the file again"
            )

    def _too_long(self, how: str) -> str:
        return f"{how}, beyond the limit of {self.longest_s / 60:g} min; cut it or raise the limit"

    def _error(self, reason: str) -> AudioError:
        stream = self.file.stream
        return AudioError(self.file.path, reason if stream is None else f"stream {stream} {reason}")


def _as_stem_file(file: StemFile | Path) -> StemFile:
    return file if isinstance(file, StemFile) else StemFile(file)
