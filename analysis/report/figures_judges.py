"""Figures of judges: agreement with people beside the human ceiling, calibration, Bland-Altman."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.report.plain import is_given
from analysis.report.style import (
    INK,
    PALETTE,
    ROW_IN,
    SOFT,
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

Plain = Mapping[str, Any]


def judge_figures(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    """Only judges: the rubric knows the answer and stands in no figure of them."""
    yield from _headline(found, look)
    yield from _ratings(found, look)
    yield from _calibration(found, look)


def named(judge: Plain) -> str:
    """A judge's name, marked where its model family wrote advice in the study."""
    name: str = judge["judge"]
    return name + (" \N{DAGGER}" if judge["wrote_advice"] else "")


def _headline(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    rows = [
        (named(judge), part["shown"], part["agreement"])
        for judge in found["judges"]["judges"]
        for part in judge["votes"]
        if is_given(part["agreement"])
    ]
    if not rows:
        return
    with drawing("judges"):
        figure, (left, right) = sheet(1.5 + 0.5 * len(rows), 2, sharey=True)
        for place, (_, _, agreement) in enumerate(rows):
            interval(left, agreement["ceiling"], place - 0.14, SOFT, "D")
            interval(left, agreement["judge"], place + 0.14, PALETTE[0], "o")
            interval(right, agreement["difference"], place, INK, "o")
        named_rows(left, [f"{short(name, 22)}\n{short(shown, 24)}" for name, shown, _ in rows])
        left.set_yticks(
            range(len(rows)), [f"{short(name, 24)}\n{short(shown, 26)}" for name, shown, _ in rows]
        )
        left.set_xlabel("Agreement with the others' majority")
        right.set_xlabel("Judge less human ceiling")
        zero_line(right)
        right.grid(visible=False, axis="y")
        note = (
            f"Left: judge (circle) and people (grey diamond) against the same leave-one-out "
            f"majorities; n = {rows[0][2]['n_votes']} votes. 95 % intervals by rater and item."
        )
        yield "judges", drawn(figure, "Judges beside people: votes", note, look)


def _ratings(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    rows = [
        (f"{short(named(judge), 16)}: {short(part['shown'], 20)}", part["agreement"])
        for judge in found["judges"]["judges"]
        for part in judge["ratings"]
        if is_given(part["agreement"])
    ]
    if not rows:
        return
    with drawing("judge ratings"):
        figure, (left, right) = sheet(1.5 + ROW_IN * len(rows), 2, sharey=True)
        for place, (_, agreement) in enumerate(rows):
            interval(left, agreement["spearman"], place, PALETTE[0], "o")
            limits = agreement["limits"]
            ends = [limits[name]["estimate"] for name in ("lower", "upper")]
            if None not in ends:
                right.plot(ends, [place, place], color=SOFT, linewidth=5, alpha=0.5)
            interval(right, limits["bias"], place, INK, "o")
        named_rows(left, [label for label, _ in rows])
        left.set_yticks(range(len(rows)), [label for label, _ in rows])
        left.set_xlabel("Spearman with people's means")
        right.set_xlabel("Judge less people, points")
        for axes in (left, right):
            zero_line(axes)
        right.grid(visible=False, axis="y")
        n = rows[0][1]["limits"]["bias"]["n"]
        note = (
            f"n = {n} stimuli. 95 % intervals. Right: mean difference, grey: 95 % limits of "
            "agreement (Bland & Altman)."
        )
        yield "judge_ratings", drawn(figure, "Judges beside people: ratings", note, look)


def _calibration(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    rows = [
        (named(judge), part["calibration"])
        for judge in found["judges"]["judges"]
        for part in judge["votes"]
        if is_given(part.get("calibration")) and part["calibration"]["bins"]
    ]
    if not rows:
        return
    with drawing("calibration"):
        figure, axes = sheet(3.8)
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for place, (name, calibration) in enumerate(rows):
            bins = calibration["bins"]
            axes.plot(
                [one["confidence"] for one in bins], [one["agreement"] for one in bins], "o-",
                color=PALETTE[place % len(PALETTE)], markersize=6, label=short(name),
            )  # fmt: skip
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_xlabel("Stated confidence")
        axes.set_ylabel("Agreement with people's majority")
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        n = sum(one["n"] for one in rows[0][1]["bins"])
        yield (
            "calibration",
            drawn(figure, "Confidence that judges state", f"n = {n} verdicts.", look),
        )
