"""Advises blindly: a correction drawn from the distribution of errors."""

import numpy as np

from modeling.advice.compose import from_correction
from modeling.advice.structure import Advice
from modeling.errors import USUAL
from modeling.rules import random_corrections
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options


class Random(Card):
    """Hears nothing; the seed decides."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        rng = np.random.default_rng([options.seed, 1])
        correction_db = random_corrections(heard.mask[np.newaxis], USUAL, rng)[0]
        return from_correction(correction_db, self.speaker(options))


SYSTEM = Random("random", "Random", frozenset())
