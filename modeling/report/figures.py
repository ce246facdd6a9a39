"""The figures of an evaluation, as SVG, from its plain values (modeling.report.results)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.report.style import INK
from analysis.vectors import STEMS
from modeling.errors import PUBLISHED, USUAL
from modeling.report.style import COLOURS, MARKS, drawing, interval, label, svg

ADVISING = ("template_shrinkage", "ridge", "neighbours", "baseline", "differential")
SHOWN_EFFECTS = ("bark_spectrum_db", "width_db", "crest_db", "centroid_octaves")
ANSWERS = ("none", *(f"{stem} {way}" for stem in STEMS for way in ("down", "up")))
_ROW_IN, _WIDTH_IN = 0.32, 7.0

Plain = Mapping[str, Any]


def svg_files(found: Plain) -> dict[str, str]:
    """File name to SVG."""
    usual, published = (found["protocols"][name] for name in (USUAL.name, PUBLISHED.name))
    seen = found["seen_in_training"]
    files = {
        "error_by_system.svg": _by_system(usual, seen),
        "error_by_stem_and_sign.svg": _by_stem(usual, seen),
        "specificity_against_joint.svg": _specificity(published, seen),
        "effect_of_advice.svg": _effect(found["effect"], seen, usual["n_songs"]),
    }
    if usual["calibration"]:
        files["calibration.svg"] = _calibration(usual, seen)
    for name in ("baseline", "differential", "template_shrinkage"):
        if name in published["confusion"]:
            title = f"Published protocol: {label(name, name in seen)}"
            files[f"confusion_{name}.svg"] = _confusion(published["confusion"][name], title, seen)
    return files


def _note(seen: Sequence[str], text: str) -> str:
    mark = "\N{DAGGER} seen in training: songs of this evaluation. " if seen else ""
    return f"{mark}{text}"


def _by_system(protocol: Plain, seen: Sequence[str]) -> str:
    with drawing("error_by_system"):
        systems = protocol["systems"]
        figure = Figure(figsize=(_WIDTH_IN, 1.0 + _ROW_IN * len(systems)), layout="constrained")
        axes = figure.subplots()
        _rows(axes, {name: figures["centred_mae_db"] for name, figures in systems.items()}, seen)
        axes.set_xlim(left=0.0)
        axes.set_xlabel("Centred mean absolute error, dB (smaller is better)")
        return svg(figure, _note(seen, _n(protocol)))


def _by_stem(protocol: Plain, seen: Sequence[str]) -> str:
    with drawing("error_by_stem_and_sign"):
        rows = [name for name in ADVISING if name in protocol["by_stem"]] or ["equal_loudness"]
        kinds = list(protocol["by_stem"][rows[0]])
        figure = Figure(
            figsize=(_WIDTH_IN, 1.2 + 0.15 * len(rows) * len(kinds)), layout="constrained"
        )
        axes = figure.subplots()
        for number, kind in enumerate(kinds):
            for k, name in enumerate(rows):
                place = number + 0.7 * ((k + 0.5) / len(rows) - 0.5)
                interval(axes, name, protocol["by_stem"][name][kind]["centred_mae_db"], place)
        axes.set_yticks(range(len(kinds)), kinds)
        axes.invert_yaxis()
        axes.set_xlim(left=0.0)
        axes.set_xlabel("Centred mean absolute error after one stem was altered, dB")
        _legend(axes, rows, seen)
        return svg(figure, _note(seen, _n(protocol)))


def _calibration(protocol: Plain, seen: Sequence[str]) -> str:
    with drawing("calibration"):
        figure = Figure(figsize=(_WIDTH_IN, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        rows = [name for name in ADVISING if name in protocol["calibration"]]
        left.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for name in rows:
            bins = protocol["calibration"][name]
            left.plot(
                [one["stated"] for one in bins],
                [one["observed"]["estimate"] for one in bins],
                color=COLOURS[name],
                linewidth=1.0,
            )
            for one in bins:
                interval(left, name, one["observed"], one["stated"], across=False)
        left.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="Stated probability of an error")
        left.set_ylabel("Share of cases with an error")
        coverage = {name: protocol["systems"][name]["coverage_80"] for name in rows}
        _rows(right, coverage, seen)
        right.axvline(0.8, color=INK, linewidth=0.8, linestyle=":")
        right.set(xlim=(-0.03, 1.03), xlabel="Share inside the stated 80 % interval")
        return svg(figure, _note(seen, _n(protocol)))


def _specificity(protocol: Plain, seen: Sequence[str]) -> str:
    with drawing("specificity_against_joint"):
        figure = Figure(figsize=(_WIDTH_IN * 0.75, 4.4), layout="constrained")
        axes = figure.subplots()
        rows = [name for name in protocol["systems"] if name not in ("random", "perfect_ear")]
        for name in rows:
            curve = protocol["curves"].get(name, [])
            across = [point["specificity"] for point in curve]
            up = [point["joint_altered"] for point in curve]
            axes.plot(across, up, color=COLOURS[name], linewidth=1.2)
            figures = protocol["systems"][name]
            right, found = figures["specificity"], figures["joint_altered"]
            if right["estimate"] is not None and found["estimate"] is not None:
                interval(axes, name, right, found["estimate"])
                interval(axes, name, found, right["estimate"], across=False)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_xlabel("Right on balanced mixes (specificity)")
        axes.set_ylabel("Right stem and direction on altered mixes")
        _legend(axes, rows, seen)
        note = f"Published protocol, anchor named. Marks: at the fitted threshold. {_n(protocol)}"
        return svg(figure, _note(seen, note))


def _effect(effect: Plain, seen: Sequence[str], n_songs: int) -> str:
    with drawing("effect_of_advice"):
        figure = Figure(figsize=(_WIDTH_IN, 2.2 + 0.5 * len(effect)), layout="constrained")
        for axes, feature in zip(figure.subplots(2, 2).flat, SHOWN_EFFECTS, strict=True):
            _rows(axes, {name: figures[feature] for name, figures in effect.items()}, seen)
            axes.set_xlim(left=0.0)
            quantity, _, unit = feature.rpartition("_")
            unit = unit.replace("db", "dB")
            axes.set_xlabel(f"{quantity.replace('_', ' ')}: distance from the reference, {unit}")
        text = f"Before any advice: zero. {n_songs} songs, 95 % intervals over songs."
        return svg(figure, _note(seen, text))


def _confusion(table: Mapping[str, Mapping[str, int]], title: str, seen: Sequence[str]) -> str:
    with drawing(f"confusion {title}"):
        counts = np.array([[table.get(a, {}).get(b, 0) for b in ANSWERS] for a in ANSWERS])
        share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        figure = Figure(figsize=(5.6, 5.2), layout="constrained")
        axes = figure.subplots()
        axes.grid(visible=False)
        axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
        for (i, j), count in np.ndenumerate(counts):
            if count:
                ink = "white" if share[i, j] > 0.55 else INK
                axes.text(j, i, str(count), ha="center", va="center", color=ink, fontsize=8)
        axes.set_xticks(range(len(ANSWERS)), ANSWERS, rotation=45, ha="right")
        axes.set_yticks(range(len(ANSWERS)), ANSWERS)
        axes.set(xlabel="Said first", ylabel="Needed", title=title)
        return svg(figure, _note(seen, "Counts of cases; shade: share of the row."))


def _rows(axes: Axes, figures: Mapping[str, Plain], seen: Sequence[str]) -> None:
    """One estimate a line, each with its name."""
    for place, (name, figure) in enumerate(figures.items()):
        interval(axes, name, figure, place)
    axes.set_yticks(range(len(figures)), [label(name, name in seen) for name in figures])
    axes.set_ylim(len(figures) - 0.5, -0.5)


def _legend(axes: Axes, rows: Sequence[str], seen: Sequence[str]) -> None:
    for name in rows:
        axes.plot([], [], MARKS[name] + "-", color=COLOURS[name], label=label(name, name in seen))
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)


def _n(protocol: Plain) -> str:
    return f"{protocol['n_cases']} cases, {protocol['n_songs']} songs, 95 % intervals over songs."
