"""Geometry of the dashboard's figures: numbers in, positions out, no colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studies.services.cells import BlockCells, Cell
from studies.services.dashboard import Step

ROW_PX, BAR_PX = 34, 20
# Cells of a band stand in one line; the next items begin a new band.
ITEMS_A_BAND, CELL_PX, LEFT_PX, BAND_GAP_PX, HEAD_PX = 20, 36, 84, 14, 18
MOST_CELLS = 1200
SHADES = 4


@dataclass(frozen=True, slots=True)
class FunnelBar:
    name: Any
    n: int
    lost: int
    percent: float
    y_px: float


@dataclass(frozen=True, slots=True)
class Funnel:
    bars: tuple[FunnelBar, ...]
    height_px: int


def funnel_plot(steps: Sequence[Step]) -> Funnel:
    """Bars under each other, each as long as the share of the first that came so far."""
    first = max(steps[0].n, 1)
    bars = []
    before = steps[0].n
    for place, step in enumerate(steps):
        percent = round(100 * step.n / first, 3)
        bars.append(FunnelBar(step.name, step.n, max(before - step.n, 0), percent, ROW_PX * place))
        before = step.n
    return Funnel(tuple(bars), ROW_PX * len(bars))


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """`shade` is 0 for nothing up to SHADES for as often as wanted. A page has hundreds of them:
    what is told of each is put together here and not by the template."""

    cell: Cell
    x_px: int
    y_px: int
    shade: int

    @property
    def title(self) -> str:
        cell = self.cell
        return _("Item %(item)s, %(what)s: %(done)s of %(wanted)s") % {
            **{"item": cell.item, "what": cell.comparison},
            **{"done": cell.realised, "wanted": cell.wanted},
        }

    @property
    def text(self) -> str:
        return f"{self.cell.realised}/{self.cell.wanted}"

    @property
    def text_x_px(self) -> int:
        return self.x_px + CELL_PX // 2 - 1

    @property
    def text_y_px(self) -> int:
        return self.y_px + CELL_PX // 2 + 3


@dataclass(frozen=True, slots=True)
class MatrixText:
    text: str
    x_px: int
    y_px: int


@dataclass(frozen=True, slots=True)
class Matrix:
    cells: tuple[MatrixCell, ...]
    heads: tuple[MatrixText, ...]
    names: tuple[MatrixText, ...]
    width_px: int
    height_px: int
    cell_px: int = CELL_PX


def matrix_plot(block: BlockCells) -> Matrix | None:
    """Items across, comparisons down, in bands; None where there are too many to be seen."""
    if len(block.cells) > MOST_CELLS:
        return None
    columns = {item: place for place, item in enumerate(block.items)}
    rows = {name: place for place, name in enumerate(block.comparisons)}
    band_px = HEAD_PX + CELL_PX * len(rows) + BAND_GAP_PX

    def corner(item: int, name: str) -> tuple[int, int]:
        band, column = divmod(columns[item], ITEMS_A_BAND)
        return LEFT_PX + CELL_PX * column, HEAD_PX + band * band_px + CELL_PX * rows[name]

    cells = tuple(
        MatrixCell(cell, *corner(cell.item, cell.comparison), _shade(cell)) for cell in block.cells
    )
    n_bands = -(-len(columns) // ITEMS_A_BAND)
    first = block.comparisons[0]
    heads = tuple(
        MatrixText(str(item), corner(item, first)[0] + CELL_PX // 2, corner(item, first)[1] - 5)
        for item in block.items
    )
    names = tuple(
        MatrixText(name, LEFT_PX - 8, HEAD_PX + band * band_px + CELL_PX * row + CELL_PX // 2 + 4)
        for band in range(n_bands)
        for name, row in rows.items()
    )
    width = LEFT_PX + CELL_PX * min(len(columns), ITEMS_A_BAND) + 2
    return Matrix(cells, heads, names, width, n_bands * band_px - BAND_GAP_PX + 2)


def _shade(cell: Cell) -> int:
    if not cell.realised:
        return 0
    return max(1, int(cell.share * SHADES))
