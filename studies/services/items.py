"""From a draft's spec to rows: what is compared, and which comparisons that makes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from analysis.vectors import STEMS
from annotate.fields import StemValues
from studies.models import Item, Rater, Stimulus, StudyVersion, Trial
from studies.protocol.lists import Cell, Design
from studies.protocol.reading import read_spec
from studies.protocol.spec import ADVICE_BLOCKS, Block, Spec
from studies.services.planning import (
    PROBLEM,
    SYSTEM,
    PlannedItem,
    PlannedStimulus,
    n_shown,
    plan_items,
)
from studies.services.refusing import Refused

__all__ = [
    "PlannedItem",
    "cells_of",
    "design_of",
    "n_shown",
    "plan_is_made",
    "plan_items",
    "prepare_items",
]


@transaction.atomic
def prepare_items(version: StudyVersion, now: datetime) -> None:
    """Make the rows that the draft's spec asks for. What they hold of advice, proof-read texts and
    renderings stays wherever the same is asked for again.

    Raises:
        Refused: the version is frozen, or an excerpt that the spec names does not exist.
    """
    StudyVersion.objects.select_for_update().get(pk=version.pk)
    if version.is_frozen:
        raise Refused(f"{version} is frozen: make a new version to change its items")
    planned = plan_items(read_spec(version.spec))
    rows = list(version.items.prefetch_related("stimuli__system", "stimuli__advice"))
    if [_key_of_plan(one) for one in planned] == [_key_of_row(row) for row in rows]:
        return
    known = {_key_of_row(row): row for row in rows}
    _forget_previews(version)
    version.items.all().delete()
    items = Item.objects.bulk_create(
        _row(version, number, one) for number, one in enumerate(planned, 1)
    )
    Stimulus.objects.bulk_create(
        _stimulus(item, number, stimulus, known.get(_key_of_plan(one)))
        for item, one in zip(items, planned, strict=True)
        for number, stimulus in enumerate(one.stimuli, 1)
    )


def _forget_previews(version: StudyVersion) -> None:
    """Researchers who tried the draft did so on items that are no more."""
    tried = Rater.objects.filter(version=version, run=Rater.Run.PREVIEW)
    # What is repeated is protected by its repeat.
    Trial.objects.filter(rater__in=tried, repeat_of__isnull=False).delete()
    tried.delete()


def plan_is_made(version: StudyVersion, spec: Spec) -> bool:
    """Whether the rows are those that the spec asks for. Raises Refused."""
    rows = version.items.prefetch_related("stimuli")
    return [_key_of_plan(one) for one in plan_items(spec)] == [_key_of_row(row) for row in rows]


def is_shown(block: Block, stimulus: Stimulus) -> bool:
    """Whether a stimulus stands under a letter: the problem mix beside advice does not."""
    return not (block.is_about_advice and stimulus.role == PROBLEM)


def cells_of(block: Block, item: Item, stimuli: Sequence[Stimulus]) -> list[Cell]:
    """The comparisons that an item is judged in: pairs, single texts, or all of it at once."""
    shown = [one for one in stimuli if is_shown(block, one)]
    numbers = tuple(one.number for one in shown)
    groups: list[tuple[int, ...]] = [numbers]
    if item.kind == Item.Kind.MAIN and block.type in ADVICE_BLOCKS:
        by_name = {one.name: one.number for one in shown}
        groups = [(number,) for number in numbers]
        if block.type == "pairwise advice":
            groups = [(by_name[one], by_name[other]) for one, other in block.pairs()]
    excerpt = item.excerpt
    # The same name on every machine, so that equal seeds give equal lists.
    name = f"{excerpt.song.fingerprint} {excerpt.start_s:.6f} {excerpt.duration_s:.6f}"
    return [Cell(item.number, block.key, name, group) for group in groups]


def design_of(version: StudyVersion, spec: Spec) -> Design:
    """All comparisons of a version's items."""
    cells: dict[str, list[Cell]] = {kind: [] for kind in Item.Kind.values}
    for item in version.items.select_related("excerpt__song").prefetch_related("stimuli"):
        stimuli = list(item.stimuli.all())
        cells[item.kind] += cells_of(spec.block(item.block), item, stimuli)
    return Design(**cells)


def _row(version: StudyVersion, number: int, planned: PlannedItem) -> Item:
    return Item(
        version=version,
        number=number,
        block=planned.block,
        kind=planned.kind,
        excerpt=planned.source.excerpt,
        reference_db=planned.source.reference.balance_db,
        problem_db=planned.problem_db,
        error_db=planned.error_db,
        answer=planned.answer,
    )


def _stimulus(item: Item, number: int, planned: PlannedStimulus, before: Item | None) -> Stimulus:
    row = Stimulus(
        item=item,
        number=number,
        role=planned.role,
        name=planned.name,
        text=planned.text,
        balance_db=planned.balance_db,
    )
    same = None if before is None else _same(before, planned)
    if same is not None:
        row.system, row.advice, row.text = same.system, same.advice, same.text
        row.balance_db, row.rendering = same.balance_db, same.rendering
    return row


def _same(before: Item, planned: PlannedStimulus) -> Stimulus | None:
    for one in before.stimuli.all():
        if (one.role, one.name) == (planned.role, planned.name) and planned.role == SYSTEM:
            return one
    return None


Key = tuple[Any, ...]


def _key_of_plan(one: PlannedItem) -> Key:
    stimuli = tuple(
        (s.role, s.name, "" if s.role == SYSTEM else s.text, _plain(_fixed(s.role, s.balance_db)))
        for s in one.stimuli
    )
    return (
        one.block,
        one.kind,
        one.source.excerpt.pk,
        _plain(one.source.reference.balance_db),
        _plain(one.error_db),
        stimuli,
    )


def _key_of_row(item: Item) -> Key:
    stimuli = tuple(
        (s.role, s.name, "" if s.role == SYSTEM else s.text, _plain(_fixed(s.role, s.balance_db)))
        for s in item.stimuli.all()
    )
    return (
        item.block,
        item.kind,
        item.excerpt_id,
        _plain(item.reference_db),
        _plain(item.error_db),
        stimuli,
    )


def _fixed(role: str, balance_db: StemValues | None) -> StemValues | None:
    """What follows from the spec alone; where a system's advice leads is known later."""
    return None if role == SYSTEM else balance_db


def _plain(values: StemValues | None) -> Key:
    return () if values is None else tuple(values[stem] for stem in STEMS)
