"""Who is evaluated: the rows that need nothing, those that were trained, and what is missing."""

from dataclasses import dataclass
from pathlib import Path

from modeling.checkpoint import CARD_FILE, Checkpoint, CheckpointError, load_checkpoint
from modeling.corpus import Excerpt
from modeling.models.advisors import CONDITIONINGS
from modeling.rules import RULES_FILE, FittedRules, load_rules

RULES_FOLDER = "rules"
FITTED_ROWS = ("template", "template_shrinkage", "ridge", "neighbours")


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

    def threshold(self, row: str, protocol: str) -> float:
        """From which probability of an error a row speaks. Raises CheckpointError without one."""
        if row in self.advisors:
            stated = self.advisors[row].card.thresholds
            if protocol not in stated:
                raise CheckpointError(
                    f"{row}: the card states no threshold for {protocol!r}; train it again"
                )
            return float(stated[protocol])
        assert self.rules is not None
        return self.rules.threshold(row, protocol)


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
