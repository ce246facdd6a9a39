"""Import of a 4 min song: seconds and peak memory, against decoding plus FLAC encoding alone.

The song is made by repeating generated noise and tones, 16-bit FLAC in, 16-bit FLAC out. What it
is compared with reads the same four files and encodes them at the same level with nothing else done
to the samples, once in a plain loop and once on as many threads as the import uses. Every figure is
taken in a child process of its own, the best of three, so that memory is that of one import.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

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
    """Five rows; quick takes a 1 min song instead of 4, and 2 min instead of 8 for memory."""
    short_min, normal_min, long_min = (0.5, 1, 2) if quick else (1, 4, 8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {
            minutes: _import_of(folder, minutes) for minutes in (short_min, normal_min, long_min)
        }
        plain_s = _best("plain", folder / f"{normal_min}", folder)["seconds"]
        threaded_s = _best("threaded", folder / f"{normal_min}", folder)["seconds"]
    seconds = measured[normal_min]["seconds"]
    growth_mb = measured[long_min]["peak_mb"] - measured[short_min]["peak_mb"]
    aim = f"at most {LARGEST_RATIO:g} times"
    song = f"import of a {normal_min} min song"
    return [
        Row(
            song,
            seconds,
            "s",
            "decoding plus FLAC encoding alone",
            plain_s,
            aim,
            seconds <= LARGEST_RATIO * plain_s,
        ),
        Row(
            song,
            seconds,
            "s",
            "decoding plus FLAC encoding alone, on threads too",
            threaded_s,
        ),
        Row(
            f"{song}: peak memory",
            measured[normal_min]["peak_mb"],
            "MB",
            "a process that only loaded the same packages",
            _child("idle", folder, folder)["peak_mb"],
        ),
        Row(
            f"peak memory, {long_min} min song less {short_min} min song",
            growth_mb,
            "MB",
            aim=f"at most {MEMORY_GROWTH_MB:g} MB",
            met=growth_mb <= MEMORY_GROWTH_MB,
        ),
    ]


def _import_of(folder: Path, minutes: float) -> dict[str, float]:
    song = folder / f"{minutes}"
    _write_song(song, minutes)
    return _best("import", song, folder)


def _write_song(folder: Path, minutes: float) -> None:
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


def _best(task: str, song: Path, folder: Path) -> dict[str, float]:
    results = [_child(task, song, folder) for _ in range(ROUNDS)]
    return {key: min(result[key] for result in results) for key in ("seconds", "peak_mb")}


def _child(task: str, song: Path, folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder if folder.is_dir() else None) as out:
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
    start = perf_counter()
    _do(task, song, out)
    seconds = perf_counter() - start
    peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    _main()
