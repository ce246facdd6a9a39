"""The sounds of a study's items, rendered once and served to those who take part.

All mixes of an item are equally loud (within 0.1 LU, none above -1 dBTP) and equally long in
samples and in bytes, so that nothing but the balance tells one from another. Files are named by
their content: the same sound is rendered once, whatever version or clone asks for it.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.background import Report
from annotate.fields import StemValues
from annotate.media import media_folder
from annotate.models import Excerpt
from modeling.audio import SAMPLE_RATE_HZ
from modeling.flac import equal_length_flacs, flac_bytes, write_whole
from modeling.mix_character import character_of
from modeling.render import MatchedMix, match_mixes, mix_stems
from modeling.storage import StorageError
from studies.models import Item, Stimulus, StudyVersion, Trial
from studies.protocol.answers import letters_of
from studies.protocol.hashing import content_hash
from studies.protocol.reading import read_spec
from studies.protocol.spec import Block, Spec
from studies.reading import load_window
from studies.services.refusing import Refused

# scipy is imported where it is used: web processes load this module and start without it.

FOLDER = "stimuli"
# Changes when the same request would give another sound.
RENDERER = 2
LOW_PASS_HZ = {"low-pass 3.5 kHz": 3500.0, "low-pass 7 kHz": 7000.0}
_LOW_PASS_ORDER = 8

Floats = NDArray[np.float64]


def needs_audio(block: Block, stimulus: Stimulus) -> bool:
    """Whether somebody hears this stimulus: beside texts only the problem, unless what follows
    from the advice is heard too."""
    if not block.is_about_advice or stimulus.role == Stimulus.Role.PROBLEM:
        return True
    return block.hear_after != "never"


def is_rendered(stimulus: Stimulus) -> bool:
    """Whether its sound is there."""
    return stimulus.rendering is not None and path_of(stimulus.rendering["sha256"]).is_file()


def path_of(sha256: str) -> Path:
    """Where the file with this content lies."""
    return media_folder(FOLDER, sha256[:2], f"{sha256}.flac")


def render(version: StudyVersion, report: Report) -> int:
    """Render what is missing; how many items were rendered. What is there already stays.

    Raises:
        Refused: a mix has no loudness, or the audio of an excerpt is gone.
    """
    spec = read_spec(version.spec)
    items = list(version.items.select_related("excerpt__song").prefetch_related("stimuli"))
    done = 0
    for number, item in enumerate(items, 1):
        done += render_item(item, spec)
        report(number / max(1, len(items)), str(item.excerpt.song))
    return done


def render_item(item: Item, spec: Spec) -> bool:
    """False where there is nothing to do: all of it is there, or its advice is not yet."""
    block = spec.block(item.block)
    wanted = [one for one in item.stimuli.all() if needs_audio(block, one)]
    if not wanted or any(one.balance_db is None for one in wanted):
        return False
    asked = _asked(item, block, spec, wanted)
    if all(is_rendered(one) and (one.rendering or {})["of"] == asked for one in wanted):
        return False
    told = _kept(asked) or _rendered(item, block, spec, wanted, asked)
    for stimulus, rendering in zip(wanted, told["mixes"], strict=True):
        stimulus.rendering = rendering
        stimulus.save(update_fields=["rendering"])
    item.dry_stems = told["dry_stems"] or None
    item.save(update_fields=["dry_stems"])
    return True


def _rendered(
    item: Item, block: Block, spec: Spec, wanted: Sequence[Stimulus], asked: str
) -> dict[str, Any]:
    """Render the sounds of an item; what is known of each."""
    target_lufs = spec.audio.target_lufs
    try:
        stems = load_window(item.excerpt.folder)
        audio = [_mix(stems, one) for one in wanted]
        mixes = match_mixes(audio, SAMPLE_RATE_HZ, target_lufs=target_lufs)
        dry = _dry_stems(stems, item.reference_db, target_lufs) if block.dry_stems else {}
    except (ValueError, StorageError) as error:
        raise Refused(f"item {item.number} ({item.excerpt.song}): {error}") from None
    sounds = [*mixes, *dry.values()]
    files = equal_length_flacs([flac_bytes(one.audio, SAMPLE_RATE_HZ) for one in sounds])
    stored = [_store(sound, file, asked) for sound, file in zip(sounds, files, strict=True)]
    told = {
        "mixes": stored[: len(mixes)],
        "dry_stems": dict(zip(dry, stored[len(mixes) :], strict=True)),
    }
    _keep(asked, told)
    return told


def _kept(asked: str) -> dict[str, Any] | None:
    """What was rendered for the same request before, by another version or study perhaps."""
    try:
        told: dict[str, Any] = json.loads(_record(asked).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    sounds = [*told["mixes"], *told["dry_stems"].values()]
    return told if all(path_of(one["sha256"]).is_file() for one in sounds) else None


def _keep(asked: str, told: dict[str, Any]) -> None:
    path = _record(asked)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(told).encode())


def _record(asked: str) -> Path:
    return media_folder(FOLDER, "requests", asked[:2], f"{asked}.json")


def _asked(item: Item, block: Block, spec: Spec, wanted: Sequence[Stimulus]) -> str:
    """All that the sounds of an item follow from, as one number."""
    excerpt: Excerpt = item.excerpt
    return content_hash(
        {
            "renderer": RENDERER,
            "song": excerpt.song.fingerprint,
            "window_s": [excerpt.start_s, excerpt.duration_s],
            "target_lufs": spec.audio.target_lufs,
            "dry": item.reference_db if block.dry_stems else None,
            "mixes": [[one.role, _filter(one), one.balance_db] for one in wanted],
        }
    )


def _filter(stimulus: Stimulus) -> str:
    return stimulus.name if stimulus.name in LOW_PASS_HZ else ""


def _mix(stems: NDArray[np.float32], stimulus: Stimulus) -> Floats:
    balance_db: StemValues = stimulus.balance_db
    mix = mix_stems(stems, [balance_db[stem] for stem in STEMS])
    cutoff_hz = LOW_PASS_HZ.get(stimulus.name)
    return mix if cutoff_hz is None else low_passed(mix, cutoff_hz)


def low_passed(mix: Floats, cutoff_hz: float) -> Floats:
    """A mix (channels, n) without what lies above `cutoff_hz`, and without delay: as an anchor of
    BS.1534 it must stand at the same place in time as the others."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(_LOW_PASS_ORDER, cutoff_hz, fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfiltfilt(sections, mix, axis=-1))


def _dry_stems(
    stems: NDArray[np.float32], reference_db: StemValues, target_lufs: float
) -> dict[str, MatchedMix]:
    """Each stem that sounds, all at one loudness: their balance is not to be heard from them."""
    sounding = [stem for stem in STEMS if reference_db[stem] is not None]
    audio = [stems[STEMS.index(stem)].astype(np.float64) for stem in sounding]
    matched = match_mixes(audio, SAMPLE_RATE_HZ, target_lufs=target_lufs)
    return dict(zip(sounding, matched, strict=True))


def _character(sound: MatchedMix) -> dict[str, float]:
    """Features of the sound for the report; none where it is too short to have them."""
    try:
        found = character_of(sound.audio, SAMPLE_RATE_HZ)
    except ValueError:
        return {}
    return {name: round(value, 4) for name, value in found.items()}


def _store(sound: MatchedMix, file: bytes, asked: str) -> dict[str, Any]:
    sha256 = hashlib.sha256(file).hexdigest()
    path = path_of(sha256)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, file)
    return {
        "loudness_lufs": round(sound.loudness_lufs, 3),
        "target_lufs": round(sound.target_lufs, 3),
        "gain_db": round(sound.gain_db, 3),
        "true_peak_dbtp": round(sound.true_peak_dbtp, 3),
        "duration_s": sound.audio.shape[1] / SAMPLE_RATE_HZ,
        "n_bytes": len(file),
        "character": _character(sound),
        "sha256": sha256,
        "of": asked,
    }


def sounds_of(trial: Trial, block: Block) -> dict[str, dict[str, Any]]:
    """What can be heard in a trial: rendering by label ("problem", "reference", "A"..., "after
    A"..., "dry vocals"...). Whether "after A" may be heard yet is for the caller to know."""
    stimuli = {one.pk: one for one in trial.item.stimuli.all()}
    sounds: dict[str, Any] = {}
    for one in stimuli.values():
        if one.role == Stimulus.Role.PROBLEM and block.is_about_advice:
            sounds["problem"] = one.rendering
        if one.role == Stimulus.Role.REFERENCE and block.type == "mushra":
            sounds["reference"] = one.rendering
    prefix = "after " if block.is_about_advice else ""
    for letter, key in zip(letters_of(len(trial.sides)), trial.sides, strict=True):
        if needs_audio(block, stimuli[key]):
            sounds[prefix + letter] = stimuli[key].rendering
    for stem, rendering in (trial.item.dry_stems or {}).items():
        sounds[f"dry {stem}"] = rendering
    return {label: rendering for label, rendering in sounds.items() if rendering is not None}


def audio_bytes(trial: Trial, label: str) -> bytes:
    """FLAC of one sound of a trial, by its label in `sounds_of`.

    Raises:
        LookupError: the trial has no such sound.
        OSError: the file is gone.
    """
    block = read_spec(trial.rater.version.spec).block(trial.item.block)
    return path_of(sounds_of(trial, block)[label]["sha256"]).read_bytes()
