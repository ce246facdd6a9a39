"""Who is evaluated: the rows that need nothing, those that were trained, and what is missing."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from modeling.checkpoint import CARD_FILE, Checkpoint, CheckpointError, load_checkpoint
from modeling.corpus import Excerpt
from modeling.errors import ErrorDistribution
from modeling.evaluation.cases import Cases
from modeling.evaluation.compare import fit_thresholds
from modeling.models.advisors import CONDITIONINGS
from modeling.models.posterior import Evidence
from modeling.rules import RULES_FILE, FittedRules, load_rules

RULES_FOLDER = "rules"
FITTED_ROWS = ("template", "template_shrinkage", "ridge", "neighbours")
_N_DRAWS = 1000
_DRAW_SEED = 20_250_101


@dataclass(frozen=True)
class Contestants:
    """What was found in a folder of checkpoints.

    `missing` holds the rows that cannot be evaluated, with the reason.
    """

    rules: FittedRules | None
    advisors: dict[str, Checkpoint]
    missing: dict[str, str]

    def rows_that_saw(self, excerpt: Excerpt) -> list[str]:
        """The rows that were trained on this song, or on any song of this artist.

        The fitted rules come from the training songs of the advisors beside them.
        """
        origin = excerpt.origin
        saw = [
            name
            for name, checkpoint in self.advisors.items()
            if checkpoint.card.saw(origin.fingerprint, origin.artist)
        ]
        fitted = [name for name in FITTED_ROWS if name not in self.missing]
        return [*fitted, *saw] if saw else []

    def threshold(self, row: str, protocol: str, cases: Cases) -> float:
        """From which probability of an error a row speaks. Raises CheckpointError without one."""
        if row in self.advisors:
            stated = self.advisors[row].card.thresholds
            if protocol not in stated:
                raise CheckpointError(
                    f"{row}: the card states no threshold for {protocol!r}; train it again"
                )
            return float(stated[protocol])
        assert self.rules is not None
        sigma_db = {
            "template_shrinkage": self.rules.template_sigma_db,
            "ridge": self.rules.ridge_sigma_db,
            "neighbours": self.rules.neighbour_sigma_db,
        }[row]
        named = sorted({anchor for anchor in cases.anchors if anchor is not None})
        stated_db = tuple(float(value) for value in sigma_db)
        return rule_threshold(stated_db, cases.distribution, tuple(named) or (None,))


def find_contestants(checkpoints: Path) -> Contestants:
    """Load what is in `checkpoints`; what is not there is named as missing.

    Raises:
        CheckpointError, RulesError: a file is there but damaged or of another version.
    """
    advisors, missing = {}, {}
    for name in CONDITIONINGS:
        folder = checkpoints / name
        if (folder / CARD_FILE).exists():
            advisors[name] = load_checkpoint(folder)
        else:
            missing[name] = f"no checkpoint in {folder}; train one with train_models"
    rules = None
    if (checkpoints / RULES_FOLDER / RULES_FILE).exists():
        rules = load_rules(checkpoints / RULES_FOLDER)
        if "differential" not in advisors:
            reason = "needs the differential advisor's checkpoint, whose scalars it reads"
            missing.update(dict.fromkeys(("ridge", "neighbours"), reason))
    else:
        reason = f"no {RULES_FILE} in {checkpoints / RULES_FOLDER}; train with train_models"
        missing.update(dict.fromkeys(FITTED_ROWS, reason))
    return Contestants(rules, advisors, missing)


@cache
def rule_threshold(
    sigma_db: tuple[float, ...],
    distribution: ErrorDistribution,
    anchors: tuple[str | None, ...] = (None,),
) -> float:
    """From which probability of an error a rule with this spread (4,) speaks.

    Balanced songs lie around what a rule says with the sigma that was fitted on validation songs:
    of sets drawn so, at most the stated share of false advice gets any.
    """
    rng = np.random.default_rng([_DRAW_SEED, len(sigma_db)])
    offsets_db = rng.standard_normal((_N_DRAWS, len(sigma_db))) * sigma_db
    drawn = np.tile(offsets_db, (len(anchors), 1))
    named = tuple(anchor for anchor in anchors for _ in range(_N_DRAWS))
    balanced = Cases(
        distribution, np.arange(len(drawn)), np.zeros_like(drawn), np.zeros_like(drawn), named
    )
    evidence = Evidence(drawn, np.tile(sigma_db, (len(drawn), 1)))
    return fit_thresholds({"rule": evidence}, balanced)["rule"]
