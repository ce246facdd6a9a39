"""The tables of a report as CSV; one row a figure, with its interval and its n."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.cells import safe_text
from analysis.report.plain import CANNOT, is_given

Plain = Mapping[str, Any]
FIGURE = ("estimate", "low", "high", "n", "level", "method", "note")

CODEBOOK = {
    "estimate": "the figure; empty where it cannot be given",
    "low": "lower end of the interval; empty where there is none",
    "high": "upper end of the interval",
    "n": "how many answers, things or raters the figure rests on",
    "level": "confidence level of the interval",
    "method": "how figure and interval were computed",
    "note": "why there is no figure or interval, or a caution",
    "question": "block and question",
    "phase": "before or after the mix was heard",
    "figure": "what the row gives",
    "system": "system as the export shows it; a label where it is blinded",
    "first": "system from which the second is subtracted, or that wins",
    "second": "the other system",
    "p": "two-sided p of this test alone",
    "p_holm": "the same corrected by Holm within the question and test",
    "p_bonferroni": "the same corrected by Bonferroni",
    "step": "step of the flow of participants",
    "n_raters": "raters left after the step",
    "n_trials": "answered main trials left after the step",
    "left_out": "raters whom the step left out",
    "trials_left_out": "trials that the step left out",
    "rule_set": "name of the recorded set of exclusion rules",
    "judge": "name of the judge and what it was given",
    "measure": "what was measured on the stimulus",
    "measured": "value of the measure",
    "mean": "mean rating of the stimulus",
    "stars": "* p < .05, ** p < .01, *** p < .001 after Bonferroni; assumes independence",
    "statistic": "the test's statistic",
    "freedom": "degrees of freedom",
    "test": "name of the test",
    "wins": "votes that the first won",
    "losses": "votes that the second won",
    "ties": "votes for neither",
    "expected": "win rate by the fitted strengths",
}
"""Every column of every table."""


def csv_files(found: Plain) -> dict[str, str]:
    """File name to content."""
    figures, asked = FIGURE, ("question", "phase")
    return {
        "codebook.csv": written(("column", "meaning"), CODEBOOK.items()),
        "flow.csv": written(
            ("step", "n_raters", "n_trials", "left_out", "trials_left_out"),
            (
                [s[k] for k in ("step", "n_raters", "n_trials", "left_out", "trials_left_out")]
                for s in found["flow"]
            ),
        ),
        "preference.csv": written(("question", "phase", "system", "figure", *figures),
                                  _preference(found)),
        "contrasts.csv": written(
            ("question", "phase", "test", "first", "second", *figures, "p", "p_holm"),
            _contrasts(found),
        ),
        "win_rates.csv": written(
            (*asked, "first", "second", "wins", "losses", "ties", "expected", *figures),
            _win_rates(found),
        ),
        "ratings.csv": written(("question", "phase", "system", "figure", *figures),
                               _ratings(found)),
        "tests.csv": written((*asked, "test", "statistic", "freedom", "p", "n", "note"),
                             _tests(found)),
        "stars.csv": written(
            ("question", "phase", "first", "second", "statistic", "p", "p_bonferroni", "stars"),
            _stars(found),
        ),
        "agreement.csv": written(("question", "phase", "figure", *figures), _agreement(found)),
        "judges.csv": written(("judge", "question", "figure", *figures), _judges(found)),
        "objective.csv": written(("question", "measure", "figure", *figures), _objective(found)),
        "points.csv": written(("question", "measure", "system", "measured", "mean", "n"),
                              _points(found)),
        "exclusions.csv": written(("rule_set", "question", "system", "figure", *figures),
                                  _exclusions(found)),
    }  # fmt: skip


def written(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV with a head; texts that a spreadsheet would run as a formula are quoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([safe_text(value) for value in row] for row in rows)
    return buffer.getvalue()


def _figure(figure: Plain | None) -> list[Any]:
    if figure is None or CANNOT in figure:
        reason = None if figure is None else figure[CANNOT]
        return [None, None, None, None, None, None, reason]
    return [figure.get(name) for name in FIGURE]


def _asked(part: Plain) -> list[Any]:
    return [f"{part['block']}.{part['question']}", part["phase"]]


Rows = Iterator[list[Any]]


def _preference(found: Plain) -> Rows:
    for part in found["preferences"]:
        if not is_given(part["fit"]):
            yield [*_asked(part), None, "strength", *_figure(part["fit"])]
            continue
        for kind, name in (("strengths", "strength"), ("ranks", "rank"), ("both_bad", "both bad")):
            for system, figure in part["fit"][kind].items():
                yield [*_asked(part), system, name, *_figure(figure)]
        yield [*_asked(part), None, "tie parameter", *_figure(part["fit"]["tie"])]
        for system, figure in part["without_both_bad"].get("strengths", {}).items():
            yield [*_asked(part), system, "strength without both bad", *_figure(figure)]
        if is_given(part["covariates"]):
            for name in ("side", "length"):
                yield [*_asked(part), None, f"effect of {name}", *_figure(part["covariates"][name])]


def _contrasts(found: Plain) -> Rows:
    for part in found["preferences"]:
        for one in part["contrasts"]:
            figure = one.get("difference") or one
            yield [*_asked(part), "bradley-terry", one["first"], one["second"], *_figure(figure),
                   one.get("p"), one["p_holm"]]  # fmt: skip
        for one in part["cumulative"].get("differences", ()):
            yield [*_asked(part), "cumulative", one["first"], one["second"],
                   *_figure(one["log_odds"]), one["p"], one["p_holm"]]  # fmt: skip
    for part in found["ratings"]:
        for key, name in (("mixed", "difference"), ("cumulative", "log_odds")):
            for one in part[key].get("differences", ()):
                yield [*_asked(part), key, one["first"], one["second"], *_figure(one[name]),
                       one["p"], one["p_holm"]]  # fmt: skip
        for one in part["pairs"]:
            pair = [one["first"], one["second"]]
            test = one["signed_rank"]
            yield [*_asked(part), "clustered signed rank", *pair, *_figure(one["mean_difference"]),
                   test.get("p"), one["p_holm"]]  # fmt: skip
            for name in ("rank_biserial", "cohens_d_paired", "cliffs_delta", "cohens_d"):
                yield [*_asked(part), name, *pair, *_figure(one[name]), None, None]


def _win_rates(found: Plain) -> Rows:
    for part in found["preferences"]:
        for one in part["fit"].get("win_rates", ()):
            counts = [one[k] for k in ("first", "second", "wins", "losses", "ties", "expected")]
            yield [*_asked(part), *counts, *_figure(one["rate"])]


def _ratings(found: Plain) -> Rows:
    for part in found["ratings"]:
        for one in part["systems"]:
            yield [*_asked(part), one["system"], "mean", *_figure(one["mean"])]
            for name in ("sd", "median", "quartile_low", "quartile_high", "least", "most"):
                plain = {"estimate": one[name], "n": one["n"]}
                yield [*_asked(part), one["system"], name, *_figure(plain)]
        fit = part["mixed"]
        for system, mean in zip(fit.get("systems", ()), fit.get("means", ()), strict=True):
            yield [*_asked(part), system, "mean, mixed model", *_figure(mean)]


def _tests(found: Plain) -> Rows:
    for part in found["ratings"]:
        test = part["rank_test"]
        if is_given(test):
            told = [test[name] for name in ("name", "statistic", "freedom", "p", "n", "note")]
        else:
            told = ["rank test", None, None, None, None, test[CANNOT]]
        yield [*_asked(part), *told]


def _stars(found: Plain) -> Rows:
    for part in found["ratings"]:
        for one in part["stars"]:
            told = [one.get(k) for k in ("statistic", "p", "p_bonferroni", "stars")]
            yield [*_asked(part), one["first"], one["second"], *told]


def _agreement(found: Plain) -> Rows:
    for part in found["agreement"]["questions"]:
        for name, figure in part.items():
            if name == "icc":
                for kind in ("single", "average"):
                    told = figure.get(kind, figure)
                    yield [*_asked(part), f"icc {kind}", *_figure(told)]
            elif isinstance(figure, Mapping):
                yield [*_asked(part), name, *_figure(figure)]


def _judges(found: Plain) -> Rows:
    for judge in found["judges"]["judges"]:
        for part in (*judge["votes"], *judge["ratings"]):
            question = f"{part['block']}.{part['question']}"
            for name, figure in _flat(part):
                yield [judge["judge"], question, name, *_figure(figure)]


def _flat(part: Plain, before: str = "") -> Iterator[tuple[str, Plain]]:
    """Every figure below, named by its way down."""
    for name, value in part.items():
        if isinstance(value, Mapping):
            if "estimate" in value or CANNOT in value:
                yield f"{before}{name}", value
            else:
                yield from _flat(value, f"{before}{name} ")


def _objective(found: Plain) -> Rows:
    for part in found["objective"]:
        question = f"{part['block']}.{part['question']}"
        if CANNOT in part:
            yield [question, part["measure"], "correlation", *_figure(part)]
            continue
        for name, figure in _flat({k: v for k, v in part.items() if k != "points"}):
            yield [question, part["measure"], name, *_figure(figure)]


def _points(found: Plain) -> Rows:
    for part in found["objective"]:
        points = part.get("points")
        if points:
            question = f"{part['block']}.{part['question']}"
            columns = (points[name] for name in ("system", "measured", "mean", "n"))
            for row in zip(*columns, strict=True):
                yield [question, part["measure"], *row]


def _exclusions(found: Plain) -> Rows:
    for one in found["side_by_side"]:
        primary = one["primary"]
        figure = primary["estimate"] if is_given(primary) else primary
        yield [one["name"], "primary", None, "primary", *_figure(figure)]
        for told in one["figures"]:
            yield [one["name"], told["key"], told["system"], told["kind"], *_figure(told["figure"])]
