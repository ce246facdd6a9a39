"""Import of a 4 min song: seconds and peak memory, against decoding plus FLAC encoding alone.

The song is made by repeating generated noise and tones, 16-bit FLAC in, 16-bit FLAC out. What it
is compared with reads the same four files and encodes them at the same level with nothing else done
to the samples, once in a plain loop and once on as many threads as the import uses. Every run is a
child process of its own, so that memory is that of one import; the tasks take turns and the best of
three counts, so that other work on the machine disturbs them alike.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time

import numpy as np
import soundfile

from analysis.vectors import STEMS
from benchmarks.table import Row
from modeling.audio import SAMPLE_RATE_HZ
from modeling.ingest import ingest
from modeling.layouts import find_songs
from modeling.storage import COMPRESSION_LEVEL

ROUNDS = 3
LARGEST_RATIO = 2.0
MEMORY_GROWTH_MB = 20.0


def run(quick: bool) -> list[Row]:
    """Seconds, processor seconds and memory; quick takes 1 min instead of 4, 2 instead of 8."""
    short_min, normal_min, long_min = (0.5, 1, 2) if quick else (1, 4, 8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        songs = {
            minutes: _write_song(folder / f"{minutes}", minutes)
            for minutes in (short_min, normal_min, long_min)
        }
        best = _best_of(songs[normal_min], folder)
        growth_mb = (
            _child("import", songs[long_min], folder)["peak_mb"]
            - _child("import", songs[short_min], folder)["peak_mb"]
        )
        idle_mb = _child("idle", folder, folder)["peak_mb"]
    return [
        *_time_rows(f"import of a {normal_min} min song", best),
        Row(
            f"import of a {normal_min} min song: peak memory",
            best["import"]["peak_mb"],
            "MB",
            "a process that only loaded the same packages",
            idle_mb,
        ),
        Row(
            f"peak memory, {long_min} min song less {short_min} min song",
            growth_mb,
            "MB",
            aim=f"at most {MEMORY_GROWTH_MB:g} MB",
            met=growth_mb <= MEMORY_GROWTH_MB,
        ),
    ]


def _time_rows(song: str, best: Mapping[str, Mapping[str, float]]) -> list[Row]:
    alone = "decoding plus FLAC encoding alone"
    ours_s, plain_s = best["import"]["seconds"], best["plain"]["seconds"]
    return [
        Row(
            song,
            ours_s,
            "s",
            alone,
            plain_s,
            f"at most {LARGEST_RATIO:g} times",
            ours_s <= LARGEST_RATIO * plain_s,
        ),
        Row(song, ours_s, "s", f"{alone}, on threads too", best["threaded"]["seconds"]),
        Row(
            f"{song}: processor time",
            best["import"]["processor_s"],
            "s",
            alone,
            best["plain"]["processor_s"],
        ),
    ]


def _best_of(song: Path, folder: Path) -> dict[str, dict[str, float]]:
    """The smallest of each figure, by task, over rounds in which the tasks take turns."""
    rounds = [
        {task: _child(task, song, folder) for task in ("import", "plain", "threaded")}
        for _ in range(ROUNDS)
    ]
    return {
        task: {key: min(results[task][key] for results in rounds) for key in figures}
        for task, figures in rounds[0].items()
    }


def _write_song(folder: Path, minutes: float) -> Path:
    """Four stems of decaying tones with noise, 10 s over and over."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    t = np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    for index, stem in enumerate(STEMS):
        tone = np.sin(2 * np.pi * 110.0 * (index + 1) * t) * np.exp(-3.0 * (t % 0.5))
        part = 0.2 * tone[:, np.newaxis] + rng.normal(0.0, 0.01, (len(t), 2))
        integers = np.rint(part * 2**15).astype(np.int16)
        with soundfile.SoundFile(folder / f"{stem}.flac", "w", SAMPLE_RATE_HZ, 2, "PCM_16") as file:
            for _ in range(round(minutes * 6)):
                file.write(integers)
    return folder


def _child(task: str, song: Path, folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [sys.executable, "-m", "benchmarks.ingest", task, str(song), out]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _copy_stem(song: Path, stem: str, out: Path) -> None:
    with (
        soundfile.SoundFile(song / f"{stem}.flac") as source,
        soundfile.SoundFile(
            out / f"{stem}.flac",
            "w",
            SAMPLE_RATE_HZ,
            2,
            "PCM_16",
            compression_level=COMPRESSION_LEVEL,
        ) as target,
    ):
        while len(block := source.read(5 * SAMPLE_RATE_HZ, dtype="int16")):
            target.write(block)


def _do(task: str, song: Path, out: Path) -> None:
    if task == "import":
        (source,) = find_songs([song]).songs
        ingest(source, out)
    elif task != "idle":
        with ThreadPoolExecutor(1 if task == "plain" else None) as pool:
            list(pool.map(lambda stem: _copy_stem(song, stem, out), STEMS))


def _main() -> None:
    task, song, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    start, processor_start = perf_counter(), process_time()
    _do(task, song, out)
    figures = {
        "seconds": perf_counter() - start,
        "processor_s": process_time() - processor_start,
        "peak_mb": getrusage(RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    _main()
