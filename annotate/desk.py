"""What the mixer page is given: the served stems' levels and waveforms, and nothing else.

The released balance, the hidden trims and other people's work are not in it, in any form: levels
are those of the served stems, which are levelled and trimmed (annotate/levels.py).
"""

import base64
from datetime import datetime
from typing import Any

import numpy as np
from django.urls import reverse
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.models import Assignment
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from modeling.headroom import CEILING_DBFS, pack_peaks
from modeling.loudness import pack_gram
from modeling.songs import read_levels
from modeling.waveform import LOWEST_DBFS

WAVEFORM_RATE_HZ = 50
POINTS_PER_VALUE = 2


def desk_payload(assignment: Assignment, token: str, now: datetime) -> dict[str, Any]:
    """The JSON of the mixer page for one showing. Raises StorageError where the library's own files
    of this excerpt are gone."""
    item = assignment.item
    excerpt = item.excerpt
    levels = read_levels(excerpt.folder)
    gains = _gains(assignment)
    last = assignment.annotations.order_by("revision").last()
    return {
        "assignment": assignment.key,
        "page": int(now.timestamp() * 1000),
        "urls": {
            "save": reverse("save", args=[token, assignment.key]),
            "queue": reverse("queue", args=[token]),
            "stems": {
                stem: None
                if assignment.served_gain_db[stem] is None
                else reverse("stem-audio", args=[token, assignment.key, stem])
                for stem in STEMS
            },
        },
        "duration_s": excerpt.duration_s,
        "n_hops": len(levels.gram),
        "n_peaks": len(levels.peaks),
        "gram": pack_gram(levels.gram * np.outer(gains, gains)),
        "peaks": pack_peaks(levels.peaks * gains),
        "waveform": served_waveform(levels.waveform, gains),
        "waveform_rate_hz": WAVEFORM_RATE_HZ,
        "target_lufs": item.campaign.target_loudness_lufs,
        "ceiling_dbfs": CEILING_DBFS,
        "fader": {"low_db": FADER_LOW_DB, "high_db": FADER_HIGH_DB, "step_db": 0.1},
        "start_db": assignment.start_db,
        "desk": assignment.desk,
        "seq": assignment.desk_seq,
        "listened_s": round(assignment.listened_s, 1),
        "submitted": None
        if last is None
        else {"revision": last.revision, "at": last.submitted_at.isoformat()},
    }


def _gains(assignment: Assignment) -> NDArray[np.float64]:
    """Linear gain of each served stem, 0 for a silent one."""
    return np.array(
        [
            0.0 if gain_db is None else 10.0 ** (gain_db / 20.0)
            for gain_db in (assignment.served_gain_db[stem] for stem in STEMS)
        ]
    )


def served_waveform(waveform: NDArray[np.uint8], gains: NDArray[np.float64]) -> dict[str, str]:
    """Peaks of the served stems, one byte (0 to 255, linear) per 1/50 s, base64."""
    even = waveform.shape[1] // POINTS_PER_VALUE * POINTS_PER_VALUE
    highest = waveform[:, :even].reshape(len(STEMS), -1, POINTS_PER_VALUE).max(axis=2)
    level_db = LOWEST_DBFS * (1.0 - highest / 255.0)
    linear = np.where(highest > 0, 10.0 ** (level_db / 20.0), 0.0) * gains[:, None]
    values = np.clip(np.rint(linear * 255.0), 0, 255).astype(np.uint8)
    return {
        stem: base64.b64encode(row.tobytes()).decode()
        for stem, row in zip(STEMS, values, strict=True)
    }
