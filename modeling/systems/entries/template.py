"""Brings the stems to the mean balance of the training songs, whatever the song."""

from modeling.advice.compose import from_correction
from modeling.advice.structure import Advice
from modeling.rules import template
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import rules
from modeling.systems.reasons import loudness_reasons


class Template(Card):
    """The mean balance, stated without doubt."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        learned, table = rules(options.checkpoints), heard.the_table()
        template_db = learned.fitted.template_db
        facts = loudness_reasons(table, template_db)
        correction_db = template(table.relative_db, template_db)
        return from_correction(correction_db, self.speaker(options, facts, learned.fingerprint))


SYSTEM = Template("template", "Template", frozenset({"loudness_table"}))
