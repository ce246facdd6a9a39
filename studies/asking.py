"""Letting the systems advise on stems that lie in an excerpt's folder. No Django here."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance
from modeling.advice.structure import Advice
from modeling.audio import SAMPLE_RATE_HZ
from modeling.corpus import Origin, measured
from modeling.features import SHORTEST_S
from modeling.storage import StorageError
from modeling.systems.hearing import Scene
from modeling.systems.interface import BUNDLED_CHECKPOINTS, Options, System, SystemFailedError
from modeling.systems.registry import advise, system, systems
from studies.reading import load_window

if TYPE_CHECKING:
    from modeling.endpoint.client import Endpoint

# The advisors first; what is not named here follows by name.
ORDER = (
    "differential",
    "baseline",
    "llm_agent",
    "neighbours",
    "ridge",
    "template_shrinkage",
    "template",
    "equal_loudness",
    "zero",
    "random",
)


@dataclass(frozen=True)
class Reply:
    """What a system said, or why it could not."""

    system: System
    advice: Advice | None
    refusal: str = ""


@dataclass(frozen=True)
class Stems:
    """Stems (4, 2, n) as imported, and where they stand."""

    audio: NDArray[np.float32]
    present: Balance
    title: str = ""
    artist: str = ""
    licence: str = ""
    fingerprint: str = ""


def askable(name: str | None = None) -> list[System]:
    """The systems that may advise outside of an evaluation, advisors first; or the one `name`.

    Raises:
        SystemFailedError: `name` is unknown, or knows the answer.
    """
    if name is not None:
        chosen = system(name)
        if chosen.evaluation_only:
            raise SystemFailedError(f"{name} knows the answer; it is for evaluations only")
        return [chosen]
    found = [one for one in systems().values() if not one.evaluation_only]
    return sorted(found, key=lambda one: (place_of(one.name), one.name))


def place_of(name: str) -> int:
    """Where a system stands among all."""
    return ORDER.index(name) if name in ORDER else len(ORDER)


def window_of(folder: Path, present: Balance | None = None, **about: str) -> Stems:
    """The stems of an excerpt's folder, at 0 dB or at `present`. Raises StorageError."""
    audio = load_window(folder)
    if audio.shape[2] < SHORTEST_S * SAMPLE_RATE_HZ:
        raise StorageError(folder, f"is shorter than the {SHORTEST_S:g} s that advice needs")
    return Stems(audio, present or Balance(0.0, 0.0, 0.0, 0.0), **about)


def ask(
    stems: Stems,
    asked: Sequence[System],
    *,
    seed: int,
    checkpoints: Path = BUNDLED_CHECKPOINTS,
    endpoint: "Endpoint | None" = None,
    reasons: bool = True,
    self_check: bool = True,
) -> Iterator[Reply]:
    """Each system's advice for the balance at which the stems stand.

    Raises:
        ValueError: nothing sounds.
    """
    scene = scene_of(stems)
    options = Options(seed, reasons, self_check, checkpoints, endpoint)
    for one in asked:
        try:
            yield Reply(one, advise(one.name, scene, options))
        except SystemFailedError as error:
            yield Reply(one, None, str(error))


def scene_of(stems: Stems) -> Scene:
    """What is known of the stems; a silent one is masked whatever was asked for."""
    duration_s = stems.audio.shape[2] / SAMPLE_RATE_HZ
    origin = Origin(
        fingerprint=stems.fingerprint,
        artist=stems.artist,
        title=stems.title,
        licence=stems.licence,
        source="",
        generated=False,
        start_s=0.0,
        duration_s=duration_s,
    )
    excerpt = measured(stems.audio, origin)
    standing = stems.present.to_mapping()
    active = dict(zip(STEMS, excerpt.active, strict=True))
    present = Balance.from_mapping(
        {stem: standing[stem] if active[stem] else None for stem in STEMS}
    )
    return Scene(excerpt, present, audio=stems.audio)


def seed_of(*parts: str) -> int:
    """A seed that follows from what is asked, so that asking again gives the same words."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:4], "big")


def bundle_fingerprint(checkpoints: Path = BUNDLED_CHECKPOINTS) -> str:
    """SHA-256 over all weights of a bundle; "" where there is none."""
    files = sorted(checkpoints.glob("*/*.safetensors"))
    return _hashed(tuple((path, path.stat().st_mtime_ns) for path in files)) if files else ""


@lru_cache(maxsize=4)
def _hashed(files: tuple[tuple[Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _ in files:
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
