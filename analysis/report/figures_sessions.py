"""Figures of rated mixing sessions."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from analysis.report.markup import figure_text
from analysis.report.style import (
    INK,
    MARKS,
    PALETTE,
    SOFT,
    WIDTH_IN,
    Drawn,
    Look,
    drawing,
    drawn,
    interval,
    named_rows,
    sheet,
    short,
    zero_line,
)
from analysis.vectors import STEMS

Plain = Mapping[str, Any]
_LOOK = Look(())
_COLUMNS = 3


def session_figure_files(found: Plain) -> dict[str, Drawn]:
    """File name without ending to figure."""
    return {
        "reliability": _reliability(found),
        "ranking": _ranking(found),
        "balances": _balances(found),
        "distance": _distance(found),
    }


def _reliability(found: Plain) -> Drawn:
    groups = found["groups"]
    with drawing("session reliability"):
        figure, axes = sheet(1.4 + 0.42 * len(groups))
        for place, group in enumerate(groups):
            interval(axes, group["icc_single"], place - 0.14, PALETTE[1], "s")
            if (group["icc_average"]["estimate"] or 0) > -1:
                interval(axes, group["icc_average"], place + 0.14, PALETTE[0], "o")
        labels = [f"{short(g['song'], 24)} (n = {g['n_raters']})" for g in groups]
        named_rows(axes, labels)
        axes.set_xlim(-0.55, 1.02)
        zero_line(axes)
        axes.set_xlabel("Intraclass correlation, absolute agreement")
        note = (
            "Square: one listener, ICC(2,1). Circle: the mean of all listeners, ICC(2,k). 95 % "
            "intervals from F; those beyond the frame are cut."
        )
        return drawn(figure, "Reliability of the ratings", note, _LOOK)


def _ranking(found: Plain) -> Drawn:
    groups = found["groups"]
    n_rows = -(-len(groups) // _COLUMNS)
    most = max(len(group["ranking"]) for group in groups)
    with drawing("session ranking"):
        figure = Figure(figsize=(WIDTH_IN + 1, n_rows * (0.9 + 0.2 * most)), layout="constrained")
        panels = figure.subplots(n_rows, _COLUMNS, sharex=True, squeeze=False)
        for place, axes in enumerate(panels.flat):
            if place >= len(groups):
                axes.set_axis_off()
                continue
            group = groups[place]
            for row, one in enumerate(group["ranking"]):
                interval(axes, one["mean"], row, PALETTE[0], "o")
            named_rows(axes, [short(one["mix"], 12) for one in group["ranking"]])
            axes.set_title(f"{short(group['song'], 22)}\nn = {group['n_raters']}", fontsize=9)
            axes.tick_params(labelsize=8)
            axes.set_xlim(0, 1)
        note = "Mean rating (0 to 1) of each mix, best first, with 95 % t intervals over listeners."
        return drawn(figure, "Ranking of the mixes of each song", note, _LOOK)


def _balances(found: Plain) -> Drawn:
    balances = found["balances"]
    with drawing("session balances"):
        figure, (left, right) = sheet(2.6, 2, sharey=True)
        for place, stem in enumerate(STEMS):
            interval(left, balances["mean_loudness_db"][stem], place, PALETTE[place], MARKS[place])
            spread = balances["by_stem"][stem]["sd_between_annotators_db"]
            interval(right, spread, place, PALETTE[place], MARKS[place])
        named_rows(left, STEMS)
        zero_line(left)
        left.set_xlabel("Mean relative loudness, dB")
        right.set_xlabel("SD between engineers, dB")
        right.set_xlim(left=0)
        right.grid(visible=False, axis="y")
        note = f"n = {found['n_mixes']} mixes of {found['n_songs']} songs. 95 % intervals."
        return drawn(figure, "The engineers' balances", note, _LOOK)


def _distance(found: Plain) -> Drawn:
    points = found["points"]
    with drawing("session distance"):
        figure, axes = sheet(4.2)
        songs = list(dict.fromkeys(point["song"] for point in points))
        for place, song in enumerate(songs):
            own = [point for point in points if point["song"] == song]
            axes.plot(
                [point["distance_db"] for point in own], [point["mean"] for point in own],
                MARKS[place % len(MARKS)], linestyle="none", markersize=6,
                color=PALETTE[place] if place < len(PALETTE) else SOFT,
                markeredgecolor="white", markeredgewidth=0.4, label=short(song, 22),
            )  # fmt: skip
        axes.set_xlabel("Distance from the consensus of the song's other engineers, dB")
        axes.set_ylabel("Mean rating")
        axes.set_ylim(0, 1)
        figure.legend(loc="outside right upper", frameon=False, fontsize=8, labelcolor=INK)
        one = found["distance"]["correlation"]
        note = f"n = {len(points)} mixes. Spearman within groups {figure_text(one)}."
        return drawn(figure, "Distance from the consensus balance, and rating", note, _LOOK)
