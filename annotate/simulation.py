"""Simulated annotators: they walk the same services as people and are marked simulated for ever.

Each has an ear of its own: the released balance plus a taste per stem (SD 1.5 dB), noise per answer
(SD 2 dB), a pull towards where the faders began, and an overall level that means nothing. Sizes are
those of engineers in real sessions (2.4 dB between engineers of one song).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Annotator, Assignment, Campaign
from annotate.models.work import FADER_HIGH_DB, FADER_LOW_DB
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation, invite, record_welcome
from annotate.services.saving import save

TASTE_SD_DB, NOISE_SD_DB, LEVEL_SD_DB = 1.5, 2.0, 2.0
ANCHORING = 0.08
MOVES_PER_FADER = 6
SECONDS_PER_EXCERPT = 90.0


@dataclass(frozen=True, slots=True)
class Ear:
    """What one simulated person hears as balanced: dB on top of the released balance, per stem."""

    taste_db: np.ndarray[Any, np.dtype[np.float64]]
    rng: np.random.Generator


def simulate_annotators(
    *, campaign: Campaign, count: int, seed: int, now: datetime
) -> list[Invitation]:
    """Let `count` simulated people annotate what an open campaign gives them."""
    invitations = invite(
        campaign=campaign, count=count, now=now, kind=Annotator.Kind.SIMULATED, note="simulated"
    )
    for number, invitation in enumerate(invitations):
        rng = np.random.default_rng([seed, number])
        annotator = invitation.annotator
        Annotator.objects.filter(pk=annotator.pk).update(
            headphone_passed=True, seed=int(rng.integers(2**31))
        )
        record_welcome(
            annotator=annotator,
            mixing_years=int(rng.integers(1, 20)),
            playback_device=Annotator.Device.HEADPHONES_OVER,
            now=now,
        )
        annotator.refresh_from_db()
        _annotate_all(annotator, Ear(rng.normal(0.0, TASTE_SD_DB, len(STEMS)), rng), now)
    return invitations


def _annotate_all(annotator: Annotator, ear: Ear, now: datetime) -> None:
    clock = now
    while (claimed := next_assignment(annotator=annotator, now=clock)) is not None:
        assignment = Assignment.objects.select_related(
            "annotator__campaign", "item__excerpt", "slot"
        ).get(pk=claimed.pk)
        faders = fader_answer(assignment, ear)
        clock += timedelta(seconds=SECONDS_PER_EXCERPT * float(ear.rng.uniform(0.6, 1.8)))
        save(assignment=assignment, payload=_payload(assignment, faders, ear, clock), now=clock)


def fader_answer(assignment: Assignment, ear: Ear) -> StemValues:
    """Where this ear leaves the faders; null for a silent stem."""
    noise = ear.rng.normal(0.0, NOISE_SD_DB, len(STEMS))
    level = float(ear.rng.normal(0.0, LEVEL_SD_DB))
    faders: StemValues = {}
    active = [stem for stem in STEMS if assignment.served_gain_db[stem] is not None]
    served = {stem: float(assignment.served_gain_db[stem]) for stem in active}
    # The overall level is free: keep the faders around the middle of their travel.
    centre_db = float(np.mean(list(served.values()))) if served else 0.0
    for stem, taste, error in zip(STEMS, ear.taste_db, noise, strict=True):
        start = assignment.start_db[stem]
        if stem not in served or start is None:
            faders[stem] = None
            continue
        wanted = centre_db - served[stem] + taste + error + level
        value = (1.0 - ANCHORING) * wanted + ANCHORING * (start + wanted)
        faders[stem] = round(float(np.clip(value, FADER_LOW_DB, FADER_HIGH_DB)), 1)
    return faders


def _payload(assignment: Assignment, faders: StemValues, ear: Ear, now: datetime) -> dict[str, Any]:
    events: list[dict[str, Any]] = [{"t": 500.0, "kind": "play"}]
    for stem, target in faders.items():
        start = assignment.start_db[stem]
        if target is None or start is None:
            continue
        begin_ms = 2_000.0 + 12_000.0 * STEMS.index(stem) + float(ear.rng.uniform(0.0, 3_000.0))
        # Towards the goal with overshoot that dies out, as hands do.
        for step in range(1, MOVES_PER_FADER + 1):
            rest = (start - target) * (-0.45) ** step
            db = float(np.clip(target + rest, FADER_LOW_DB, FADER_HIGH_DB))
            events.append(
                {
                    "t": round(begin_ms + 900.0 * step),
                    "kind": "fader",
                    "stem": stem,
                    "db": target if step == MOVES_PER_FADER else round(db, 1),
                }
            )
    events.sort(key=lambda event: event["t"])
    events.append({"t": 55_000.0, "kind": "pause"})
    confidence = int(ear.rng.integers(2, 6))
    return {
        "client": "simulated",
        "page": int(now.timestamp() * 1000),
        "seq": 1,
        "events": events,
        "listened_s": 54.5,
        "desk": {"faders_db": faders, "confidence": confidence},
        "submit": {
            "key": f"simulated-{assignment.key}",
            "faders_db": faders,
            "confidence": confidence,
            "comment": "",
            "cannot_judge": "",
        },
    }
