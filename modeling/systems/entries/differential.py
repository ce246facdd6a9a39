"""The differential advisor: compares the present set with what balanced sets are like."""

import numpy as np

from modeling.advice.compose import from_evidence
from modeling.advice.structure import Advice
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import advisor, as_excerpt, rules, scalars
from modeling.systems.reasons import stem_reasons, unlike_training


class Differential(Card):
    """A network that hears the stems; it can check its advice by comparing before and after."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        from modeling.training.data import heard_stems_of

        learned = advisor(options.checkpoints, "differential")
        relative_db = np.where(heard.mask, heard.the_table().relative_db, np.nan)
        stems = heard_stems_of(as_excerpt(heard))
        heeded = learned.ensemble.evidence(stems, relative_db[np.newaxis])
        features = scalars(learned.ensemble, heard)
        facts = [
            *unlike_training(float(heeded.trust[0])),
            *stem_reasons(heard, features, rules(options.checkpoints).fitted),
        ]
        speaker = self.speaker(options, facts, learned.fingerprint)
        return from_evidence(
            heeded.evidence[0],
            learned.threshold_for(heeded),
            speaker,
            checked=options.self_check,
        )


SYSTEM = Differential(
    "differential", "Differential (multi-track)", frozenset({"stems", "loudness_table"})
)
