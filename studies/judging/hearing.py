"""What a judge may hear of a mix: its loudness table, and its sound at the study's loudness."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance
from modeling.audio import SAMPLE_RATE_HZ
from modeling.endpoint.request import Audio
from modeling.loudness import matching_gain_db, stem_loudness_lufs
from modeling.render import match_mixes, mix_stems
from modeling.songs import read_levels
from modeling.storage import read_stem
from modeling.systems.agent_talk import wav

BETWEEN_S = 1.0


def table(
    folder: Path, balance_db: Mapping[str, float | None], target_lufs: float
) -> dict[str, float | None]:
    """Loudness in LUFS of each stem, None where silent or off, with the mix at `target_lufs`.

    Raises:
        StorageError: the excerpt's files are gone.
        ValueError: nothing sounds.
    """
    gram = read_levels(folder).gram
    gains_db = Balance.from_mapping(balance_db).to_array()
    common_db = float(matching_gain_db(gram, gains_db, target_lufs))
    levels_lufs = stem_loudness_lufs(gram) + gains_db + common_db
    found = dict(zip(STEMS, levels_lufs, strict=True))
    rounded = {s: float(v) if np.isfinite(v) else None for s, v in found.items()}
    return {**rounded, "mix": target_lufs}


def sound(
    folder: Path, balances_db: Sequence[Mapping[str, float | None]], target_lufs: float
) -> Audio:
    """The mixes of an excerpt, matched in loudness, one after the other with a second between.

    Raises:
        StorageError: the excerpt's files are gone.
        ValueError: a mix is silent.
    """
    stems = np.stack([read_stem(folder, stem) for stem in STEMS])
    mixes = [mix_stems(stems, Balance.from_mapping(one).to_array()) for one in balances_db]
    matched = match_mixes(mixes, SAMPLE_RATE_HZ, target_lufs=target_lufs)
    pause = np.zeros((2, round(BETWEEN_S * SAMPLE_RATE_HZ)))
    parts: list[NDArray[np.float64]] = []
    for one in matched:
        parts += [np.asarray(one.audio), pause]
    return wav(np.concatenate(parts[:-1], axis=1).astype(np.float32))
