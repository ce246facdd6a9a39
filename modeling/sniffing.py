"""What a file begins like, whatever its name says."""

HEAD_BYTES = 12


def kind_of(head: bytes) -> str | None:
    """Suffix of the kind of audio that a file begins like, whatever its name says; None if none."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return ".wav"
    if head[:4] == b"fLaC":
        return ".flac"
    if head[:4] == b"OggS":
        return ".ogg"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return ".aiff"
    is_mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    if head[:3] == b"ID3" or is_mpeg_frame:
        return ".mp3"
    return None


def is_mp4(head: bytes) -> bool:
    """
    >>> is_mp4(bytes(3) + b"\x20ftypisom"), is_mp4(b"RIFF....WAVE")
    (True, False)
    """
    return head[4:8] == b"ftyp"


def is_zip(head: bytes) -> bool:
    """A ZIP that holds something.

    >>> is_zip(b"PK\x03\x04...."), is_zip(b"PK\x05\x06....")
    (True, False)
    """
    return head[:4] == b"PK\x03\x04"
