"""What the audio library does not notice about a file: cut-off data and impossible headers.

libsndfile silently shortens a WAV, AIFF or Ogg file that ends too early. The headers tell.
"""

import os
import struct
from pathlib import Path
from typing import BinaryIO

_UNKNOWN_SIZES = (
    0,
    0xFFFFFFFF,
)  # written by programs that stream and never come back to the header
_LARGEST_OGG_PAGE_BYTES = 65_307
_END_OF_STREAM = 4
_OGG_HEADER_BYTES = 27
_TRUNCATED = "is truncated: {missing} bytes of audio are missing; copy or export the file again"


def fault_in_container(path: Path) -> str | None:
    """Why the file at `path` cannot be whole, or None when nothing speaks against it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            return "is empty (0 bytes); copy or export the file again"
        magic = file.read(12)
        if magic[:4] in (b"RIFF", b"RF64", b"BW64") and magic[8:] == b"WAVE":
            return _fault_in_wav(file, size)
        if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
            return _fault_in_aiff(file, size)
        if magic[:4] == b"OggS":
            return _fault_in_ogg(file, size)
    return None


def _fault_in_wav(file: BinaryIO, size: int) -> str | None:
    data_bytes_64 = 0
    while len(head := file.read(8)) == 8:
        name, n_bytes = struct.unpack("<4sI", head)
        start = file.tell()
        if name == b"ds64":
            data_bytes_64 = _unpacked("<8xQ", file.read(16))
        elif name == b"fmt " and _unpacked("<2xH", file.read(4)) == 0:
            return "has 0 channels; export the stem again as mono or stereo"
        elif name == b"data":
            n_bytes = data_bytes_64 if n_bytes == 0xFFFFFFFF and data_bytes_64 else n_bytes
            return None if n_bytes in _UNKNOWN_SIZES else _cut_off(start, n_bytes, size)
        file.seek(start + n_bytes + n_bytes % 2)
    return "has no audio data; export the stem again"


def _fault_in_aiff(file: BinaryIO, size: int) -> str | None:
    while len(head := file.read(8)) == 8:
        name, n_bytes = struct.unpack(">4sI", head)
        start = file.tell()
        if name == b"COMM" and _unpacked(">H", file.read(2)) == 0:
            return "has 0 channels; export the stem again as mono or stereo"
        if name == b"SSND":
            return _cut_off(start, n_bytes, size)
        file.seek(start + n_bytes + n_bytes % 2)
    return "has no audio data; export the stem again"


def _fault_in_ogg(file: BinaryIO, size: int) -> str | None:
    file.seek(max(0, size - _LARGEST_OGG_PAGE_BYTES))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    if len(page) > _OGG_HEADER_BYTES and page[5] & _END_OF_STREAM:
        segments = page[26]
        sizes = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + segments]
        if len(page) >= _OGG_HEADER_BYTES + segments + sum(sizes):
            return None
    return "is truncated: its last page is missing; copy or export the file again"


def _cut_off(start: int, n_bytes: int, size: int) -> str | None:
    missing = start + n_bytes - size
    return _TRUNCATED.format(missing=missing) if missing > 0 else None


def _unpacked(layout: str, data: bytes) -> int:
    """One number of a header; 1 (nothing to complain about) where the header itself is cut off."""
    if len(data) < struct.calcsize(layout):
        return 1
    return int(struct.unpack(layout, data)[0])
