"""The template, with how far songs spread around it."""

from modeling.advice.structure import Advice
from modeling.rules import template_shrinkage
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import rules
from modeling.systems.reasons import loudness_reasons
from modeling.systems.ruled import advice_of_rule


class TemplateShrinkage(Card):
    """Speaks only where a set lies farther from the template than songs do."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        learned, table = rules(options.checkpoints), heard.the_table()
        evidence = template_shrinkage(table.relative_db, learned.fitted)
        facts = loudness_reasons(table, learned.fitted.template_db)
        speaker = self.speaker(options, facts, learned.fingerprint)
        return advice_of_rule(self.name, evidence, learned.fitted, speaker, options)


SYSTEM = TemplateShrinkage(
    "template_shrinkage", "Template with shrinkage", frozenset({"loudness_table"})
)
