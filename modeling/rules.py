"""The simple rows of every results table, beside which a model has to show what it is worth.

Rules that know how far songs lie from what they say (`template_shrinkage`, `ridge`, `neighbours`)
state evidence and go through the same posterior and decision as the advisors; the others give a
bare correction. All are numpy only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from analysis.vectors import centre
from modeling.errors import PUBLISHED, USUAL, ErrorDistribution, Mask
from modeling.models.posterior import Evidence

RULES_FILE = "rules.safetensors"
FORMAT = "gainsay-rules/1"
STATING_ROWS = ("template_shrinkage", "ridge", "neighbours")
PUBLISHED_WITHOUT_ANCHOR = "published_without_anchor"
PROTOCOLS = (USUAL.name, PUBLISHED.name, PUBLISHED_WITHOUT_ANCHOR)
N_NEIGHBOURS = 15
SMALLEST_SIGMA_DB = 0.5
# Centring four stems takes a quarter of the variance of independent offsets.
TO_INDEPENDENT = float(np.sqrt(4.0 / 3.0))

Floats = NDArray[np.float64]


class RulesError(Exception):
    """Rules that cannot be read: the file and what to do."""


@dataclass(frozen=True)
class FittedRules:
    """What the rules learned from the training songs.

    Shapes: template_db, template_sigma_db, ridge_sigma_db, neighbour_sigma_db (4,);
    ridge_weights (f, 4) on standardised features; library_features (n, f) and library_db (n, 4)
    are the training songs' features and balanced relative loudness (NaN where masked);
    thresholds (3, 3) are those of `STATING_ROWS` in `PROTOCOLS`, fitted on validation songs.
    """

    template_db: Floats
    template_sigma_db: Floats
    ridge_weights: Floats
    ridge_sigma_db: Floats
    library_features: Floats
    library_db: Floats
    neighbour_sigma_db: Floats
    thresholds: Floats = field(
        default_factory=lambda: np.full((len(STATING_ROWS), len(PROTOCOLS)), 0.5)
    )

    def threshold(self, row: str, protocol: str) -> float:
        """From which probability of an error a row speaks."""
        return float(self.thresholds[STATING_ROWS.index(row), PROTOCOLS.index(protocol)])

    def with_thresholds(self, fitted: Mapping[str, Mapping[str, float]]) -> "FittedRules":
        """The same with thresholds by protocol and row; rows of others are left out."""
        values = [[fitted[protocol][row] for protocol in PROTOCOLS] for row in STATING_ROWS]
        return replace(self, thresholds=np.array(values))


def zero(relative_db: Floats) -> Floats:
    """Leave it as it is: a correction of 0 dB, NaN where masked."""
    return np.where(np.isfinite(relative_db), 0.0, np.nan)


def equal_loudness(relative_db: Floats) -> Floats:
    """Bring every stem to one loudness."""
    return -centre(relative_db)


def template(relative_db: Floats, template_db: Floats) -> Floats:
    """Bring the stems to the mean balance, whatever the song."""
    return centre(np.where(np.isfinite(relative_db), template_db, np.nan)) - centre(relative_db)


def random_corrections(
    masks: NDArray[np.bool_], distribution: ErrorDistribution, rng: np.random.Generator
) -> Floats:
    """Corrections (n, 4) drawn blindly from the distribution of errors."""
    return -np.stack([distribution.draw(rng, _mask(mask)) for mask in masks])


def oracle(errors_db: Floats) -> Floats:
    """The right correction."""
    return -errors_db


def template_shrinkage(relative_db: Floats, fitted: FittedRules) -> Evidence:
    """The template, with how far songs spread around it."""
    return _evidence(relative_db, fitted.template_db, fitted.template_sigma_db)


def ridge(relative_db: Floats, features: Floats, fitted: FittedRules) -> Evidence:
    """Linear regression on the level-free scalars (n, f) of the stems."""
    balanced_db = fitted.template_db + features @ fitted.ridge_weights
    return _evidence(relative_db, balanced_db, fitted.ridge_sigma_db)


def neighbours(relative_db: Floats, features: Floats, fitted: FittedRules) -> Evidence:
    """The mean balance of the training songs that sound most alike."""
    balanced_db = np.stack([neighbour_balance_db(row, fitted) for row in features])
    return _evidence(relative_db, balanced_db, fitted.neighbour_sigma_db)


def nearest_songs(
    features: Floats, fitted: FittedRules, n: int = N_NEIGHBOURS
) -> NDArray[np.int64]:
    """Numbers of the training songs that sound most like features (f,), nearest first."""
    distance = ((fitted.library_features - features) ** 2).mean(axis=1)
    return np.asarray(np.argsort(distance, kind="stable")[:n], dtype=np.int64)


def neighbour_balance_db(features: Floats, fitted: FittedRules) -> Floats:
    """Mean balanced relative loudness (4,) of the nearest songs; the template where none has it."""
    rows = fitted.library_db[nearest_songs(features, fitted)]
    present = np.isfinite(rows)
    mean = np.where(present, rows, 0.0).sum(axis=0) / np.maximum(1, present.sum(axis=0))
    return np.where(present.any(axis=0), mean, fitted.template_db)


def fit_rules(
    training_features: Floats,
    training_db: Floats,
    validation_features: Floats,
    validation_db: Floats,
    ridge_weights: Floats,
) -> FittedRules:
    """Fit on training songs; sigmas are those of validation songs.

    Features (n, f) standardised; balanced relative loudness (n, 4) centred, NaN where masked.
    """
    template_db = np.nan_to_num(np.nanmean(training_db, axis=0))
    draft = FittedRules(
        template_db,
        np.ones(4),
        ridge_weights,
        np.ones(4),
        training_features,
        training_db,
        np.ones(4),
    )
    return with_sigma(draft, validation_features, validation_db)


def with_sigma(
    fitted: FittedRules, validation_features: Floats, validation_db: Floats
) -> FittedRules:
    """The same, with how far validation songs (n, f), (n, 4) lie from what is said."""
    linear_db = fitted.template_db + validation_features @ fitted.ridge_weights
    near_db = np.stack([neighbour_balance_db(row, fitted) for row in validation_features])
    known_db = np.concatenate([fitted.library_db, validation_db])
    return replace(
        fitted,
        template_sigma_db=_sigma_db(known_db - fitted.template_db),
        ridge_sigma_db=_sigma_db(validation_db - linear_db),
        neighbour_sigma_db=_sigma_db(validation_db - near_db),
    )


def save_rules(folder: Path, fitted: FittedRules) -> None:
    """Write rules.safetensors, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(value, dtype=np.float32) for name, value in vars(fitted).items()}
    # What is looked up by distance does not need more.
    arrays["library_features"] = arrays["library_features"].astype(np.float16)
    draft = folder / f".{RULES_FILE}"
    save_file(arrays, draft, metadata={"format": FORMAT})
    draft.chmod(0o644)
    draft.replace(folder / RULES_FILE)


def load_rules(folder: Path) -> FittedRules:
    """Read rules.safetensors. Raises RulesError where it is missing, damaged or older."""
    path = folder / RULES_FILE
    try:
        arrays = load_file(path)
        fitted = FittedRules(**{name: value.astype(np.float64) for name, value in arrays.items()})
    except (SafetensorError, OSError, TypeError) as error:
        raise RulesError(f"{path} is missing or damaged; train again") from error
    if fitted.thresholds.shape != (len(STATING_ROWS), len(PROTOCOLS)):
        raise RulesError(f"{path}: the thresholds do not fit; train again")
    if not np.isfinite(fitted.ridge_weights).all():
        raise RulesError(f"{path}: the ridge weights hold NaN; train again")
    return fitted


def _evidence(relative_db: Floats, balanced_db: Floats, sigma_db: Floats) -> Evidence:
    present = np.isfinite(relative_db)
    return Evidence(
        np.where(present, relative_db - balanced_db, np.nan),
        np.where(present, sigma_db, np.nan),
    )


def _sigma_db(left_db: Floats) -> Floats:
    """Independent SD (4,) of centred residuals (n, 4)."""
    spread = np.sqrt(np.nanmean(centre(left_db) ** 2, axis=0)) * TO_INDEPENDENT
    return np.asarray(np.maximum(SMALLEST_SIGMA_DB, np.nan_to_num(spread, nan=3.0)))


def _mask(mask: NDArray[np.bool_]) -> Mask:
    return tuple(bool(value) for value in mask)
