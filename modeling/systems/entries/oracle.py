"""Knows the answer: the ceiling of an evaluation, never shown as advice."""

from modeling.advice.compose import from_correction
from modeling.advice.structure import Advice
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options


class Oracle(Card):
    """Says what is right, in the form and with the limits of all advice."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        return from_correction(heard.the_answer().to_array(), self.speaker(options))


SYSTEM = Oracle("oracle", "Oracle", frozenset({"answer"}), evaluation_only=True)
