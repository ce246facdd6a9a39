"""Realised cells against wanted, and whether the comparisons hang together. Systems are labels."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

from django.db.models import Count

from analysis.preference_graph import parts_of
from studies.exports.labels import Labels
from studies.models import Stimulus, StudyVersion, Trial, TrialList
from studies.protocol.lists import cell_counts
from studies.services.groups import PEOPLE, Group


class Cell(NamedTuple):
    """One item in one comparison: how often answered, and how often it is to be."""

    item: int
    comparison: str
    realised: int
    wanted: int

    @property
    def share(self) -> float:
        return min(self.realised / self.wanted, 1.0) if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class BlockCells:
    """Cells of one block; `parts` are the groups of labels that were compared so far, None where
    nothing is compared."""

    key: str
    type: str
    items: tuple[int, ...]
    comparisons: tuple[str, ...]
    cells: tuple[Cell, ...]
    parts: tuple[tuple[str, ...], ...] | None

    @property
    def realised(self) -> int:
        return sum(min(cell.realised, cell.wanted) for cell in self.cells)

    @property
    def wanted(self) -> int:
        return sum(cell.wanted for cell in self.cells)

    @property
    def complete(self) -> int:
        return sum(cell.realised >= cell.wanted for cell in self.cells)

    @property
    def surplus(self) -> int:
        return sum(max(cell.realised - cell.wanted, 0) for cell in self.cells)

    @property
    def least(self) -> int:
        return min((cell.realised for cell in self.cells), default=0)

    @property
    def is_connected(self) -> bool:
        return self.parts is not None and len(self.parts) == 1


Key = tuple[int, tuple[int, ...]]


def block_cells(version: StudyVersion, group: Group, labels: Labels) -> list[BlockCells]:
    """Every block's cells. Of the study's own people those count who hold their list: what others
    answered before they left is surplus."""
    wanted = wanted_cells(version)
    stimuli = _stimuli(version)
    realised = _realised(version, group, stimuli)
    blocks: dict[str, list[Key]] = defaultdict(list)
    block_of = dict(version.items.values_list("number", "block"))
    for key in sorted(set(wanted) | set(realised)):
        blocks[block_of.get(key[0], "")].append(key)
    named = {(row.item, row.number): row.shown(labels) for row in stimuli.values()}
    return [
        _block(block, blocks[block["key"]], wanted, realised, named)
        for block in version.spec["blocks"]
        if blocks[block["key"]]
    ]


def wanted_cells(version: StudyVersion) -> Mapping[Key, int]:
    """How often each main comparison is in the lists. What is frozen never changes, so it is
    counted once in a process."""
    return _wanted(version.pk, version.protocol_hash, version.study.key)


@lru_cache(maxsize=32)
def _wanted(version: int, _protocol_hash: str, _study: str) -> Mapping[Key, int]:
    lists = TrialList.objects.filter(version=version).values_list("trials", flat=True)
    return cell_counts(list(lists))


class _Stimulus(NamedTuple):
    item: int
    number: int
    role: str
    name: str

    def shown(self, labels: Labels) -> str:
        if self.role == Stimulus.Role.SYSTEM:
            return labels.label(self.name) or "?"
        return str(Stimulus.Role(self.role).label)


def _stimuli(version: StudyVersion) -> dict[int, _Stimulus]:
    rows: Any = Stimulus.objects.filter(item__version=version, item__kind="main").values_list(
        "pk", "item__number", "number", "role", "name"
    )
    return {pk: _Stimulus(*rest) for pk, *rest in rows}


def _realised(
    version: StudyVersion, group: Group, stimuli: Mapping[int, _Stimulus]
) -> Counter[Key]:
    answered = Trial.objects.filter(
        group.of(version, "rater__"), kind=Trial.Kind.MAIN, state=Trial.State.ANSWERED
    )
    if group == PEOPLE:
        answered = answered.filter(rater__held_list__isnull=False)
    rows: Any = answered.order_by().values("item__number", "sides").annotate(n=Count("pk"))
    found: Counter[Key] = Counter()
    for row in rows:
        numbers = tuple(sorted(stimuli[pk].number for pk in row["sides"] if pk in stimuli))
        found[row["item__number"], numbers] += row["n"]
    return found


def _block(
    block: Mapping[str, Any],
    keys: Iterable[Key],
    wanted: Mapping[Key, int],
    realised: Mapping[Key, int],
    named: Mapping[tuple[int, int], str],
) -> BlockCells:
    is_mixes = block["type"] in ("multi-stimulus", "mushra", "ranking")
    cells: list[Cell] = []
    pairs: set[tuple[str, str]] = set()
    labels: set[str] = set()
    for item, numbers in keys:
        shown = sorted(named.get((item, number), "?") for number in numbers)
        name = "all" if is_mixes else " \N{EN DASH} ".join(shown)
        cell = Cell(item, name, realised.get((item, numbers), 0), wanted.get((item, numbers), 0))
        cells.append(cell)
        labels.update(shown)
        if cell.realised:
            pairs.update(combinations(shown, 2))
    parts = None
    if block["type"] != "rated advice":
        parts = tuple(tuple(part) for part in parts_of(sorted(labels), sorted(pairs)))
    return BlockCells(
        key=block["key"],
        type=block["type"],
        items=tuple(sorted({cell.item for cell in cells})),
        comparisons=tuple(sorted({cell.comparison for cell in cells})),
        cells=tuple(cells),
        parts=parts,
    )
