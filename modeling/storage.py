"""How stems lie in a library: FLAC files, their scale, and the small arrays beside them.

A stem whose source is 16-bit integer at 44.1 kHz is stored bit for bit as 16-bit FLAC. Every other
one is stored as 24-bit FLAC at half amplitude, which leaves 6.02 dB of headroom for the peaks over
full scale that AAC, MP3, floats and resampling produce. The bit depth of a file thus tells its
scale.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import SAMPLE_RATE_HZ, AudioError, Block

STORED_SCALE = {16: 1.0, 24: 0.5}
# Smallest value that would not fit in 24 bits at half amplitude, minus one step.
LARGEST_STORED = np.float32(2.0 - 2.0**-22)
# Level 3 of FLAC's 8: within 6 % of the smallest file at a third of the time.
COMPRESSION_LEVEL = 0.375
_TAIL_S = 0.5


class StorageError(AudioError):
    """A file of the library that cannot be written or read."""


class StemWriter:
    """Writes one stem as FLAC, block by block, and makes sure that it reached the disk."""

    def __init__(self, path: Path, bits: int) -> None:
        self.path, self.bits = path, bits
        self.n_samples = 0
        try:
            self._file = soundfile.SoundFile(
                path,
                "w",
                SAMPLE_RATE_HZ,
                2,
                f"PCM_{bits}",
                format="FLAC",
                compression_level=COMPRESSION_LEVEL,
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise _cannot_write(self.path) from error

    def write(self, block: Block) -> None:
        """Append (2, n) samples; 24-bit ones must lie within +-LARGEST_STORED.

        Raises:
            StorageError: the disk is full or not writable.
        """
        try:
            self._file.write(_integers(block, self.bits))
        except (soundfile.LibsndfileError, AssertionError) as error:
            raise _cannot_write(self.path) from error
        self.n_samples += block.shape[1]

    def close(self) -> None:
        """Finish the file, bring it to the disk and read its end back.

        Raises:
            StorageError: the disk is full or not writable; libsndfile itself does not say so.
        """
        try:
            self._file.close()
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            _check_tail(self.path, self.n_samples)
        except (soundfile.LibsndfileError, OSError) as error:
            raise _cannot_write(self.path) from error

    def abandon(self) -> None:
        """Close without a word; the file is going to be deleted."""
        with suppress(soundfile.LibsndfileError, OSError):
            self._file.close()


def write_stem(path: Path, samples: Block, bits: int) -> None:
    """Write one stem (2, n) that is in memory. Raises StorageError."""
    writer = StemWriter(path, bits)
    try:
        writer.write(samples)
        writer.close()
    finally:
        writer.abandon()


def stored_bits(*, fits_16_bit: bool, sample_rate_hz: int) -> int:
    """Bit depth in which a stem of such a source is stored: 16 or 24."""
    return 16 if fits_16_bit and sample_rate_hz == SAMPLE_RATE_HZ else 24


def read_stem(
    folder: Path, role: str, start_s: float = 0.0, duration_s: float | None = None
) -> Block:
    """Samples of a stored stem, (2, n) float32 at 44.1 kHz, as they were imported.

    Works on the folder of a song and of an excerpt. What lies beyond the end is left out.

    Raises:
        ValueError: unknown stem, negative or non-finite time.
        StorageError: the file is missing or damaged.
    """
    if role not in STEMS:
        raise ValueError(f"stem {role!r} is unknown; use one of {', '.join(STEMS)}")
    start = samples_of("start_s", start_s)
    n_samples = -1 if duration_s is None else samples_of("duration_s", duration_s)
    path = folder / f"{role}.flac"
    try:
        with soundfile.SoundFile(path) as file:
            bits = int(file.subtype.removeprefix("PCM_"))
            file.seek(min(start, file.frames))
            frames = file.read(n_samples, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise StorageError(path, "is missing or damaged; import the song again") from error
    scale = np.float32(1.0 / STORED_SCALE[bits])
    return np.asarray(np.ascontiguousarray(frames.T) * scale, dtype=np.float32)


def samples_of(name: str, seconds: float) -> int:
    """Seconds as samples. Raises ValueError for a negative or non-finite time."""
    if not np.isfinite(seconds) or seconds < 0.0:
        raise ValueError(f"{name} is {seconds}; it must be 0 or more")
    return round(seconds * SAMPLE_RATE_HZ)


def write_array(folder: Path, name: str, array: NDArray[Any]) -> None:
    """Write `name`.npy. Raises StorageError where the disk is full."""
    path = folder / f"{name}.npy"
    try:
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=False)
            _to_disk(file.fileno(), file.flush)
    except OSError as error:
        raise _cannot_write(path) from error


def read_array(folder: Path, name: str) -> NDArray[Any]:
    """Read `name`.npy. Raises StorageError where it is missing or damaged."""
    path = folder / f"{name}.npy"
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise StorageError(path, "is missing or damaged; import the song again") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object, readable by people. Raises StorageError where the disk is full."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(text)
            _to_disk(file.fileno(), file.flush)
    except OSError as error:
        raise _cannot_write(path) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object. Raises StorageError where it is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(path, "is missing or damaged; import the song again") from error
    if not isinstance(values, dict):
        raise StorageError(path, "is no JSON object; import the song again")
    return values


@contextmanager
def new_folder(parent: Path) -> Iterator[Path]:
    """A hidden folder in `parent` to fill and then rename; what is left of it is deleted.

    Folders that dead processes of this machine left behind are deleted first.

    Raises:
        StorageError: `parent` cannot be written.
    """
    prefix = f".incoming-{os.uname().nodename}-"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for leftover in parent.glob(f"{prefix}*"):
            if not _is_alive(leftover.name.removeprefix(prefix).partition("-")[0]):
                rmtree(leftover, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))
    except OSError as error:
        reason = f"cannot be written: {(error.strerror or '').lower()}; check rights and space"
        raise StorageError(parent, reason) from error
    try:
        folder.chmod(0o755)  # mkdtemp's 0700 would hide the files from a web server
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def _cannot_write(path: Path) -> StorageError:
    # Neither libsndfile nor numpy says why; these two are the reasons met in practice.
    return StorageError(
        path, "cannot be written: the disk is full or read-only; make room and try again"
    )


def _is_alive(process_id: str) -> bool:
    return not process_id.isdigit() or Path(f"/proc/{process_id}").exists() or _answers(process_id)


def _answers(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _integers(block: Block, bits: int) -> NDArray[np.int16] | NDArray[np.int32]:
    """The (n, 2) integers that libsndfile takes; of 32 bits it uses the upper 24."""
    frames = np.empty(block.shape[::-1], dtype=np.float32)
    np.multiply(block.T, np.float32(STORED_SCALE[bits] * 2 ** (bits - 1)), out=frames)
    np.rint(frames, out=frames)
    if bits == 16:
        return frames.astype(np.int16)
    return np.asarray(frames.astype(np.int32) << 8, dtype=np.int32)


def _check_tail(path: Path, n_samples: int) -> None:
    """Raises LibsndfileError or OSError where the file does not decode up to its end."""
    n_tail = min(n_samples, round(_TAIL_S * SAMPLE_RATE_HZ))
    with soundfile.SoundFile(path) as file:
        file.seek(n_samples - n_tail)
        if file.frames != n_samples or len(file.read(n_tail, dtype="float32")) != n_tail:
            raise OSError(f"{path} is shorter than what was written")


def _to_disk(descriptor: int, flush: Any) -> None:
    flush()
    os.fsync(descriptor)
