"""Linear regression of the balance on level-free scalars of the stems."""

import numpy as np

from modeling.advice.structure import Advice
from modeling.rules import ridge
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import advisor, rules, scalars
from modeling.systems.reasons import loudness_reasons
from modeling.systems.ruled import advice_of_rule


class Ridge(Card):
    """The scalars are measured and scaled as the differential advisor does it."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        learned, table = rules(options.checkpoints), heard.the_table()
        features = scalars(advisor(options.checkpoints, "differential").ensemble, heard)
        relative_db = table.relative_db
        evidence = ridge(relative_db, features, learned.fitted)
        balanced_db = np.where(heard.mask, relative_db - evidence.offset_db, np.nan)
        speaker = self.speaker(options, loudness_reasons(table, balanced_db), learned.fingerprint)
        return advice_of_rule(self.name, evidence, learned.fitted, speaker, options)


SYSTEM = Ridge("ridge", "Ridge regression", frozenset({"stems", "loudness_table"}))
