"""What the mixer page is given: the served stems' audio, levels and waveforms, and nothing else.

The released balance, the hidden trims and other people's work are not in it, in any form: levels
are those of the served stems, which are levelled and trimmed (annotate/levels.py).
"""

import base64
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.urls import reverse
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.media import media_folder
from annotate.models import Assignment, Campaign
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from modeling.audio import SAMPLE_RATE_HZ
from modeling.flac import flac_bytes, write_whole
from modeling.headroom import CEILING_DBFS, pack_peaks
from modeling.loudness import pack_gram
from modeling.render import level_stem
from modeling.songs import read_levels
from modeling.storage import read_stem
from modeling.waveform import LOWEST_DBFS

WAVEFORM_RATE_HZ = 50
POINTS_PER_VALUE = 2


def desk_payload(assignment: Assignment, token: str, now: datetime) -> dict[str, Any]:
    """The JSON of the mixer page for one showing."""
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


def served_dir(assignment: Assignment) -> Path:
    return media_folder("served", assignment.key)


def served_stem_flac(assignment: Assignment, role: str) -> Path:
    """The stem as this annotator hears it, made on first request and kept until the campaign
    closes. Raises ValueError for a stem that is silent here."""
    gain_db = assignment.served_gain_db.get(role)
    if gain_db is None:
        raise ValueError(f"{role} is silent in this excerpt: nothing is served")
    path = served_dir(assignment) / f"{role}.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = level_stem(read_stem(assignment.item.excerpt.folder, role), gain_db)
        samples += _masking_noise(assignment, role, samples.shape)
        write_whole(path, flac_bytes(samples, SAMPLE_RATE_HZ))
    return path


def _masking_noise(
    assignment: Assignment, role: str, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Noise as loud as the source's own 16-bit rounding in the stem that is raised most.

    A raised 16-bit stem has gaps between its values and a raised noise floor: either would tell the
    gain, and with it the released level, to whoever takes the file apart. With the same noise on
    all four stems neither does. It lies around -90 dBFS.
    """
    highest_db = max(gain for gain in assignment.served_gain_db.values() if gain is not None)
    step = 2.0**-15 * 10.0 ** (max(0.0, highest_db) / 20.0)
    # The campaign's seed is known to nobody outside: noise that can be guessed can be taken away.
    seed = assignment.annotator.campaign.seed
    rng = np.random.default_rng([seed, assignment.pk, STEMS.index(role)])
    return np.asarray(step * (rng.random(shape) - rng.random(shape)))


def forget_served(campaign: Campaign) -> None:
    """Remove a campaign's served stems; they are made again when asked for."""
    for assignment in Assignment.objects.filter(item__campaign=campaign):
        shutil.rmtree(served_dir(assignment), ignore_errors=True)
