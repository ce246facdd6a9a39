"""FLAC as it is served: exact samples, and equal lengths where size would be a cue."""

import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

# libsndfile's scale from 0 to 1. Up to here encoding costs the same, and the file is up to a sixth
# smaller than at 0.
FAST_COMPRESSION = 0.5
_MARKER = b"fLaC"
_STREAMINFO_END = 4 + 4 + 34
_LAST_BLOCK_BIT = 0x80
_PADDING = 1
_BLOCK_HEADER = 4
_LONGEST_PADDING = 2**24 - 1


def flac_bytes(
    samples: NDArray[np.floating],
    sample_rate_hz: int,
    *,
    bits: int = 16,
    compression: float = FAST_COMPRESSION,
) -> bytes:
    """FLAC of samples (channels, n) in -1 to 1, each rounded to the nearest of 2^bits steps.

    Raises ValueError for samples beyond full scale (they would clip) or not finite, and for other
    depths than 16 and 24 bits.
    """
    if bits not in (16, 24):
        raise ValueError(f"{bits} bits is no depth to serve; use 16 or 24")
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak <= 1.0:
        raise ValueError(f"samples reach {peak:.3f} of full scale; lower them to 1 or less")
    full_scale = 2.0 ** (bits - 1)
    steps = np.clip(np.rint(samples.T * full_scale), -full_scale, full_scale - 1)
    # libsndfile takes 24-bit samples in the upper bits of 32.
    whole = steps.astype(np.int16) if bits == 16 else steps.astype(np.int32) << 8
    buffer = io.BytesIO()
    soundfile.write(
        buffer,
        whole,
        sample_rate_hz,
        format="FLAC",
        subtype=f"PCM_{bits}",
        compression_level=compression,
    )
    return buffer.getvalue()


def equal_length_flacs(flacs: Sequence[bytes]) -> list[bytes]:
    """The same FLACs, padded to one length in bytes, so that size tells nothing."""
    if not flacs:
        return []
    size = max(len(flac) for flac in flacs) + _BLOCK_HEADER
    return [padded_flac(flac, size) for flac in flacs]


def padded_flac(flac: bytes, size: int) -> bytes:
    """The FLAC with a padding block after its stream info, `size` bytes in all.

    Raises ValueError where the file has no room for a block (4 bytes at least, 16 MB at most).
    """
    if flac[:4] != _MARKER or len(flac) < _STREAMINFO_END:
        raise ValueError("this is no FLAC file; it cannot be padded")
    length = size - len(flac) - _BLOCK_HEADER
    if not 0 <= length <= _LONGEST_PADDING:
        raise ValueError(f"a FLAC of {len(flac)} bytes cannot be padded to {size} bytes")
    kind, last = flac[4] & ~_LAST_BLOCK_BIT, flac[4] & _LAST_BLOCK_BIT
    header = bytes([last | _PADDING]) + length.to_bytes(3, "big")
    stream_info = _MARKER + bytes([kind]) + flac[5:_STREAMINFO_END]
    return stream_info + header + bytes(length) + flac[_STREAMINFO_END:]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all: to a temporary name, then renamed."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
