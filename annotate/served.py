"""The stems as one place of an excerpt hears them: levelled, trimmed, and alike in their noise.

What is heard belongs to the place and not to the person who takes it, so a worker can make it
before anybody does.
"""

import hashlib
import json
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.levels import draw_levels
from annotate.media import media_folder
from annotate.models import Assignment, Campaign, CampaignExcerpt
from modeling.audio import SAMPLE_RATE_HZ
from modeling.flac import flac_bytes, write_whole
from modeling.render import level_stem
from modeling.storage import read_stem

# A page asks for four at a time, and many pages may open at one instant: those who save meanwhile
# must not wait for all of it.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Showing:
    """One showing of an excerpt at one of its places; `gain_db` is null for a silent stem."""

    item: CampaignExcerpt
    slot: int
    repeat: int
    gain_db: StemValues

    @classmethod
    def of(cls, assignment: Assignment) -> "Showing":
        one = assignment
        return cls(one.item, one.slot_number, one.repeat, one.served_gain_db)

    @classmethod
    def at_place(cls, item: CampaignExcerpt, slot: int) -> "Showing":
        """What whoever takes this place will hear the first time."""
        levels = draw_levels(item, slot=slot, repeat=0, seed=item.campaign.seed)
        return cls(item, slot, 0, levels.served_gain_db)

    @property
    def folder(self) -> Path:
        """Of its own for other gains: what was drawn by an older version is never mixed up."""
        drawn = json.dumps(
            [self.item.campaign.seed, self.item.pk, self.slot, self.repeat, self.gain_db],
            sort_keys=True,
        )
        name = hashlib.sha256(drawn.encode()).hexdigest()[:24]
        return media_folder("served", self.item.campaign.key, name)

    @property
    def roles(self) -> list[str]:
        """The stems that sound here."""
        return [stem for stem in STEMS if self.gain_db[stem] is not None]

    @property
    def is_made(self) -> bool:
        return all((self.folder / f"{role}.flac").exists() for role in self.roles)


def served_stem_flac(showing: Showing, role: str) -> Path:
    """The stem as it is heard at this showing, made where it is missing and kept until the campaign
    closes.

    Raises:
        ValueError: the stem is silent here.
        AudioError, OSError: the library's own file is gone, or the disk is full.
    """
    gain_db = showing.gain_db.get(role)
    if gain_db is None:
        raise ValueError(f"{role} is silent in this excerpt: nothing is served")
    path = showing.folder / f"{role}.flac"
    if not path.exists():
        with _one_at_a_time:
            if not path.exists():
                _make(showing, role, gain_db, path)
    return path


def _make(showing: Showing, role: str, gain_db: float, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = level_stem(read_stem(showing.item.excerpt.folder, role), gain_db)
    samples += _masking_noise(showing, role, samples.shape)
    write_whole(path, flac_bytes(samples, SAMPLE_RATE_HZ))


def _masking_noise(showing: Showing, role: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Noise as loud as the source's own 16-bit rounding in the stem that is raised most.

    A raised 16-bit stem has gaps between its values and a raised noise floor: either would tell the
    gain, and with it the released level, to whoever takes the file apart. With the same noise on
    all four stems neither does. It lies around -90 dBFS.
    """
    highest_db = max(gain for gain in showing.gain_db.values() if gain is not None)
    step = 2.0**-15 * 10.0 ** (max(0.0, highest_db) / 20.0)
    # The campaign's seed is known to nobody outside: noise that can be guessed can be taken away.
    place = [showing.item.pk, showing.slot, showing.repeat, STEMS.index(role)]
    rng = np.random.default_rng([showing.item.campaign.seed, *place])
    return np.asarray(step * (rng.random(shape) - rng.random(shape)))


def forget_served(campaign: Campaign) -> None:
    """Remove a campaign's served stems; they are made again when asked for."""
    shutil.rmtree(media_folder("served", campaign.key), ignore_errors=True)
