"""A frozen consensus as audio: the balanced stems and their mix."""

import re
from pathlib import Path

import numpy as np

from analysis.vectors import STEMS
from annotate.models import ConsensusExcerpt
from modeling.audio import SAMPLE_RATE_HZ
from modeling.flac import flac_bytes, write_whole
from modeling.headroom import true_peak_dbtp
from modeling.render import CEILING_DBTP, level_stem
from modeling.storage import read_stem


def render_consensus(row: ConsensusExcerpt, folder: Path) -> list[Path]:
    """Write stems and mix of one excerpt at its consensus balance, 24-bit, into its own folder.

    All files share one gain: at most 0 dB, lowered until the mix and every stem stay under
    -1 dBTP, so the stems still sum to the mix. A stem whose fader the consensus has off, or that is
    silent, is written as silence.
    """
    excerpt = row.item.excerpt
    balance_db = row.balance_db or {}
    stems = np.stack(
        [level_stem(read_stem(excerpt.folder, stem), balance_db.get(stem)) for stem in STEMS]
    )
    mix = stems.sum(axis=0)
    peaks_dbtp = [true_peak_dbtp(audio) for audio in (mix, *stems)]
    peak_dbtp = max(peak for peak in (CEILING_DBTP, *peaks_dbtp) if peak is not None)
    gain = 10.0 ** ((CEILING_DBTP - peak_dbtp) / 20.0)
    target = folder / f"{_name(str(excerpt.song))}-{excerpt.key}"
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, audio in (*zip(STEMS, stems, strict=True), ("mix", mix)):
        path = target / f"{name}.flac"
        write_whole(path, flac_bytes(audio * gain, SAMPLE_RATE_HZ, bits=24))
        written.append(path)
    return written


def _name(text: str) -> str:
    """A song's name as a folder name that every system takes."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._")[:80] or "song"
