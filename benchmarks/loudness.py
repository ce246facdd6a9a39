"""Loudness of 1,000 balances of one excerpt: the Gram against pyloudnorm on the mixed audio."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pyloudnorm
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS
from benchmarks.table import Row
from modeling.demo_songs import compose
from modeling.headroom import FADER_RANGE_DB
from modeling.loudness import gram_of_stems, loudness_lufs
from modeling.render import mix_stems

REAL_SONG = Path(__file__).resolve().parents[2] / "shared" / "stems" / "cc0" / "Lithium"
RATE_HZ = 44_100
EXCERPT_S = 25.0
N_BALANCES = 1000
AIM_TIMES = 100.0
AIM_LU = 0.01

Floats = NDArray[np.float64]


def run(quick: bool) -> list[Row]:
    """Seconds for 1,000 balances, seconds for the Gram itself, largest disagreement in LU."""
    stems, source = excerpt()
    rng = np.random.default_rng(0)
    balances_db = rng.uniform(*FADER_RANGE_DB, (N_BALANCES, len(STEMS)))
    n_direct = 5 if quick else 40

    gram, gram_s = _timed(lambda: gram_of_stems(stems, RATE_HZ))
    loudness_lufs(gram, balances_db)  # the first call warms caches
    loudness, balances_s = _timed(lambda: loudness_lufs(gram, balances_db))
    direct, direct_s = _timed(lambda: _pyloudnorm_lufs(stems, balances_db[:n_direct]))
    scaled_s = direct_s * N_BALANCES / n_direct
    other = f"pyloudnorm (DeMan) on the mixed audio, {n_direct} timed and scaled"
    apart_lu = float(np.abs(loudness[:n_direct] - direct).max())
    return [
        _speed_row(f"loudness of 1,000 balances, 25 s of {source}", balances_s, other, scaled_s),
        _speed_row("the same, with making the Gram", gram_s + balances_s, other, scaled_s),
        Row(
            f"loudness, largest disagreement over {n_direct} balances",
            apart_lu,
            "LU",
            "pyloudnorm (DeMan)",
            aim=f"{AIM_LU} LU or less",
            met=apart_lu <= AIM_LU,
        ),
    ]


def excerpt() -> tuple[Floats, str]:
    """Stems (4, 2, n) of 25 s: a real song, looped to that length, where there is one."""
    if not REAL_SONG.is_dir():
        return compose(seed=0, index=0, duration_s=EXCERPT_S).stems.astype(
            np.float64
        ), "a demo song"
    stems = [soundfile.read(REAL_SONG / f"{stem}.flac")[0].T for stem in STEMS]
    n_samples = round(EXCERPT_S * RATE_HZ)
    return np.tile(np.stack(stems), 2)[:, :, :n_samples], "a real song"


def _speed_row(name: str, seconds: float, other: str, other_s: float) -> Row:
    times = other_s / seconds
    aim = f"{AIM_TIMES:.0f}x faster or more (is {times:,.0f}x)"
    return Row(name, seconds, "s", other, other_s, aim=aim, met=times >= AIM_TIMES)


def _pyloudnorm_lufs(stems: Floats, balances_db: Floats) -> Floats:
    meter = pyloudnorm.Meter(RATE_HZ, filter_class="DeMan")
    mixes = (mix_stems(stems, balance_db) for balance_db in balances_db)
    return np.array([meter.integrated_loudness(mix.T) for mix in mixes])


def _timed(work: Callable[[], Floats]) -> tuple[Floats, float]:
    start = perf_counter()
    result = work()
    return result, perf_counter() - start
