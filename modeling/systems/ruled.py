"""Advice of the rules that know how far songs lie from what they say."""

from modeling.advice.compose import Speaker, from_evidence
from modeling.advice.structure import Advice
from modeling.errors import USUAL
from modeling.models.posterior import Evidence
from modeling.rules import FittedRules
from modeling.systems.interface import Options


def advice_of_rule(
    row: str, evidence: Evidence, fitted: FittedRules, speaker: Speaker, options: Options
) -> Advice:
    """Evidence (4,) of a fitted row through the one decision rule."""
    threshold = fitted.threshold(row, USUAL.name)
    return from_evidence(evidence, threshold, speaker, checked=options.self_check)
