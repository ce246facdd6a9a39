"""Advice of the rules that know how far songs lie from what they say."""

import numpy as np
from numpy.typing import NDArray

from modeling.advice.compose import Speaker, from_evidence
from modeling.advice.structure import Advice
from modeling.models.posterior import Evidence
from modeling.systems.interface import Options
from modeling.systems.learned import rule_threshold


def advice_of_rule(
    evidence: Evidence, sigma_db: NDArray[np.float64], speaker: Speaker, options: Options
) -> Advice:
    """Evidence (4,) of a rule with its fitted spread (4,) through the one decision rule."""
    mask = tuple(bool(value) for value in evidence.mask)
    threshold = rule_threshold(tuple(float(value) for value in sigma_db), mask)
    return from_evidence(evidence, threshold, speaker, checked=options.self_check)
