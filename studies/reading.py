"""Four stems read, measured and cut to the window that is heard and advised on.

No Django here. `python -m studies.reading FOLDER TARGET` does it in a process of its own, under
limits of memory, time and disk: what a stranger uploads is decoded nowhere else.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import AudioError, probe
from modeling.child_limits import ChildLimits, limit_this_process
from modeling.excerpts import choose_excerpts, cut_excerpt
from modeling.features import PAIRS, SHORTEST_S, band_products
from modeling.ingest import ingest
from modeling.layouts import SongSource, find_songs
from modeling.songs import read_levels, read_song
from modeling.storage import read_stem, write_array

LONGEST_S = 15.0 * 60.0
FEWEST_STEMS = 2
SPECTRA = "spectra"
# Flat tops: this many equal samples in a row, this close to full scale.
_FLAT_RUN, _FULL_SCALE = 3, 0.985
_MOST_CLIPPED_SHARE = 1e-3
_CPU_S = 600

Progress = Callable[[float], None]


@dataclass(frozen=True)
class StemSet:
    """Stems on disk: `song` as a whole and `excerpt`, the window; folders of modeling.songs."""

    song: Path
    excerpt: Path
    title: str
    notes: tuple[str, ...]


def find_one_song(path: Path) -> SongSource:
    """The one song at `path`: a folder of four stems, or a `.stem.mp4`.

    Raises:
        AudioError: there is none, it lacks a stem, or there are several.
    """
    found = find_songs([path])
    if len(found.songs) > 1:
        raise AudioError(path, f"holds {len(found.songs)} songs; give the folder of one")
    if found.problems or not found.songs:
        problem = found.problems[0]
        raise AudioError(problem.path, problem.reason)
    return found.songs[0]


def read_stems(
    path: Path, target: Path, *, longest_s: float = LONGEST_S, progress: Progress | None = None
) -> StemSet:
    """Read the song at `path` into the folder `target`; `progress` is given a share from 0 to 1.

    Raises:
        AudioError: missing, mismatched, silent, clipped, too short or too long stems, or files that
            cannot be decoded; what `target` then holds is of no use.
    """
    source = find_one_song(path)
    told = _shares(source, progress)
    song = ingest(source, target, folder_name="song", longest_s=longest_s, progress=told)
    if song.duration_s < SHORTEST_S:
        raise AudioError(
            path, f"lasts {song.duration_s:.1f} s; advice needs {SHORTEST_S:g} s or more"
        )
    levels = read_levels(song.folder)
    window = choose_excerpts(levels.gram, levels.peaks)[0]
    excerpt = cut_excerpt(song.folder, window.start_s, window.duration_s, target / "excerpt")
    sounding = [stem for stem in STEMS if excerpt.loudness_lufs[stem] is not None]
    if len(sounding) < FEWEST_STEMS:
        raise AudioError(
            path, f"has only {sounding[0]} to hear; a balance needs two stems that sound"
        )
    stems = load_window(excerpt.folder)
    _check_not_clipped(path, stems)
    write_array(excerpt.folder, SPECTRA, spectra_db(stems))
    return StemSet(song.folder, excerpt.folder, song.title, song.notes)


def load_window(folder: Path) -> NDArray[np.float32]:
    """Stems (4, 2, n) of an excerpt's folder, as they were imported. Raises StorageError."""
    return np.stack([read_stem(folder, stem) for stem in STEMS])


def spectra_db(stems: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean level (40, 4) of each stem in the bands of modeling.features, dB, NaN where silent."""
    products = band_products(stems)
    own = np.array([first == second for first, second in PAIRS])
    power = products.bands[..., own].astype(np.float64).mean(axis=0).sum(axis=1)
    with np.errstate(divide="ignore"):
        level_db = 10.0 * np.log10(power) + products.level_db
    return np.where(np.isfinite(level_db), level_db, np.nan)


def clipped_share(stem: NDArray[np.float32]) -> float:
    """Share of samples (2, n) on flat tops at full scale."""
    # In the worse channel: one that is clipped is enough to hear it.
    tops = np.abs(stem) >= _FULL_SCALE
    flat = tops[:, 1:] & (stem[:, 1:] == stem[:, :-1])
    runs = flat[:, 1:] & flat[:, :-1]
    return float(runs.mean(axis=1).max()) if runs.shape[1] else 0.0


def _check_not_clipped(path: Path, stems: NDArray[np.float32]) -> None:
    for stem, samples in zip(STEMS, stems, strict=True):
        share = clipped_share(samples)
        if share > _MOST_CLIPPED_SHARE:
            raise AudioError(
                path,
                f"{stem} is clipped: {100 * share:.1f} % of it lies on flat tops at full scale, "
                "where its level is lost; export it again with headroom",
            )


def _shares(source: SongSource, progress: Progress | None) -> Progress | None:
    """Seconds done since the last call, as the share of all."""
    if progress is None:
        return None
    total_s = probe(source.stems[STEMS[0]]).duration_s or LONGEST_S
    done_s = 0.0

    def told(seconds: float) -> None:
        nonlocal done_s
        done_s += seconds
        progress(min(1.0, done_s / total_s))

    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Read one upload; lines of JSON on stdout: {"share"} on the way, at the end {"notes"} or
    {"path", "reason"}. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m studies.reading", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--longest-s", type=float, default=LONGEST_S)
    given = parser.parse_args(arguments)
    limit_this_process(ChildLimits(cpu_s=_CPU_S))

    def say(**values: object) -> None:
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()

    try:
        read = read_stems(
            given.folder,
            given.target,
            longest_s=given.longest_s,
            progress=lambda share: say(share=share),
        )
    except AudioError as error:
        say(path=str(error.path), reason=error.reason)
        return 1
    except MemoryError:
        say(path=str(given.folder), reason="needs more memory than one upload may take; cut it")
        return 1
    say(notes=list(read.notes), title=read_song(read.song).title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
