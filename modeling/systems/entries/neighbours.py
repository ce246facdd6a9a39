"""The mean balance of the training songs that sound most alike."""

import numpy as np

from modeling.advice.structure import Advice
from modeling.rules import neighbours
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import advisor, rules, scalars
from modeling.systems.reasons import stem_reasons
from modeling.systems.ruled import advice_of_rule


class Neighbours(Card):
    """Says what similar songs do."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        learned, table = rules(options.checkpoints), heard.the_table()
        features = scalars(advisor(options.checkpoints, "differential").ensemble, heard)
        relative_db = table.relative_db[np.newaxis]
        evidence = neighbours(relative_db, features[np.newaxis], learned.fitted)[0]
        facts = stem_reasons(heard, features, learned.fitted)
        speaker = self.speaker(options, facts, learned.fingerprint)
        return advice_of_rule(self.name, evidence, learned.fitted, speaker, options)


SYSTEM = Neighbours("neighbours", "Nearest songs", frozenset({"stems", "loudness_table"}))
