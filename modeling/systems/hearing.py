"""What a system gets to hear: exactly what it declares, and no way to the rest.

A `Scene` is a set of stems at its present balance with all that is known of it. `hear` makes a
`Heard` from it that holds measured copies, so that a system which declares the mix cannot reach a
stem, a level or the present balance. Levels are those of the mix at -23 LUFS: the overall level is
nothing that anyone should judge by.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance, Move, centre
from modeling.advice.structure import INPUTS
from modeling.corpus import Excerpt
from modeling.features import BandProducts, remix
from modeling.loudness import matching_gain_db
from modeling.render import DEFAULT_TARGET_LUFS, mix_stems

Floats = NDArray[np.float64]
Input = TypeVar("Input")


@dataclass(frozen=True)
class Scene:
    """An excerpt at a balance relative to its stems as imported.

    `audio` (4, 2, n) are the stems as imported, at 44.1 kHz, where they are at hand; `reference` is
    the balance that counts as right, where it is known; only the oracle hears of it.
    """

    excerpt: Excerpt
    present: Balance
    audio: NDArray[np.float32] | None = None
    reference: Balance | None = None

    @property
    def active(self) -> tuple[bool, ...]:
        """Which stems sound: those that are not silent and not off."""
        both = zip(self.excerpt.active, self.present.mask, strict=True)
        return tuple(bool(sounds) and is_on for sounds, is_on in both)


@dataclass(frozen=True)
class HeardMix:
    """One stereo mix at its own level.

    bands (columns, 40, 2) and steps (n, 6) as modeling.features.band_powers gives them; audio
    (2, n) at -23 LUFS, None where no audio is at hand.
    """

    bands: NDArray[np.float32]
    steps: NDArray[np.float32]
    audio: NDArray[np.float32] | None


@dataclass(frozen=True)
class HeardStems:
    """The stems, each at its own level; see modeling.features.BandProducts."""

    products: BandProducts


@dataclass(frozen=True)
class LoudnessTable:
    """Loudness of each stem (4,), NaN where masked, while the mix is at `mix_lufs`."""

    stems_lufs: Floats
    mix_lufs: float

    @property
    def relative_db(self) -> Floats:
        """The loudness of each stem (4,), mean over the active ones removed."""
        return centre(self.stems_lufs)


@dataclass(frozen=True)
class Heard:
    """What one system hears of a scene; None is what it did not declare.

    `active` says which stems the song has, as anyone knows who is asked about a song's vocals.
    """

    active: tuple[bool, ...]
    mix: HeardMix | None = None
    stems: HeardStems | None = None
    loudness_table: LoudnessTable | None = None
    answer: Move | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """`active` as an array (4,)."""
        return np.array(self.active)

    def the_mix(self) -> HeardMix:
        """The mix. Raises LookupError where it was not declared."""
        return _declared(self.mix, "mix")

    def the_stems(self) -> HeardStems:
        """The stems. Raises LookupError where they were not declared."""
        return _declared(self.stems, "stems")

    def the_table(self) -> LoudnessTable:
        """The loudness table. Raises LookupError where it was not declared."""
        return _declared(self.loudness_table, "loudness_table")

    def the_answer(self) -> Move:
        """The right correction. Raises LookupError where it was not declared."""
        return _declared(self.answer, "answer")


def hear(scene: Scene, hears: Iterable[str]) -> Heard:
    """What a system that declares `hears` gets of a scene.

    Raises:
        ValueError: an input is unknown, nothing sounds though a mix or a table is asked for, or
            the right answer is asked for and unknown.
    """
    declared = frozenset(hears)
    unknown = sorted(declared - set(INPUTS))
    if unknown:
        raise ValueError(f"hears: {', '.join(unknown)} is unknown; use {', '.join(INPUTS)}")
    if not any(scene.active) and declared & {"mix", "loudness_table"}:
        raise ValueError(f"{scene.excerpt.origin.title or 'the song'}: no stem sounds; turn one on")
    gains_db = _gains_db(scene)
    return Heard(
        active=scene.active,
        mix=_mix(scene, gains_db) if "mix" in declared else None,
        stems=_stems(scene, gains_db) if "stems" in declared else None,
        loudness_table=_table(scene, gains_db) if "loudness_table" in declared else None,
        answer=_answer(scene) if "answer" in declared else None,
    )


def _gains_db(scene: Scene) -> Floats:
    """Gains (4,) at which the mix has -23 LUFS; NaN where masked."""
    gains_db = np.where(np.array(scene.active), scene.present.to_array(), np.nan)
    if not np.isfinite(gains_db).any():
        return gains_db
    common_db = float(matching_gain_db(scene.excerpt.gram, gains_db, DEFAULT_TARGET_LUFS))
    return gains_db + common_db


def _mix(scene: Scene, gains_db: Floats) -> HeardMix:
    bands, steps = remix(scene.excerpt.products, gains_db)
    audio = None
    if scene.audio is not None:
        audio = mix_stems(scene.audio, gains_db).astype(np.float32)
    return HeardMix(bands, steps, audio)


def _stems(scene: Scene, gains_db: Floats) -> HeardStems:
    products = scene.excerpt.products
    return HeardStems(BandProducts(products.bands, products.envelope, products.level_db + gains_db))


def _table(scene: Scene, gains_db: Floats) -> LoudnessTable:
    return LoudnessTable(scene.excerpt.loudness_lufs + gains_db, DEFAULT_TARGET_LUFS)


def _answer(scene: Scene) -> Move:
    if scene.reference is None:
        title = scene.excerpt.origin.title or "the song"
        raise ValueError(f"{title}: the right balance is unknown; only an evaluation knows it")
    correction = (scene.reference - scene.present).to_mapping()
    active = dict(zip(STEMS, scene.active, strict=True))
    return Move.from_mapping({stem: correction[stem] if active[stem] else None for stem in STEMS})


def _declared(value: Input | None, name: str) -> Input:
    if value is None:
        raise LookupError(f"{name} was not declared, so it is not heard")
    return value
