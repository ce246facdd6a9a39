"""Leaves everything as it is."""

from modeling.advice.compose import spoken
from modeling.advice.structure import Advice, Answer
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options


class Zero(Card):
    """Advises nothing."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        return spoken(Answer(), heard.mask, self.speaker(options))


SYSTEM = Zero("zero", "No change", frozenset())
