"""Reasons: facts that were measured, each with what one must have heard to know it."""

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, centre
from modeling.features import PAIRS, band_centres_hz, k_weights

Floats = NDArray[np.float64]

NEEDS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        "against_balanced": frozenset({"loudness_table"}),
        "under_mix": frozenset({"loudness_table"}),
        "similar_songs": frozenset({"stems", "loudness_table"}),
        "shared_spectrum": frozenset({"stems"}),
        "mix_region": frozenset({"mix"}),
        "mix_sides": frozenset({"mix"}),
        "unlike_training": frozenset(),
    }
)
"""Every kind of fact, with the inputs that it rests on."""

REGIONS_HZ = MappingProxyType(
    {
        "vocals": (500, 2000),
        "drums": (2000, 16000),
        "bass": (25, 120),
        "other": (120, 500),
    }
)
"""The region of a mix that is named beside advice on a stem."""


@dataclass(frozen=True)
class Fact:
    """One measured fact.

    kind               value                                           also
    against_balanced   dB above (+) or below where balanced songs lie  stem
    under_mix          LU under the loudness of the mix                stem
    similar_songs      dB above (+) or below the most similar songs    stem, low: their number
    shared_spectrum    per cent of spectrum shared at equal loudness   stem, other
    mix_region         per cent of the weighted power of the mix       low, high: Hz
    mix_sides          per cent of the weighted power at the sides
    unlike_training    how unlike the songs learned from, 0 to 1

    Raises:
        ValueError: unknown kind or stem, or a value that is no number.
    """

    kind: str
    value: float
    stem: str = ""
    other: str = ""
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in NEEDS:
            raise ValueError(f"reason {self.kind!r} is unknown; use one of {', '.join(NEEDS)}")
        unknown = sorted({self.stem, self.other} - {"", *STEMS})
        if unknown:
            raise ValueError(f"reason {self.kind!r} names {', '.join(unknown)}, which is no stem")
        if not all(math.isfinite(value) for value in (self.value, self.low, self.high)):
            raise ValueError(f"reason {self.kind!r} has a value that is no number")

    @property
    def needs(self) -> frozenset[str]:
        """The inputs without which this cannot be known."""
        return NEEDS[self.kind]


def against_balanced(relative_db: Floats, balanced_db: Floats) -> list[Fact]:
    """How far each stem stands from where balanced songs have it; (4,), (4,), NaN where masked."""
    return _per_stem("against_balanced", centre(relative_db) - centre(balanced_db))


def under_mix(stems_lufs: Floats, mix_lufs: float) -> list[Fact]:
    """How far each stem (4,) lies under the loudness of the mix."""
    return _per_stem("under_mix", mix_lufs - stems_lufs)


def similar_songs(relative_db: Floats, similar_db: Floats, n_songs: int) -> list[Fact]:
    """How far each stem stands from where the `n_songs` most similar balanced songs have it."""
    difference_db = centre(relative_db) - centre(similar_db)
    return _per_stem("similar_songs", difference_db, low=float(n_songs))


def shared_spectrum(bands: NDArray[np.float32]) -> list[Fact]:
    """How much of their spectrum each two stems share at equal loudness.

    `bands` (columns, 40, 2, 10 pairs) are the products of modeling.features; only each stem with
    itself is read.
    """
    own = np.array([i == j for i, j in PAIRS])
    spectra = np.einsum("tbcs,b->bs", bands[..., own].astype(np.float64), k_weights())
    total = spectra.sum(axis=0)
    shares = np.divide(spectra, total, out=np.full_like(spectra, np.nan), where=total > 0.0)
    facts = []
    for i, j in PAIRS:
        overlap = float(np.minimum(shares[:, i], shares[:, j]).sum())
        if i != j and math.isfinite(overlap):
            facts.append(Fact("shared_spectrum", 100.0 * overlap, stem=STEMS[i], other=STEMS[j]))
    return facts


def mix_facts(bands: NDArray[np.float32]) -> list[Fact]:
    """Where the power of a mix lies; `bands` (columns, 40, 2 middle and side)."""
    power = np.einsum("tbc,b->bc", bands.astype(np.float64), k_weights())
    total = power.sum()
    if not total > 0.0:
        return []
    hz = band_centres_hz()
    facts = [
        Fact(
            "mix_region",
            float(100.0 * power[(hz >= low) & (hz < high)].sum() / total),
            low=low,
            high=high,
        )
        for low, high in REGIONS_HZ.values()
    ]
    return [*facts, Fact("mix_sides", float(100.0 * power[:, 1].sum() / total))]


def _per_stem(kind: str, values: Floats, low: float = 0.0) -> list[Fact]:
    return [
        Fact(kind, float(value), stem=stem, low=low)
        for stem, value in zip(STEMS, values, strict=True)
        if math.isfinite(value)
    ]
