"""What a spec asks for: items with their stimuli, still without advice and audio, and no rows."""

import random
from dataclasses import dataclass
from typing import Any

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.services.pairs import Source
from studies.models import Stimulus
from studies.protocol.spec import Block, Spec
from studies.services.controls import Control, attention_controls, training_controls
from studies.services.drawing import extra_problems, problems_of

ANCHOR, CONTROL = Stimulus.Role.ANCHOR, Stimulus.Role.CONTROL
PROBLEM, REFERENCE = Stimulus.Role.PROBLEM, Stimulus.Role.REFERENCE
SYSTEM = Stimulus.Role.SYSTEM
KNOWN_ERROR = "known error"


@dataclass(frozen=True, slots=True)
class PlannedStimulus:
    role: str
    name: str = ""
    text: str = ""
    balance_db: StemValues | None = None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item as the spec asks for it; stimuli are numbered from 1 in this order."""

    block: str
    kind: str
    source: Source
    error_db: StemValues
    stimuli: tuple[PlannedStimulus, ...]
    answer: dict[str, Any] | None = None

    @property
    def problem_db(self) -> StemValues:
        return problem_of(self.source, self.error_db)


def problem_of(source: Source, error_db: StemValues) -> StemValues:
    """Where the stems stand: the reference and the error on top."""
    reference = source.reference.balance_db
    problem: StemValues = {}
    for stem in STEMS:
        base, error = reference[stem], error_db[stem]
        problem[stem] = None if base is None or error is None else round(base + error, 4)
    return problem


def plan_items(spec: Spec) -> list[PlannedItem]:
    """Main items of each block, then training and attention items. Raises Refused."""
    rng = random.Random(spec.seed)
    main, pool = problems_of(spec, rng)
    planned = [
        PlannedItem(block.key, "main", source, error_db, _main_stimuli(block, source, error_db))
        for block in spec.blocks
        for source, error_db in main
    ]
    extras = iter(extra_problems(spec, main, pool))
    for kind, count in (
        ("training", spec.gates.training.trials),
        ("attention", spec.gates.attention.trials),
    ):
        for number in range(count):
            block = spec.blocks[number % len(spec.blocks)]
            # Of its own, so that what was drawn before does not change the words.
            words = random.Random(f"{spec.seed} {kind} {number}")
            planned.append(_control_item(block, kind, *next(extras), words))
    return planned


def _main_stimuli(
    block: Block, source: Source, error_db: StemValues
) -> tuple[PlannedStimulus, ...]:
    stimuli = [PlannedStimulus(SYSTEM, name) for name in block.systems]
    problem_db, reference_db = problem_of(source, error_db), source.reference.balance_db
    if block.is_about_advice:
        return (*stimuli, PlannedStimulus(PROBLEM, balance_db=problem_db))
    if block.include_problem:
        stimuli.append(PlannedStimulus(PROBLEM, balance_db=problem_db))
    if block.include_reference or block.hidden_reference:
        stimuli.append(PlannedStimulus(REFERENCE, balance_db=reference_db))
    for anchor in block.anchors:
        balance_db = dict(reference_db)
        if anchor == KNOWN_ERROR:
            stem = next(one for one in STEMS if reference_db[one] is not None)
            balance_db[stem] = (reference_db[stem] or 0.0) + block.anchor_error_db
        stimuli.append(PlannedStimulus(ANCHOR, anchor, balance_db=balance_db))
    return tuple(stimuli)


def n_shown(block: Block) -> int:
    """How many stimuli a trial of this block shows."""
    if block.type == "pairwise advice":
        return 2
    if block.type == "rated advice":
        return 1
    if block.is_about_advice:
        return len(block.systems)
    reference = block.include_reference or block.hidden_reference
    return len(block.systems) + block.include_problem + reference + len(block.anchors)


def _control_item(
    block: Block, kind: str, source: Source, error_db: StemValues, rng: random.Random
) -> PlannedItem:
    """As many stimuli as a main trial shows; beside a hidden reference one of them is that."""
    problem_db = problem_of(source, error_db)
    with_reference = block.hidden_reference and not block.is_about_advice
    count = n_shown(block) - with_reference
    answer: dict[str, Any] | None = None
    if kind == "attention":
        controls, answer = attention_controls(block, count, problem_db, rng)
    else:
        controls = training_controls(block, count, problem_db, rng)
    stimuli = [_control(one) for one in controls]
    if with_reference:
        stimuli.append(PlannedStimulus(REFERENCE, balance_db=source.reference.balance_db))
    if block.is_about_advice:
        stimuli.append(PlannedStimulus(PROBLEM, balance_db=problem_db))
    return PlannedItem(block.key, kind, source, error_db, tuple(stimuli), answer)


def _control(control: Control) -> PlannedStimulus:
    return PlannedStimulus(CONTROL, text=control.text, balance_db=control.balance_db)
