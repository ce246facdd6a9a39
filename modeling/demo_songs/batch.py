"""Many generated songs, in as many processes as wanted."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from modeling.demo_songs.files import write_song
from modeling.demo_songs.song import compose


def write_songs(
    folder: Path, *, seed: int, indices: Sequence[int], duration_s: float, jobs: int = 1
) -> Iterator[Path]:
    """Compose the songs of these indices into folders of their own, given in the same order.

    A song that is there already is left alone, so a run that was stopped goes on.
    """
    write = partial(_write_one, folder, seed, duration_s)
    if jobs == 1:
        yield from map(write, indices)
        return
    # Fresh processes: a fork would share the parent's connections and threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(write, indices)


def _write_one(folder: Path, seed: int, duration_s: float, index: int) -> Path:
    path = folder / f"seed-{seed}-song-{index:04d}"
    if not (path / "song.json").exists():
        write_song(compose(seed, index, duration_s), path)
    return path
