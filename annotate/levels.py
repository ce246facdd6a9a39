"""The hidden levels of one showing: what is served, and where the faders start.

Nothing on the desk may carry a meaning but sound (listening.md): stems are served levelled to one
loudness, with a hidden random trim on top, and faders start at random. Trims and starts come in
opposite-sign pairs over an excerpt's slots, and a repeat is the opposite of the first showing, so
that what anchoring there is averages out and its slope can be estimated.
"""

from dataclasses import dataclass

import numpy as np

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import CampaignExcerpt, Excerpt

TRIM_DB = 6.0
START_DB = 9.0
SERVED_LUFS = -23.0
CEILING_DBFS = -1.0


@dataclass(frozen=True, slots=True)
class Levels:
    """dB per stem; null where the stem is silent in this excerpt."""

    served_gain_db: StemValues
    trim_db: StemValues
    start_db: StemValues


def draw_levels(item: CampaignExcerpt, *, slot: int, repeat: int, seed: int) -> Levels:
    """Levels for a showing. `slot` counts from 1; the same arguments give the same levels."""
    pair, is_second = divmod(slot - 1, 2)
    sign = -1.0 if (bool(is_second) != bool(repeat % 2)) else 1.0
    rng = np.random.default_rng([seed, item.pk, pair, repeat // 2])
    trims = np.round(sign * rng.uniform(-TRIM_DB, TRIM_DB, len(STEMS)), 2)
    starts = np.round(sign * rng.uniform(-START_DB, START_DB, len(STEMS)), 1)
    excerpt = item.excerpt
    active = excerpt.active()
    level_lufs = served_level_lufs(excerpt)
    trim_db = {s: float(t) if active[s] else None for s, t in zip(STEMS, trims, strict=True)}
    start_db = {s: float(t) if active[s] else None for s, t in zip(STEMS, starts, strict=True)}
    served: StemValues = {}
    for stem in STEMS:
        loudness, trim = excerpt.loudness_lufs[stem], trim_db[stem]
        served[stem] = (
            None if loudness is None or trim is None else round(level_lufs - loudness + trim, 4)
        )
    return Levels(served, trim_db, start_db)


def served_level_lufs(excerpt: Excerpt) -> float:
    """The loudness that every stem is brought to before its trim: low enough that none clips."""
    level = SERVED_LUFS
    for stem in STEMS:
        loudness, peak = excerpt.loudness_lufs[stem], excerpt.peak_dbfs[stem]
        if loudness is not None and peak is not None:
            level = min(level, CEILING_DBFS - TRIM_DB - (peak - loudness))
    return level


def balance_of_faders(served_gain_db: StemValues, fader_db: StemValues) -> StemValues:
    """Where the stems are, relative to the stems as imported; null where a fader is off."""
    balance: StemValues = {}
    for stem in STEMS:
        served, fader = served_gain_db[stem], fader_db[stem]
        balance[stem] = None if served is None or fader is None else round(served + fader, 4)
    return balance
