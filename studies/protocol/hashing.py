"""What was frozen, as one number: equal content gives an equal hash, on every machine."""

import hashlib
import json
from typing import Any

# Made once: an export writes a line for each of a million answers.
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces; NaN and infinity are refused."""
    return _encoder.encode(data)


def content_hash(data: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()
