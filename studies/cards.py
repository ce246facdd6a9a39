"""The systems' cards and the evaluation table, read from the checkpoints' JSON twins.

No torch here: pages are rendered from `card.json` alone (modeling.checkpoint writes it).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from modeling.systems.interface import System
from modeling.systems.registry import systems
from studies import asking

FORMAT = "gainsay-checkpoint/1"
CARD_FILE = "card.json"
TRAINED = ("differential", "baseline")
PROTOCOLS = {
    "usual": _("Usual errors: none, one, two or all stems moved"),
    "published": _("Published protocol, the anchor named"),
    "published_without_anchor": _("Published protocol, no anchor named"),
}
# Columns of the table, the deciding ones first; decimals and unit of each.
METRICS: dict[str, tuple[Any, int]] = {
    "centred_mae_db": (_("Centred MAE, dB"), 2),
    "joint": (_("Stem and direction"), 2),
    "specificity": (_("Right on balanced"), 2),
    "auroc": (_("AUROC"), 2),
    "coverage_80": (_("80 % coverage"), 2),
    "applied_residual_db": (_("Left after advice, dB"), 2),
}


@dataclass(frozen=True)
class Cell:
    figure: dict[str, Any] | None
    digits: int


@dataclass(frozen=True)
class TableRow:
    name: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """One protocol: rows of systems, columns of metrics that any of them has."""

    name: str
    title: str
    columns: tuple[Any, ...]
    rows: tuple[TableRow, ...]
    n_songs: int
    n_cases: int
    differences: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class CardPage:
    """A system and, where it was trained, its card; `problem` says why there is none to show."""

    system: System
    card: dict[str, Any] | None
    problem: str = ""


def card_pages(checkpoints: Path) -> list[CardPage]:
    """Every system that may be met on a page, advisors first."""
    return [card_page(one.name, checkpoints) for one in asking.askable()]


def card_page(name: str, checkpoints: Path) -> CardPage:
    """One system. Raises KeyError for a name that no system has, or that of an evaluation."""
    found = systems()[name]
    if found.evaluation_only:
        raise KeyError(name)
    if name not in TRAINED:
        return CardPage(found, None)
    card, problem = read_card(checkpoints / name)
    return CardPage(found, card, problem)


def read_card(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The card in a checkpoint's folder, or why there is none."""
    path = folder / CARD_FILE
    if not path.is_file():
        return None, str(_("It has not been trained here yet."))
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, str(_("Its card is damaged: train again, or copy the checkpoint again."))
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        return None, str(_("Its card is of another version: train again."))
    return card, ""


def evaluation(checkpoints: Path) -> list[Table]:
    """The tables that training measured, one a protocol; [] without a readable card."""
    for name in TRAINED:
        card, _problem = read_card(checkpoints / name)
        if card is not None:
            metrics = card.get("metrics", {})
            return [as_table(key, metrics[key]) for key in PROTOCOLS if key in metrics]
    return []


def as_table(name: str, values: dict[str, Any]) -> Table:
    """One protocol as `evaluate_models` and training write it."""
    measured: dict[str, dict[str, Any]] = values["systems"]
    shown = [metric for metric in METRICS if any(metric in row for row in measured.values())]
    titles = {one.name: one.title for one in systems().values()}
    order = sorted(measured, key=lambda row: (asking.place_of(row), row))
    return Table(
        name=name,
        title=str(PROTOCOLS[name]),
        columns=tuple(METRICS[metric][0] for metric in shown),
        rows=tuple(
            TableRow(
                row,
                titles.get(row, row.replace("_", " ").capitalize()),
                tuple(Cell(_known(measured[row].get(m)), METRICS[m][1]) for m in shown),
            )
            for row in order
        ),
        n_songs=values["n_songs"],
        n_cases=values["n_cases"],
        differences=tuple(
            (pair, figures["centred_mae_db"])
            for pair, figures in values.get("differences", {}).items()
            if "centred_mae_db" in figures
        ),
    )


def _known(figure: dict[str, Any] | None) -> dict[str, Any] | None:
    """A figure that was measured; what has no estimate is a dash."""
    return figure if figure and figure.get("estimate") is not None else None
