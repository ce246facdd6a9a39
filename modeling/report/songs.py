"""The songs of an evaluation: the best excerpt of each, and its audio when that is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import SAMPLE_RATE_HZ, AudioError, StemDecoder
from modeling.corpus import CorpusError, Excerpt, excerpts_of_song
from modeling.layouts import SongSource, find_songs
from modeling.progress import Progress


@dataclass(frozen=True)
class EvaluatedSong:
    """One song: where its stems are, and its excerpt as measured at the reference balance."""

    source: SongSource
    excerpt: Excerpt

    @property
    def name(self) -> str:
        """Artist and title, else the title."""
        artist, title = self.excerpt.origin.artist, self.excerpt.origin.title
        return f"{artist} - {title}" if artist else title

    def audio(self) -> NDArray[np.float32]:
        """Stems (4, 2, n) of the excerpt, decoded again. Raises CorpusError."""
        origin = self.excerpt.origin
        first = round(origin.start_s * SAMPLE_RATE_HZ)
        n_samples = round(origin.duration_s * SAMPLE_RATE_HZ)
        stems = np.zeros((len(STEMS), 2, n_samples), dtype=np.float32)
        try:
            for row, stem in zip(stems, STEMS, strict=True):
                blocks = list(StemDecoder(self.source.stems[stem]).blocks())
                cut = np.concatenate(blocks, axis=1)[:, first : first + n_samples]
                row[:, : cut.shape[1]] = cut
        except AudioError as error:
            raise CorpusError(str(error)) from error
        return stems


def read_songs(paths: Sequence[Path]) -> tuple[list[EvaluatedSong], list[str]]:
    """The songs under `paths`, in their order, each fingerprint once; a line for each left out."""
    found = find_songs(paths)
    problems = [str(problem) for problem in found.problems]
    songs: dict[str, EvaluatedSong] = {}
    with Progress(len(found.songs), "songs", unit="songs") as progress:
        for source in found.songs:
            try:
                song = EvaluatedSong(source, excerpts_of_song(source.path)[0])
                _require_balance(song)
            except CorpusError as error:
                problems.append(str(error))
            except ValueError as error:
                problems.append(f"{source.path}: {error}")
            else:
                same = songs.setdefault(song.excerpt.origin.fingerprint, song)
                if same is not song:
                    problems.append(f"{source.path}: is the same audio as {same.source.path}")
            progress.advance()
    return list(songs.values()), problems


def _require_balance(song: EvaluatedSong) -> None:
    n_active = int(song.excerpt.active.sum())
    if n_active < 2:
        raise ValueError(f"has {n_active} stem that sounds; a balance needs two, leave it out")
