"""What systems learned: rules and checkpoints, loaded once per process and folder.

Loading happens when advice is asked for; torch is imported then and not before.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from modeling.corpus import Excerpt, Origin
from modeling.errors import USUAL
from modeling.models.decision import thresholds_of
from modeling.rules import RULES_FILE, FittedRules, RulesError, load_rules
from modeling.systems.hearing import Heard
from modeling.systems.interface import SystemFailedError

if TYPE_CHECKING:
    from modeling.checkpoint import Checkpoint
    from modeling.models.ensemble import Ensemble, Heeded

RULES_FOLDER = "rules"
_NO_ORIGIN = Origin("", "", "", "", "", False, 0.0, 0.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LearnedRules:
    """The fitted rules and the fingerprint of their file."""

    fitted: FittedRules
    fingerprint: str


@dataclass(frozen=True)
class LearnedAdvisor:
    """A loaded advisor, its threshold for the usual errors, the fingerprint of its weights."""

    ensemble: "Ensemble"
    threshold: float
    fingerprint: str

    def threshold_for(self, heeded: "Heeded") -> float:
        """The threshold for the one set that was heard."""
        found = thresholds_of(heeded.evidence, heeded.trust, self.threshold, USUAL)
        return float(found[0])


def rules(checkpoints: Path) -> LearnedRules:
    """The fitted rules. Raises SystemFailedError where they are missing or damaged."""
    folder = checkpoints / RULES_FOLDER
    return _rules(folder, _changed(folder / RULES_FILE))


def advisor(checkpoints: Path, conditioning: str) -> LearnedAdvisor:
    """A trained advisor. Raises SystemFailedError where it is missing or damaged."""
    folder = checkpoints / conditioning
    return _advisor(folder, _changed(folder / "weights.safetensors"))


def scalars(ensemble: "Ensemble", heard: Heard) -> Floats:
    """Standardised level-free scalars (f,) of the heard stems."""
    from modeling.training.data import heard_stems_of

    features = ensemble.features(heard_stems_of(as_excerpt(heard)))
    return np.asarray(features[0].double().numpy())


def as_excerpt(heard: Heard) -> Excerpt:
    """The heard stems in the form that the networks read; nothing else is in it."""
    active = np.where(heard.mask, 0.0, np.nan)
    products = heard.the_stems().products
    return Excerpt(_NO_ORIGIN, products, active, np.zeros((0, 4, 4)), np.full(4, np.nan))


def _changed(path: Path) -> int:
    """When a file was last written, so that a new training is noticed; 0 where it is missing."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _rules(folder: Path, changed: int) -> LearnedRules:
    try:
        return LearnedRules(load_rules(folder), _fingerprint(folder / RULES_FILE))
    except RulesError as error:
        raise SystemFailedError(str(error)) from error


@lru_cache(maxsize=4)
def _advisor(folder: Path, changed: int) -> LearnedAdvisor:
    from modeling.checkpoint import WEIGHTS_FILE, CheckpointError, load_checkpoint

    try:
        loaded: Checkpoint = load_checkpoint(folder)
        threshold = loaded.card.thresholds[USUAL.name]
        return LearnedAdvisor(loaded.ensemble, threshold, _fingerprint(folder / WEIGHTS_FILE))
    except CheckpointError as error:
        raise SystemFailedError(str(error)) from error
    except KeyError as error:
        raise SystemFailedError(
            f"{folder}: the card has no threshold for {error}; train it again"
        ) from error


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
