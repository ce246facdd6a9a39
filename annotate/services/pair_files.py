"""The folder of a problem/solution set: JSONL, and audio or features (docs/pairs.md).

`dataset.json` is written last: a folder without it is not complete. Every file is there whole or
not at all, and what is there already is not made again, so a run that was stopped goes on.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.services.pairs import COMMON_GAIN_DB, PRESETS, Pair, Source, as_json
from modeling.audio import SAMPLE_RATE_HZ
from modeling.corpus import SUFFIX, CorpusError, Origin, measured, write_excerpt
from modeling.flac import flac_bytes, write_whole
from modeling.headroom import true_peak_dbtp
from modeling.loudness import gram_of_stems, matching_gain_db
from modeling.render import CEILING_DBTP, DEFAULT_TARGET_LUFS, level_stem, mix_stems
from modeling.storage import read_stem

FORMAT = "gainsay-pairs/1"
DATASET_FILE, PAIRS_FILE = "dataset.json", "pairs.jsonl"
STEMS_FOLDER, MIXES_FOLDER, FEATURES_FOLDER = "stems", "mixes", "features"
BITS = 24

Floats = NDArray[np.float64]


class PairsError(Exception):
    """A folder that cannot be written: which, why, what to do; one line."""


def write_folder(
    out: Path,
    pairs: Sequence[Pair],
    settings: dict[str, Any],
    *,
    with_audio: bool,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Write a set to `out`; what dataset.json says of it. `advance` is called once an excerpt.

    Raises:
        PairsError: `out` holds another set, or cannot be written.
        AudioError: the audio of an excerpt is gone.
    """
    description = _description(pairs, settings, with_audio)
    _refuse_other_set(out, description)
    lines = {pair.id: as_json(pair) for pair in pairs}
    try:
        for source, own in _by_source(pairs):
            files = _write_audio(out, source, own) if with_audio else _write_features(out, source)
            for pair in own:
                lines[pair.id]["files"] = files | (
                    {"problem_mix": _mix_name(pair)} if with_audio else {}
                )
            advance()
        text = "".join(
            json.dumps(lines[pair.id], ensure_ascii=False, allow_nan=False) + "\n" for pair in pairs
        )
        description["pairs_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / PAIRS_FILE, text.encode())
        whole = json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(out / DATASET_FILE, whole.encode())
    except (OSError, CorpusError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PairsError(f"{out} cannot be written: {reason}; make room and run it again") from None
    return description


def _description(
    pairs: Sequence[Pair], settings: dict[str, Any], with_audio: bool
) -> dict[str, Any]:
    sources = sorted((source for source, _ in _by_source(pairs)), key=lambda one: one.key)
    distribution = PRESETS[settings["preset"]]
    counts: dict[str, int] = {}
    for pair in pairs:
        counts[pair.source.split] = counts.get(pair.source.split, 0) + 1
    return {
        "format": FORMAT,
        "settings": settings,
        "content": "flac" if with_audio else "features",
        "n_pairs": len(pairs),
        "n_excerpts": len(sources),
        "pairs_by_split": dict(sorted(counts.items())),
        "error_distribution": {
            "name": distribution.name,
            "none": distribution.none,
            "one": distribution.one,
            "two": distribution.two,
            "every": distribution.every,
            "smallest_db": distribution.smallest_db,
            "largest_db": distribution.largest_db,
            "movable": list(distribution.movable),
            "common_gain_db": COMMON_GAIN_DB,
        },
        "songs": [
            {"fingerprint": fingerprint, "artist": artist, "split": split}
            for fingerprint, artist, split in sorted(
                {(s.excerpt.song.fingerprint, s.excerpt.song.artist, s.split) for s in sources}
            )
        ],
        "licences": sorted({one.excerpt.song.licence for one in sources}),
        "references": sorted({one.reference.version or "released" for one in sources}),
    }


def _refuse_other_set(out: Path, description: dict[str, Any]) -> None:
    """A folder belongs to one set: the same may be written again, another may not."""
    if out.exists() and not out.is_dir():
        raise PairsError(f"{out} is a file: give a folder")
    path = out / DATASET_FILE
    if not path.exists():
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if {**known, "pairs_sha256": ""} != {**description, "pairs_sha256": ""}:
        raise PairsError(f"{out} holds another set: give an empty folder, or delete it first")


def _by_source(pairs: Sequence[Pair]) -> list[tuple[Source, list[Pair]]]:
    """The pairs of each excerpt."""
    by_key: dict[str, tuple[Source, list[Pair]]] = {}
    for pair in pairs:
        by_key.setdefault(pair.source.key, (pair.source, []))[1].append(pair)
    return list(by_key.values())


def _write_audio(out: Path, source: Source, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Stems and mix at the reference balance, and the mix of each problem.

    Mixes are brought to one loudness, a static gain for each, so that no level tells anything; the
    stems of one excerpt share one gain. Both gains follow from the audio, and are not needed to use
    it.
    """
    stems = f"{STEMS_FOLDER}/{source.key}"
    reference = f"{MIXES_FOLDER}/{source.key}-reference.flac"
    wanted = [*(f"{stems}/{stem}.flac" for stem in STEMS), reference]
    missing = [pair for pair in pairs if not (out / _mix_name(pair)).exists()]
    if missing or not all((out / name).exists() for name in wanted):
        audio = _at_reference(source)
        _write_stems(out / stems, audio)
        _write_mix(out / reference, audio, np.zeros(len(STEMS)))
        for pair in missing:
            _write_mix(out / _mix_name(pair), audio, np.nan_to_num(pair.error_db))
    return {"stems": {stem: f"{stems}/{stem}.flac" for stem in STEMS}, "reference_mix": reference}


def _write_features(out: Path, source: Source) -> dict[str, Any]:
    """The excerpt at its reference balance as modeling.corpus keeps it: any problem's mix follows
    from it without audio."""
    name = f"{FEATURES_FOLDER}/{source.key}{SUFFIX}"
    if not (out / name).exists():
        song = source.excerpt.song
        origin = Origin(
            fingerprint=song.fingerprint,
            artist=song.artist,
            title=song.title,
            licence=song.licence,
            source=song.source,
            generated=song.is_generated,
            start_s=source.excerpt.start_s,
            duration_s=source.excerpt.duration_s,
        )
        stems = _at_reference(source).astype(np.float32)
        write_excerpt(out / FEATURES_FOLDER, source.key, measured(stems, origin))
    return {"features": name}


def _at_reference(source: Source) -> Floats:
    """Stems (4, 2, n) at the reference balance; silence where one is off."""
    folder, balance_db = source.excerpt.folder, source.reference.balance_db
    return np.stack([level_stem(read_stem(folder, stem), balance_db[stem]) for stem in STEMS])


def _write_stems(folder: Path, stems: Floats) -> None:
    peaks_dbtp = [true_peak_dbtp(stem) for stem in stems]
    over_db = max(0.0, *(peak - CEILING_DBTP for peak in peaks_dbtp if peak is not None))
    folder.mkdir(parents=True, exist_ok=True)
    for stem, audio in zip(STEMS, stems, strict=True):
        content = flac_bytes(audio * 10.0 ** (-over_db / 20.0), SAMPLE_RATE_HZ, bits=BITS)
        write_whole(folder / f"{stem}.flac", content)


def _write_mix(path: Path, stems: Floats, gains_db: Floats) -> None:
    mix = mix_stems(stems, gains_db)
    gram = gram_of_stems(mix[np.newaxis], SAMPLE_RATE_HZ)
    gain_db = float(np.nan_to_num(matching_gain_db(gram, [0.0], DEFAULT_TARGET_LUFS)))
    peak = true_peak_dbtp(mix)
    if peak is not None:
        gain_db = min(gain_db, CEILING_DBTP - peak)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, flac_bytes(mix * 10.0 ** (gain_db / 20.0), SAMPLE_RATE_HZ, bits=BITS))


def _mix_name(pair: Pair) -> str:
    return f"{MIXES_FOLDER}/{pair.id}.flac"
