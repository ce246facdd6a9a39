"""What a design comes to: comparisons, lists, minutes, people, overlap, connectedness. It reads the
library and writes nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.preference_graph import parts_of
from studies.models import Item, Stimulus
from studies.protocol.lists import Cell, Design, ImpossibleDesignError, check_design, make_lists
from studies.protocol.spec import Block, Order, Spec
from studies.services.items import cells_of
from studies.services.planning import PlannedItem, n_shown, plan_items

# What a sitting takes, roughly: reading 3 words a second, a look back at each sound, a moment for
# each question, and the steps before the first trial.
WORDS_A_SECOND = 3.0
SECONDS_A_QUESTION = 6.0
SHARE_HEARD = 0.75
SECONDS_AROUND = 300.0
# Lists are tried out for so many people while somebody types.
TRIED_PEOPLE = 24


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """One block: its comparisons, and the parts into which they fall when nothing joins them."""

    block: Block
    n_items: int
    n_cells: int
    seconds_a_trial: float
    parts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """A design in numbers; `fault` is why no lists can be dealt, "" where they can."""

    blocks: tuple[BlockFigures, ...]
    n_cells: int
    n_lists: int
    trials_each: int
    people_needed: int
    overlap: int
    minutes: int
    longest_minutes: int
    n_excerpts: int
    fault: str = ""

    @property
    def is_too_long(self) -> bool:
        return self.minutes > self.longest_minutes

    @property
    def is_connected(self) -> bool:
        return all(len(one.parts) < 2 for one in self.blocks)


def figures(spec: Spec) -> Figures:
    """The numbers of a design on the library as it is.

    Raises:
        Refused: an excerpt or a campaign that the spec names does not exist.
    """
    planned = plan_items(spec)
    design = _design(spec, planned)
    blocks = tuple(_of_block(block, planned, design.main) for block in spec.blocks)
    n_cells = len(design.main)
    order = spec.order
    gates = spec.gates
    return Figures(
        blocks=blocks,
        n_cells=n_cells,
        n_lists=order.participants,
        trials_each=order.trials_per_person
        + order.repeats
        + gates.training.trials
        + gates.attention.trials,
        people_needed=math.ceil(n_cells * order.overlap / order.trials_per_person),
        overlap=order.participants * order.trials_per_person // n_cells if n_cells else 0,
        minutes=_minutes(spec, blocks),
        longest_minutes=order.longest_minutes,
        n_excerpts=len({one.excerpt for one in design.main}),
        fault=_fault(design, order, spec.seed),
    )


def _design(spec: Spec, planned: Sequence[PlannedItem]) -> Design:
    cells: dict[str, list[Cell]] = {kind: [] for kind in Item.Kind.values}
    for number, one in enumerate(planned, 1):
        item = Item(number=number, block=one.block, kind=one.kind, excerpt=one.source.excerpt)
        stimuli = [
            Stimulus(number=place, role=stimulus.role, name=stimulus.name)
            for place, stimulus in enumerate(one.stimuli, 1)
        ]
        cells[one.kind] += cells_of(spec.block(one.block), item, stimuli)
    return Design(**cells)


def _of_block(block: Block, planned: Sequence[PlannedItem], cells: Sequence[Cell]) -> BlockFigures:
    own = [one for one in planned if one.block == block.key and one.kind == "main"]
    durations = [one.source.excerpt.duration_s for one in own]
    mean_s = sum(durations) / len(durations) if durations else 0.0
    pairwise = block.type == "pairwise advice"
    return BlockFigures(
        block=block,
        n_items=len(own),
        n_cells=sum(one.block == block.key for one in cells),
        seconds_a_trial=_seconds(block, mean_s),
        parts=tuple(tuple(part) for part in parts_of(block.systems, block.pairs()))
        if pairwise
        else (),
    )


def _seconds(block: Block, excerpt_s: float) -> float:
    """About how long a trial takes."""
    shown = n_shown(block)
    if block.is_about_advice:
        words = (block.advice.min_words + min(block.advice.max_words, 80)) / 2
        reading_s = shown * words / WORDS_A_SECOND
        heard = 1 + (shown if block.hear_after != "never" else 0)
    else:
        reading_s, heard = 0.0, shown + (2 if block.dry_stems else 0)
    return reading_s + heard * SHARE_HEARD * excerpt_s + SECONDS_A_QUESTION * len(block.questions)


def _minutes(spec: Spec, blocks: Sequence[BlockFigures]) -> int:
    """About how long a sitting takes; blocks have as many trials as they have comparisons."""
    n_cells = sum(one.n_cells for one in blocks)
    if not n_cells:
        return 0
    mean_s = sum(one.seconds_a_trial * one.n_cells for one in blocks) / n_cells
    gates, order = spec.gates, spec.order
    n_trials = (
        order.trials_per_person + order.repeats + gates.training.trials + gates.attention.trials
    )
    return math.ceil((SECONDS_AROUND + mean_s * n_trials) / 60.0)


def _fault(design: Design, order: Order, seed: int) -> str:
    """Why lists cannot be dealt; tried out for a few people, for whom the whole overlap is not
    asked."""
    try:
        check_design(design, order)
        few = min(order.participants, TRIED_PEOPLE)
        enough = min(few, few * order.trials_per_person // len(design.main))
        if enough:
            make_lists(
                design, order.model_copy(update={"participants": few, "overlap": enough}), seed
            )
    except ImpossibleDesignError as error:
        return str(error)
    return ""
