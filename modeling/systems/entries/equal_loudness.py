"""Brings every stem to one loudness."""

from modeling.advice.compose import from_correction
from modeling.advice.facts import under_mix
from modeling.advice.structure import Advice
from modeling.rules import equal_loudness
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options


class EqualLoudness(Card):
    """A meter and no ear."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        table = heard.the_table()
        facts = under_mix(table.stems_lufs, table.mix_lufs)
        return from_correction(equal_loudness(table.relative_db), self.speaker(options, facts))


SYSTEM = EqualLoudness("equal_loudness", "Equal loudness", frozenset({"loudness_table"}))
