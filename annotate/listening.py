"""What a researcher's page needs to draw and play a song or an excerpt: shapes, levels, addresses.

Researchers hear the stems as imported; only the annotator's desk hides their levels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.urls import reverse
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.models import Campaign, Excerpt, Song
from annotate.plots import waveform_path
from modeling.audio import AudioError
from modeling.headroom import compensation_db, pack_peaks
from modeling.loudness import pack_gram
from modeling.songs import read_levels
from modeling.storage import read_array
from modeling.waveform import LOWEST_DBFS

CEILING_DBFS = -1.0
TARGET_LUFS = -23.0
# A stretch of a whole song that one may hear at once: what a browser decodes without trouble.
LONGEST_STRETCH_S = 60.0
DRAWN_WIDTH = 1200


@dataclass(frozen=True, slots=True)
class Window:
    """An excerpt within the drawn song."""

    key: str
    start_percent: float
    width_percent: float


@dataclass(frozen=True, slots=True)
class SongSound:
    """`paths` holds an SVG path for each stem, in a box of 1200 x 100, empty where it is silent.
    `player` goes to the page's script; None where the files cannot be read (`problem` says why)."""

    paths: dict[str, str]
    windows: tuple[Window, ...]
    player: dict[str, Any] | None
    problem: str = ""


def song_sound(song: Song, excerpts: Sequence[Excerpt]) -> SongSound:
    """Waveforms of a song and what its player needs."""
    windows = tuple(
        Window(
            one.key,
            round(100 * one.start_s / song.duration_s, 3),
            round(100 * one.duration_s / song.duration_s, 3),
        )
        for one in excerpts
        if song.duration_s > 0
    )
    try:
        gain_db, paths = _drawn(song.folder, _written_ns(song.folder))
    except AudioError as error:
        return SongSound({}, windows, None, error.reason)
    player = {
        "duration_s": song.duration_s,
        "longest_s": LONGEST_STRETCH_S,
        "gain_db": round(gain_db, 3),
        "stems": stem_addresses(
            "song-stem",
            song.key,
            {stem.role: stem.loudness_lufs is not None for stem in song.stems.all()},
        ),
    }
    return SongSound(paths, windows, player)


@lru_cache(maxsize=32)
def _drawn(folder: Path, _written_ns: int) -> tuple[float, dict[str, str]]:
    """What brings the song to its loudness, in dB, and its waveforms; drawn once for each time that
    its files were written. Raises AudioError."""
    levels = read_levels(folder)
    gain_db = compensation_db(
        levels.gram, levels.peaks, [0.0] * 4, target_lufs=TARGET_LUFS, ceiling_dbfs=CEILING_DBFS
    )
    return gain_db, waveform_paths(levels.waveform)


def _written_ns(folder: Path) -> int:
    """When the waveforms were written; 0 where they are gone."""
    try:
        return (folder / "waveform.npy").stat().st_mtime_ns
    except OSError:
        return 0


def waveform_paths(waveform: NDArray[np.uint8]) -> dict[str, str]:
    """Paths of the four stems on one scale: amplitude to the power of 0.6, so that quiet parts
    show and loud ones still stand out."""
    level_db = LOWEST_DBFS * (1.0 - waveform.astype(np.float64) / 255.0)
    height = np.where(waveform > 0, 10.0 ** (0.6 * level_db / 20.0), 0.0)
    highest = float(height.max(initial=0.0)) or 1.0
    drawn = np.rint(255.0 * height / highest).astype(int)
    return {
        stem: waveform_path(drawn[row].tolist(), width=DRAWN_WIDTH) if drawn[row].any() else ""
        for row, stem in enumerate(STEMS)
    }


def stem_addresses(route: str, key: str, active: Mapping[str, bool]) -> dict[str, str | None]:
    """Where each stem's audio is; null where there is nothing to hear."""
    return {stem: reverse(route, args=[key, stem]) if active[stem] else None for stem in STEMS}


def excerpt_player(excerpt: Excerpt, campaign: Campaign) -> dict[str, Any] | None:
    """What plays any balance of an excerpt at one loudness; None where its files are missing."""
    if not excerpt.has_audio:
        return None
    try:
        levels = read_levels(excerpt.folder)
    except AudioError:
        return None
    return {
        "duration_s": excerpt.duration_s,
        "stems": stem_addresses("excerpt-stem", excerpt.key, excerpt.active()),
        "gram": pack_gram(levels.gram),
        "n_hops": len(levels.gram),
        "peaks": pack_peaks(levels.peaks),
        "n_peaks": len(levels.peaks),
        "target_lufs": campaign.target_loudness_lufs,
        "ceiling_dbfs": CEILING_DBFS,
    }


def excerpt_paths(excerpt: Excerpt) -> dict[str, str]:
    """Waveforms of an excerpt; empty where its files cannot be read."""
    try:
        return waveform_paths(read_array(excerpt.folder, "waveform"))
    except AudioError:
        return {}
