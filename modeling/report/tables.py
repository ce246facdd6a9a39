"""The tables of an evaluation as CSV: one row per figure, with its interval and its n."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from analysis.cells import safe_text
from modeling.report.mix_features import FEATURES

FIGURE_COLUMNS = ("estimate", "low", "high", "n", "level", "seen_in_training", "note")


def csv_files(found: Mapping[str, Any]) -> dict[str, str]:
    """File name to content."""
    files = {
        "metrics.csv": _csv(("protocol", "system", "metric"), _metrics(found, "systems")),
        "differences.csv": _csv(("protocol", "pair", "metric"), _metrics(found, "differences")),
        "by_stem.csv": _csv(("protocol", "system", "error", "metric"), _by_stem(found)),
        "effect.csv": _csv(
            ("system", "feature", "unit"),
            (
                ((system, feature, FEATURES[feature]), figure)
                for system, figures in found["effect"].items()
                for feature, figure in figures.items()
            ),
        ),
    }
    return {**files, "confusion.csv": _confusion(found), "songs.csv": _songs(found)}


Keyed = tuple[tuple[str, ...], Mapping[str, Any]]


def _metrics(found: Mapping[str, Any], part: str) -> Iterable[Keyed]:
    for protocol, values in found["protocols"].items():
        for name, figures in values[part].items():
            for metric, figure in figures.items():
                yield (protocol, name, metric), figure


def _by_stem(found: Mapping[str, Any]) -> Iterable[Keyed]:
    for protocol, values in found["protocols"].items():
        for system, errors in values["by_stem"].items():
            for error, figures in errors.items():
                for metric, figure in figures.items():
                    yield (protocol, system, error, metric), figure


def _csv(keys: tuple[str, ...], rows: Iterable[Keyed]) -> str:
    lines = [(*key, *(figure[name] for name in FIGURE_COLUMNS)) for key, figure in rows]
    return _written((*keys, *FIGURE_COLUMNS), lines)


def _confusion(found: Mapping[str, Any]) -> str:
    lines = [
        (protocol, system, needed, said, count)
        for protocol, values in found["protocols"].items()
        for system, table in values["confusion"].items()
        for needed, row in table.items()
        for said, count in row.items()
    ]
    return _written(("protocol", "system", "needed", "said", "count"), lines)


def _songs(found: Mapping[str, Any]) -> str:
    lines = [
        (
            song["name"],
            song["fingerprint"],
            song["licence"],
            song["generated"],
            song["start_s"],
            song["duration_s"],
            system,
            value,
            song["trust"].get(system),
            system in song["seen_by"],
        )
        for song in found["songs"]
        for system, value in song["centred_mae_db"].items()
    ]
    head = ("song", "fingerprint", "licence", "generated", "start_s", "duration_s", "system")
    return _written((*head, "centred_mae_db", "trust", "seen_in_training"), lines)


def _written(head: tuple[str, ...], lines: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([safe_text(value) for value in line] for line in lines)
    return buffer.getvalue()
