"""The figures of a report from its plain values; each has n and its intervals."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from analysis.report.figures_judges import judge_figures
from analysis.report.figures_ratings import rating_figures
from analysis.report.plain import is_given
from analysis.report.style import (
    GRID,
    INK,
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
LEAST_AGREEMENT, GOOD_AGREEMENT = 0.667, 0.8


def look_of(found: Plain) -> Look:
    """The systems' places, and what every figure must say."""
    marks = []
    if found["study"]["interim"]:
        marks.append("INTERIM: the study was still running.")
    if found["made"]["include_simulated"]:
        marks.append("SIMULATED RATERS INCLUDED.")
    if found["study"]["blinded"]:
        marks.append("Blinded: systems by label.")
    flagged = [one["judge"] for one in found["judges"]["judges"] if one["wrote_advice"]]
    if flagged:
        marks.append(
            f"\N{DAGGER} of a model family that wrote advice in this study: {', '.join(flagged)}."
        )
    return Look(tuple(one["shown"] for one in found["systems"]), " ".join(marks))


def figures(found: Plain) -> dict[str, Drawn]:
    """File name without ending to figure, in the order of the page."""
    look = look_of(found)
    made: dict[str, Drawn] = {"flow": flow(found, look)}
    for part in found["preferences"]:
        if is_given(part["fit"]):
            made[f"strengths_{part['key']}"] = strengths(part, look)
            made[f"win_rates_{part['key']}"] = win_rates(part, look)
    made.update(rating_figures(found, look))
    made.update(agreement(found, look))
    made.update(judge_figures(found, look))
    made.update(objective(found, look))
    made.update(side_by_side(found, look))
    return made


def flow(found: Plain, look: Look) -> Drawn:
    """Boxes from everybody who enrolled down to who is analysed."""
    steps = [
        s for n, s in enumerate(found["flow"]) if n == 0 or s["left_out"] or s["trials_left_out"]
    ]
    with drawing("flow"):
        figure, axes = sheet(0.75 * (len(steps) + 1) + 0.5)
        axes.set_axis_off()
        axes.set(xlim=(0, 10), ylim=(len(steps) + 0.6, -0.5))
        for row, step in enumerate(steps):
            if row == 0:
                _box(axes, 2.6, 0, f"Enrolled: n = {step['n_raters']}")
                continue
            told = f"{step['step']}: {step['left_out']} left out"
            if step["trials_left_out"]:
                told += f", {step['trials_left_out']} trials"
            axes.annotate("", (5.4, row), (2.6, row), arrowprops=_ARROW)
            _box(axes, 7.6, row, short(told, 52), width=4.3)
        last = found["flow"][-1]
        axes.annotate("", (2.6, len(steps) - 0.28), (2.6, 0.28), arrowprops=_ARROW)
        text = f"Analysed: n = {last['n_raters']}\n{last['n_trials']} trials"
        _box(axes, 2.6, len(steps), text)
        note = f"Rule set: {found['exclusions']['name']}."
        return drawn(figure, "Flow of participants", note, look)


_ARROW = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}


def _box(axes: Any, x: float, y: float, text: str, width: float = 4.6) -> None:
    box = FancyBboxPatch(
        (x - width / 2, y - 0.28), width, 0.56, boxstyle="round,pad=0,rounding_size=0.1",
        facecolor="white", edgecolor=INK, linewidth=1.0, zorder=3,
    )  # fmt: skip
    axes.add_patch(box)
    axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=4)


def strengths(part: Plain, look: Look) -> Drawn:
    """Strength of each system with its interval, best first, ranks beside the names."""
    fit = part["fit"]
    names = sorted(fit["strengths"], key=lambda name: -fit["strengths"][name]["estimate"])
    with drawing(f"strengths {part['key']}"):
        figure, axes = sheet(1.3 + ROW_IN * len(names))
        labels = []
        for row, name in enumerate(names):
            interval(axes, fit["strengths"][name], row, look.colour(name), look.mark(name))
            labels.append(f"{short(name, 26)}  {_rank(fit['ranks'][name])}")
        named_rows(axes, labels)
        axes.set_yticks(range(len(names)), labels)
        zero_line(axes)
        axes.set_xlabel("Strength (log odds of a win against a system of mean strength)")
        note = (
            f"n = {part['n_votes']} votes of {part['n_raters']} raters on {part['n_items']} items. "
            "95 % intervals by cluster bootstrap; ranks hold for all systems at once."
        )
        return drawn(figure, f"Preference: {part['shown']}", note, look)


def _rank(figure: Plain) -> str:
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return f"rank {figure['estimate']:.0f}"
    return f"rank {figure['estimate']:.0f} [{low:.0f}, {high:.0f}]"


def win_rates(part: Plain, look: Look) -> Drawn:
    """Share of votes that the row's system won against the column's, ties as one half."""
    names = look.ordered(list(part["fit"]["strengths"]))
    size = len(names)
    rates = np.full((size, size), np.nan)
    counts = np.zeros((size, size), dtype=int)
    for one in part["fit"]["win_rates"]:
        row, column = names.index(one["first"]), names.index(one["second"])
        rates[row, column] = one["rate"]["estimate"]
        rates[column, row] = 1 - one["rate"]["estimate"]
        counts[row, column] = counts[column, row] = one["rate"]["n"]
    with drawing(f"win rates {part['key']}"):
        figure, axes = sheet(1.8 + 0.55 * size)
        axes.grid(visible=False)
        # Blue to orange through white: both ends keep apart for any colour vision.
        image = axes.imshow(rates, cmap="PuOr_r", vmin=0, vmax=1, aspect="auto")
        for row in range(size):
            for column in range(size):
                _cell(axes, row, column, rates[row, column], counts[row, column])
        axes.set_xticks(range(size), [short(name, 14) for name in names])
        axes.set_yticks(range(size), [short(name, 26) for name in names])
        axes.set_xlabel("against")
        figure.colorbar(image, ax=axes, label="Share won", fraction=0.05)
        note = "Share of votes won by the row against the column, a tie as one half; n under it."
        return drawn(figure, f"Win rates: {part['shown']}", note, look)


def _cell(axes: Any, row: int, column: int, rate: float, n: int) -> None:
    if row == column or not np.isfinite(rate):
        text = "" if row == column else "never met"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=SOFT)
        return
    ink = "white" if abs(rate - 0.5) > 0.33 else INK
    axes.text(column, row, f"{rate:.2f}\nn {n}", ha="center", va="center", fontsize=8, color=ink)


def agreement(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    """Alpha, kappa and ICC of every question with intervals."""
    rows = []
    for part in found["agreement"]["questions"]:
        for key, name in (
            ("alpha_nominal", "alpha, nominal"), ("fleiss_kappa", "Fleiss' kappa"),
            ("alpha_interval", "alpha, interval"), ("alpha_ordinal", "alpha, ordinal"),
        ):  # fmt: skip
            if is_given(part.get(key)) and part[key]["estimate"] is not None:
                rows.append((f"{short(part['shown'], 24)}: {name}", part[key]))
        icc = part.get("icc")
        if is_given(icc):
            rows.append((f"{short(part['shown'], 24)}: ICC, one rater", icc["single"]))
            rows.append((f"{short(part['shown'], 24)}: ICC, mean", icc["average"]))
    rows = [(label, figure) for label, figure in rows if figure["estimate"] is not None]
    if not rows:
        return
    with drawing("agreement"):
        figure, axes = sheet(1.3 + 0.26 * len(rows))
        for place, (_, value) in enumerate(rows):
            interval(axes, value, place, INK, "o")
        named_rows(axes, [label for label, _ in rows])
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.axvspan(LEAST_AGREEMENT, GOOD_AGREEMENT, color=GRID, alpha=0.6, linewidth=0)
        zero_line(axes)
        lows = [value["low"] for _, value in rows if value["low"] is not None]
        axes.set_xlim(min(-0.05, max(min(lows, default=0.0), -0.5)), 1.02)
        axes.set_xlabel("Agreement (grey: alpha of .667 to .80, tentative)")
        n = found["flow"][-1]["n_raters"]
        yield (
            "agreement",
            drawn(figure, "Agreement among people", f"n = {n} raters. 95 % intervals.", look),
        )


def objective(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    """Mean rating of each stimulus beside the error that its advice leaves."""
    for part in found["objective"]:
        points = part.get("points")
        if not points or part["measure"] != "error_after_db":
            continue
        with drawing(f"objective {part['key']}"):
            figure, axes = sheet(4.0)
            of_system = np.array(points["system"])
            for name in look.ordered(sorted(set(points["system"]))):
                rows = of_system == name
                axes.plot(
                    np.array(points["measured"])[rows], np.array(points["mean"])[rows],
                    look.mark(name), color=look.colour(name), markersize=5, alpha=0.75,
                    linestyle="none", markeredgecolor="white", markeredgewidth=0.4,
                    label=short(name, 20),
                )  # fmt: skip
            axes.set_xlabel(part["measure_is"][:1].upper() + part["measure_is"][1:])
            axes.set_ylabel(f"Mean rating: {short(part['shown'], 30)}")
            figure.legend(loc="outside right upper", frameon=False, fontsize=8)
            rho = part["spearman"]
            note = f"n = {len(of_system)} stimuli. Spearman {_told(rho)}, items resampled."
            caption = f"Measured error and rating: {part['shown']}"
            yield f"objective_{part['key']}", drawn(figure, caption, note, look)


def _told(figure: Plain) -> str:
    if figure["estimate"] is None:
        return "cannot be given"
    if figure["low"] is None:
        return f"{figure['estimate']:.2f}"
    return f"{figure['estimate']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def side_by_side(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    """Key figures under each rule set; one figure a question."""
    sets = found["side_by_side"]
    if len(sets) < 2:
        return
    keys: dict[str, Plain] = {}
    for one in sets:
        for figure in one["figures"]:
            keys.setdefault(figure["key"], figure)
    for key, about in keys.items():
        with drawing(f"exclusions {key}"):
            names = look.ordered(
                list(
                    dict.fromkeys(
                        f["system"] for s in sets for f in s["figures"] if f["key"] == key
                    )
                )
            )
            figure, axes = sheet(1.4 + ROW_IN * len(names) * (0.6 + 0.4 * len(sets)))
            for place, one in enumerate(sets):
                _rule_set(axes, one, key, names, (place + 0.5) / len(sets) - 0.5, place > 0, look)
            named_rows(axes, names)
            kind = "Strength (log odds)" if about["kind"] == "strength" else "Mean rating"
            axes.set_xlabel(f"{kind}: {short(about['what'], 50)}")
            told = "; ".join(f"{one['name']}: n = {one['n_raters']}" for one in sets)
            note = f"From above, first filled: {told}. 95 % intervals."
            yield (
                f"exclusions_{key}",
                drawn(figure, f"With and without: {about['what']}", note, look),
            )


def _rule_set(
    axes: Any, one: Plain, key: str, names: list[str], shift: float, hollow: bool, look: Look
) -> None:
    for figure in one["figures"]:
        if figure["key"] == key and is_given(figure["figure"]):
            system = figure["system"]
            place = names.index(system) + 0.6 * shift
            interval(
                axes, figure["figure"], place, look.colour(system), look.mark(system), hollow=hollow
            )
