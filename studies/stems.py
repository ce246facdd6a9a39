"""The stems that advice is about, an excerpt of the library or an upload, seen as one thing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance
from annotate.fields import StemValues
from annotate.listening import CEILING_DBFS, TARGET_LUFS
from annotate.media import media_folder
from annotate.models import Excerpt
from modeling.headroom import pack_peaks
from modeling.loudness import balance_loudness_lufs, pack_gram
from modeling.songs import Levels, read_levels
from modeling.storage import StorageError, read_array
from studies.models import Upload
from studies.reading import SPECTRA

SPECTRA_FOLDER = "spectra"


@dataclass(frozen=True)
class Row:
    """One stem as it stands: levels in LUFS and dBFS, None where it is silent or off."""

    stem: str
    loudness_lufs: float | None
    relative_db: float | None
    peak_dbfs: float | None
    activity: float
    problem_db: float | None


class StemSet:
    """Folders, balance and addresses of what is advised on; reads arrays, never audio."""

    def __init__(self, stems: Excerpt | Upload, problem_db: StemValues | None = None) -> None:
        self.stems = stems
        if isinstance(stems, Upload):
            self.folder, self.song_folder = stems.excerpt_folder, stems.song_folder
        else:
            self.folder, self.song_folder = stems.folder, stems.song.folder
        self.given_db = problem_db

    @property
    def title(self) -> str:
        return self.stems.title if isinstance(self.stems, Upload) else str(self.stems.song)

    @cached_property
    def levels(self) -> Levels:
        """Raises StorageError where the files are gone."""
        return read_levels(self.folder)

    @cached_property
    def problem_db(self) -> StemValues:
        """Where the stems stand; a silent one is null whatever was asked for."""
        loudness = self.levels.loudness_lufs()
        given = self.given_db or dict.fromkeys(STEMS, 0.0)
        return {stem: None if loudness[stem] is None else given[stem] for stem in STEMS}

    @property
    def balance(self) -> Balance:
        return Balance.from_mapping(self.problem_db)

    def table(self) -> list[Row]:
        loudness, activity = self.levels.loudness_lufs(), self.levels.activity()
        peaks = self.levels.peaks.max(axis=0, initial=0.0)
        standing = {stem: _plus(loudness[stem], self.problem_db[stem]) for stem in STEMS}
        heard = [value for value in standing.values() if value is not None]
        mean_lufs = sum(heard) / len(heard) if heard else 0.0
        return [
            Row(
                stem=stem,
                loudness_lufs=standing[stem],
                relative_db=_plus(standing[stem], -mean_lufs),
                peak_dbfs=_plus(_decibels(peaks[number]), self.problem_db[stem]),
                activity=activity[stem],
                problem_db=self.problem_db[stem],
            )
            for number, stem in enumerate(STEMS)
        ]

    def mix_lufs(self) -> float | None:
        return balance_loudness_lufs(self.levels.gram, self.balance.to_array())

    def spectra_db(self) -> NDArray[np.float64] | None:
        """(bands, 4) as the stems stand, NaN where silent or off; None until the worker made it."""
        try:
            bands_db = read_array(self.spectra_folder, SPECTRA)
        except StorageError:
            return None
        return np.asarray(bands_db + self.balance.to_array(), dtype=np.float64)

    @property
    def spectra_folder(self) -> Path:
        """Uploads have them beside the stems; excerpts of the library, which stay as they were
        cut, in a folder of this package."""
        if isinstance(self.stems, Upload):
            return self.folder
        return media_folder(SPECTRA_FOLDER, self.stems.key)

    def player(self, address_of: Callable[[str], str]) -> dict[str, Any]:
        """What the page's script needs to play any balance at one loudness."""
        return {
            "stems": {
                stem: None if value is None else address_of(stem)
                for stem, value in self.problem_db.items()
            },
            "gram": pack_gram(self.levels.gram),
            "n_hops": len(self.levels.gram),
            "peaks": pack_peaks(self.levels.peaks),
            "n_peaks": len(self.levels.peaks),
            "target_lufs": TARGET_LUFS,
            "ceiling_dbfs": CEILING_DBFS,
            "start_db": self.problem_db,
        }


def _plus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else float(first + second)


def _decibels(peak: float) -> float | None:
    return float(20.0 * np.log10(peak)) if peak > 0.0 else None
