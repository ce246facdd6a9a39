"""Fit the constants of the balance rule on generated songs, and print them.

    python -m modeling.demo_songs.calibrate --count 300 --seed 7 --jobs 2

Means and SDs of the quantities come straight from the songs. The scale of each stem is then found
so that its content part, after the mean over the stems is removed, has an SD of 2.5 dB.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from modeling.demo_songs import balance_rule
from modeling.demo_songs.song import compose

CONTENT_SD_DB = 2.5


def heard(index: int, seed: int, duration_s: float) -> dict[str, float]:
    """The measured quantities of one song."""
    return compose(seed, index, duration_s).measures


def fit_scales(urges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scales (4,) that give every column of the centred urges (n, 4) the wanted SD."""
    scales = np.full(4, CONTENT_SD_DB)
    for _ in range(500):
        raw = urges * scales
        spread = (raw - raw.mean(axis=1, keepdims=True)).std(axis=0)
        scales *= (CONTENT_SD_DB / spread) ** 0.5
    return scales


def main(arguments: list[str] | None = None) -> None:
    """Measure the songs and print the constants as Python."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--duration-s", type=float, default=25.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    job = partial(heard, seed=options.seed, duration_s=options.duration_s)
    with ProcessPoolExecutor(options.jobs) as pool:
        songs = list(pool.map(job, range(options.count), chunksize=4))
    for name in songs[0]:
        values = np.array([song[name] for song in songs])
        balance_rule.MEAN_AND_SD[name] = (float(values.mean()), float(values.std()))
    rows = [balance_rule.urges(balance_rule.standardised(song)) for song in songs]
    urges = np.array(rows)
    lines = [
        f'    "{name}": ({mean:.3f}, {spread:.3f}),'
        for name, (mean, spread) in balance_rule.MEAN_AND_SD.items()
    ]
    urge_mean = ", ".join(f"{value:.3f}" for value in urges.mean(axis=0))
    scale_db = ", ".join(f"{value:.3f}" for value in fit_scales(urges - urges.mean(axis=0)))
    lines += [f"URGE_MEAN = ({urge_mean})", f"SCALE_DB = ({scale_db})"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
