"""Songs and excerpts as they lie in a library: the folder, its JSON twin and its arrays.

A folder holds `vocals.flac`, `drums.flac`, `bass.flac`, `other.flac` (see modeling.storage),
`gram.npy` (n_hops, 4, 4), `peaks.npy` (n_hops, 4), `waveform.npy` (4, n_points) uint8 and
`gainsay-song.json` or `gainsay-excerpt.json`. A mix is never stored.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.loudness import active_stems, activity, stem_loudness_lufs
from modeling.storage import StorageError, read_array, read_json, write_array, write_json
from modeling.waveform import hop_peaks, waveform_bytes

SONG_FILE = "gainsay-song.json"
EXCERPT_FILE = "gainsay-excerpt.json"
SONG_FORMAT = "gainsay-song/1"
EXCERPT_FORMAT = "gainsay-excerpt/1"


@dataclass(frozen=True)
class StoredStem:
    """One stem in the library. `loudness_lufs` is None where the stem is inactive."""

    bits: int
    stored_scale: float
    n_clipped: int
    loudness_lufs: float | None
    activity: float
    source_subtype: str
    source_rate_hz: int
    source_channels: int
    padded_s: float

    @property
    def is_active(self) -> bool:
        return self.loudness_lufs is not None


@dataclass(frozen=True)
class IngestedSong:
    """A song in the library. `already_there`: this import found it and stored nothing."""

    folder: Path
    already_there: bool
    fingerprint: str
    layout: str
    title: str
    artist: str
    genre: str
    split: str
    licence: str
    origin: str
    generated: bool
    n_samples: int
    duration_s: float
    stems: Mapping[str, StoredStem]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The twin on disk; where the folder lies is not part of it."""
        values = asdict(self)
        del values["folder"], values["already_there"]
        return {"format": SONG_FORMAT, **values}


@dataclass(frozen=True)
class CutExcerpt:
    """An excerpt in a folder of its own. `loudness_lufs` is None for a stem that is inactive."""

    folder: Path
    song_fingerprint: str
    start_s: float
    duration_s: float
    n_samples: int
    fade_s: float
    stored_scale: Mapping[str, float]
    loudness_lufs: Mapping[str, float | None]
    activity: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """The twin on disk; where the folder lies is not part of it."""
        values = asdict(self)
        del values["folder"]
        return {"format": EXCERPT_FORMAT, **values}


@dataclass(frozen=True)
class Levels:
    """What is known about the level of four stems over time, without their audio.

    Shapes: gram (n_hops, 4, 4); peaks (n_hops or one more, 4) linear; waveform (4, n_points) uint8,
    see modeling.waveform.
    """

    gram: NDArray[np.float64]
    peaks: NDArray[np.float64]
    waveform: NDArray[np.uint8]

    @classmethod
    def measured(cls, gram: NDArray[np.float64], envelope: NDArray[np.float32]) -> "Levels":
        """From the Gram and the peaks per 10 ms (4, n_points)."""
        return cls(gram, hop_peaks(envelope), waveform_bytes(envelope))

    def loudness_lufs(self) -> dict[str, float | None]:
        """Gated loudness by stem, None for an inactive one."""
        values = stem_loudness_lufs(self.gram)
        return {
            stem: None if np.isnan(value) else float(value)
            for stem, value in zip(STEMS, values, strict=True)
        }

    def activity(self) -> dict[str, float]:
        """Share of the time in which each stem sounds, 0 to 1."""
        return dict(zip(STEMS, map(float, activity(self.gram)), strict=True))

    def any_active(self) -> bool:
        return bool(active_stems(self.gram).any())

    def write(self, folder: Path) -> None:
        """Write the three arrays. Raises StorageError."""
        write_array(folder, "gram", self.gram)
        write_array(folder, "peaks", self.peaks)
        write_array(folder, "waveform", self.waveform)


def read_levels(folder: Path) -> Levels:
    """Read the arrays of a song or an excerpt. Raises StorageError."""
    return Levels(*(read_array(folder, name) for name in ("gram", "peaks", "waveform")))


def write_song(folder: Path, song: IngestedSong) -> None:
    """Write the JSON twin of a song into `folder`. Raises StorageError."""
    write_json(folder / SONG_FILE, song.as_json())


def read_song(folder: Path, *, already_there: bool = True) -> IngestedSong:
    """Read a song back from its folder.

    Raises:
        StorageError: no song there, or one written by another version.
    """
    path = folder / SONG_FILE
    values = _fields_of(path, SONG_FORMAT)
    try:
        raw = values.pop("stems")
        stems = {stem: StoredStem(**raw[stem]) for stem in STEMS}
        notes = tuple(values.pop("notes"))
        return IngestedSong(
            folder=folder, already_there=already_there, stems=stems, notes=notes, **values
        )
    except (KeyError, TypeError) as error:
        raise StorageError(path, "lacks a field; import the song again") from error


def write_excerpt(folder: Path, excerpt: CutExcerpt) -> None:
    """Write the JSON twin of an excerpt into `folder`. Raises StorageError."""
    write_json(folder / EXCERPT_FILE, excerpt.as_json())


def read_excerpt(folder: Path) -> CutExcerpt:
    """Read an excerpt back from its folder. Raises StorageError."""
    path = folder / EXCERPT_FILE
    try:
        return CutExcerpt(folder=folder, **_fields_of(path, EXCERPT_FORMAT))
    except TypeError as error:
        raise StorageError(path, "lacks a field; cut the excerpt again") from error


def _fields_of(path: Path, expected_format: str) -> dict[str, Any]:
    values = read_json(path)
    if values.pop("format", None) != expected_format:
        raise StorageError(path, f"is not of the format {expected_format}; import the song again")
    return values
