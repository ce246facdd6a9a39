"""Sections of the page that are mostly tables."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from analysis.report.markup import (
    Markup,
    figure_text,
    listed,
    number,
    p_text,
    plain,
    sentence,
    table,
    tag,
)
from analysis.report.plain import CANNOT, is_given

Plain = Mapping[str, Any]


def side_by_side(found: Plain) -> Iterable[str]:
    """Primary figure and n under every rule set."""
    rows = []
    for one in found["side_by_side"]:
        rules = ", ".join(
            rule["rule"] if rule["value"] is None else f"{rule['rule']} {rule['value']:g}"
            for rule in one["rules"]
        )
        primary = one["primary"]
        given = is_given(primary)
        rows.append(
            [one["name"], rules or "none", str(one["n_raters"]), str(one["n_trials"]),
             number(primary["estimate"]) if given else primary[CANNOT],
             p_text(primary["p"]) if given else ""]
        )  # fmt: skip
    head = ["Rule set", "Rules", "Raters", "Trials", "Primary outcome", "p"]
    yield table(head, rows, text=(1,))
    yield tag(
        "p",
        f"The report uses “{found['exclusions']['name']}” unless a table says otherwise. "
        "Exclusions are recorded rules; nothing is deleted.",
    )


def preferences(found: Plain) -> Iterable[str]:
    if not found["preferences"]:
        yield tag("p", "Nothing was voted on or ranked.")
    for part in found["preferences"]:
        yield tag("h3", part["shown"])
        fit = part["fit"]
        if not is_given(fit):
            yield tag("p", f"Strengths cannot be given: {fit[CANNOT]}.", "mark")
            continue
        without = part["without_both_bad"].get("strengths", {})
        rows = [
            [name, number(figure), number(fit["ranks"][name], 0), number(without.get(name)),
             number(fit["both_bad"].get(name))]
            for name, figure in sorted(
                fit["strengths"].items(), key=lambda one: -one[1]["estimate"]
            )
        ]  # fmt: skip
        head = ["System", "Strength, log odds", "Rank", "Without “both bad”", "“Both bad” rate"]
        yield table(head, rows, caption=f"{part['n_votes']} votes. {_method_of(fit)}")
        yield listed(fit["notes"])
        yield _contrast_table(part)
        yield from _cumulative_table(part)
        yield from _sways(part)


def _method_of(fit: Plain) -> str:
    first: Plain = next(iter(fit["strengths"].values()))
    return " ".join(f"{sentence(text)}." for text in (first["method"], first["note"]) if text)


def _contrast_table(part: Plain) -> str:
    rows = []
    for one in part["contrasts"]:
        names = f"{one['first']} \N{MINUS SIGN} {one['second']}"
        if CANNOT in one:
            rows.append([names, one[CANNOT], "", "", ""])
            continue
        rows.append(
            [names, number(one["difference"]), number(one["win_probability"]),
             p_text(one["p"]), p_text(one["p_holm"])]
        )  # fmt: skip
    head = ["Pair", "Difference, log odds", "Wins with probability", "raw p", "Holm p"]
    return table(head, rows, caption=f"Family: {part['family']}")


def _cumulative_table(part: Plain) -> Iterable[str]:
    fit = part["cumulative"]
    if not is_given(fit) or not fit["differences"]:
        return
    rows = [
        [f"{one['first']} \N{MINUS SIGN} {one['second']}", number(one["log_odds"]),
         p_text(one["p"]), p_text(one["p_holm"])]
        for one in fit["differences"]
    ]  # fmt: skip
    told = f"{fit['differences'][0]['log_odds']['method']}. {sentence(part['family'])}"
    yield table(["Pair", "Log odds of a better vote", "raw p", "Holm p"], rows, caption=told)
    yield listed(fit["notes"])


def _sways(part: Plain) -> Iterable[str]:
    covariates, mixed = part["covariates"], part["mixed"]
    lines = []
    if is_given(covariates):
        lines.append(f"Standing on side A adds {figure_text(covariates['side'])} log odds.")
        lines.append(f"Ten words more add {figure_text(covariates['length'])} log odds.")
    if is_given(mixed):
        lines.append(
            f"{mixed['first']} against {mixed['second']}, {mixed['log_odds']['method']}: log odds "
            f"{figure_text(mixed['log_odds'])}; SD of raters {plain(mixed['rater_sd'])}, of items "
            f"{plain(mixed['item_sd'])} ({mixed['log_odds']['note']})."
        )
    yield listed(lines)


def ratings(found: Plain) -> Iterable[str]:
    if not found["ratings"]:
        yield tag("p", "Nothing was rated.")
    for part in found["ratings"]:
        yield tag("h3", part["shown"])
        if not part["systems"]:
            yield tag("p", "There are no ratings.", "mark")
            continue
        rows = [
            [one["system"], number(one["mean"]), plain(one["sd"]), plain(one["median"]),
             f"{plain(one['quartile_low'])} to {plain(one['quartile_high'])}"]
            for one in part["systems"]
        ]  # fmt: skip
        caption = f"{part['n_ratings']} ratings of {part['n_raters']} raters"
        yield table(["System", "Mean", "SD", "Median", "Quartiles"], rows, caption=caption)
        yield from _models(part)
        yield _pair_table(part)
        yield _star_table(part)


def _models(part: Plain) -> Iterable[str]:
    for key, name, figure in (
        ("mixed", "Linear mixed model by REML, crossed rater and item", "difference"),
        ("cumulative", "Cumulative logit", "log_odds"),
    ):
        fit = part[key]
        if not is_given(fit):
            yield tag("p", f"{name}: cannot be given, {fit[CANNOT]}.")
            continue
        rows = [
            [f"{one['first']} \N{MINUS SIGN} {one['second']}", number(one[figure]),
             p_text(one["p"]), p_text(one["p_holm"])]
            for one in fit["differences"]
        ]  # fmt: skip
        if not rows:
            continue
        method = fit["differences"][0][figure]["method"]
        told = f"{method}. {sentence(part['family'])}"
        column = "Difference, points" if key == "mixed" else "Log odds of a higher rating"
        yield table(
            ["Pair", column, "raw p", "Holm p"],
            rows,
            caption=told,
        )
        sds = ""
        if key == "mixed":
            sds = (f"SD of raters {plain(fit['rater_sd'])}, of items {plain(fit['item_sd'])}, "
                   f"residual {plain(fit['residual_sd'])}.")  # fmt: skip
        yield listed([sds, *fit["notes"]])
    test = part["rank_test"]
    if is_given(test):
        yield tag("p", f"{test['method']}: {test['statistic']:.2f}, df {test['freedom']:g}, "
                       f"{p_text(test['p'])}, {test['n']} blocks.")  # fmt: skip
    else:
        yield tag("p", f"Rank test: cannot be given, {test[CANNOT]}.")


def _pair_table(part: Plain) -> str:
    effects = ("rank_biserial", "cohens_d_paired", "cliffs_delta", "cohens_d")
    rows = [
        [f"{one['first']} \N{MINUS SIGN} {one['second']}", number(one["mean_difference"]),
         p_text(one["signed_rank"].get("p")), p_text(one["p_holm"]),
         *(number(one[name]) for name in effects)]
        for one in part["pairs"]
    ]  # fmt: skip
    head = ["Pair", "Paired difference", "Signed rank, raw p", "Holm p", "Rank biserial",
            "d, paired", "Cliff's delta", "d"]  # fmt: skip
    caption = "Clustered signed rank tests and effect sizes. " + sentence(part["family"])
    return table(head, rows, caption=caption) if rows else ""


def _star_table(part: Plain) -> str:
    rows = [
        [f"{one['first']} \N{MINUS SIGN} {one['second']}",
         plain(one["statistic"], 1) if CANNOT not in one else one[CANNOT],
         p_text(one.get("p")), p_text(one["p_bonferroni"]), one["stars"]]
        for one in part["stars"]
    ]  # fmt: skip
    head = ["Pair", "U", "raw p", "Bonferroni p", "Stars"]
    return table(head, rows, caption=part["star_caption"]) if rows else ""


def agreement(found: Plain) -> Iterable[str]:
    names = {
        "alpha_nominal": "alpha, nominal", "fleiss_kappa": "Fleiss' kappa",
        "alpha_interval": "alpha, interval", "alpha_ordinal": "alpha, ordinal",
        "same_again": "same again",
    }  # fmt: skip
    rows = []
    for part in found["agreement"]["questions"]:
        for key, name in names.items():
            if key in part:
                told = "points from the first answer" if part["kind"] == "scale" else name
                rows.append(
                    [part["shown"], told if key == "same_again" else name, number(part[key])]
                )
        icc = part.get("icc")
        if icc is not None:
            for key, name in (("single", "ICC, one rater"), ("average", "ICC, mean of raters")):
                rows.append([part["shown"], name, number(icc.get(key, icc))])
    if not rows:
        yield tag("p", "Nothing to agree on: no votes and no ratings.")
        return
    yield table(["Question", "Figure", "Value"], rows, text=(1,))
    yield tag("p", found["agreement"]["reading"], "soft")


def judges(found: Plain) -> Iterable[str]:
    listed_judges = found["judges"]["judges"]
    if not listed_judges and not found["judges"]["rubrics"]:
        yield tag("p", "No judge was run on this study.")
        return
    for judge in listed_judges:
        yield from _judge(judge)
    for rubric in found["judges"]["rubrics"]:
        yield tag("h3", f"{rubric['judge']}: knows the answer")
        yield tag("p", "This rater is given the injected error. It is a check of the scales, no "
                       "judge, and stands in no table or figure of judges.", "mark")  # fmt: skip
        yield from _judge_tables(rubric)


def _judge(judge: Plain) -> Iterable[str]:
    about, failed = judge["about"], judge["failed"]
    dagger = " \N{DAGGER}" if judge["wrote_advice"] else ""
    yield tag("h3", f"{judge['judge']}{dagger}")
    if judge["wrote_advice"]:
        yield tag("p", f"\N{DAGGER} Its model family ({about.get('family')}) wrote or rephrased "
                       "advice in this study.", "mark")  # fmt: skip
    facts = (f"{key.replace('_', ' ')}: {about[key]}" for key in
             ("model", "given", "prompt_version", "prompt_hash", "temperature")
             if about.get(key) is not None)  # fmt: skip
    yield listed([*facts, f"trials failed: {failed['n']} of {failed['of']}",
                  *(f"{n} x {reason}" for reason, n in failed["reasons"].items())])  # fmt: skip
    yield from _judge_tables(judge)


_RATING_FIGURES = {
    "spearman": "Spearman with people's means",
    "kendall": "Kendall's tau-b",
    "pearson": "Pearson",
    "weighted_kappa": "weighted kappa",
    "difference": "correlation less that of a person",
}


def _judge_tables(judge: Plain) -> Iterable[str]:
    names = {
        "judge": "agreement of the judge", "ceiling": "human ceiling",
        "difference": "judge less ceiling", "both_orders": "both orders taken together",
        "refusals": "refusals",
    }  # fmt: skip
    habits = {
        "swap_consistency": "same when sides are swapped", "first_side_share": "votes for side A",
        "people_first_side_share": "people's votes for side A",
        "longer_share": "votes for the longer advice",
        "people_longer_share": "people's votes for the longer advice",
        "repeat_consistency": "same when repeated",
        "kappa": "Cohen's kappa with single people", "people_kappa": "Fleiss' kappa of people",
    }  # fmt: skip
    rows = []
    for part in judge["votes"]:
        agreed = part["agreement"]
        if is_given(agreed):
            rows += [[part["shown"], name, number(agreed[key])] for key, name in names.items()]
        else:
            rows.append([part["shown"], "agreement", agreed[CANNOT]])
        rows += [
            [part["shown"], name, number(part[key])] for key, name in habits.items() if key in part
        ]
        if is_given(part.get("ranking")):
            rows.append([part["shown"], "Kendall's tau of the systems' strengths",
                         number(part["ranking"]["correlation"])])  # fmt: skip
    for part in judge["ratings"]:
        agreed = part["agreement"]
        if not is_given(agreed):
            rows.append([part["shown"], "agreement", agreed[CANNOT]])
            continue
        for key, name in _RATING_FIGURES.items():
            rows.append([part["shown"], name, number(agreed[key])])
        told = part["disattenuated"]
        rows.append([part["shown"], "Pearson, both reliabilities allowed for", number(told)])
    yield table(["Question", "Figure", "Value"], rows, text=(1,))


def cases(found: Plain) -> Iterable[str]:
    part = found["cases"]
    yield tag("h3", "People split most evenly")
    for one in part["votes"]:
        counts = ", ".join(map(str, one["votes"]))
        told = f"{one['question']} {one['first']} / {one['second']} / tie: {counts}"
        yield _case(one, told)
    yield tag("h3", "Ratings spread most")
    for one in part["ratings"]:
        yield _case(one, f"{one['scale']} {one['system']}: mean {plain(one['mean'])}, SD "
                         f"{plain(one['sd'])}, n = {one['n']}")  # fmt: skip
    if part["judges"]:
        yield tag("h3", "Judge and people apart")
    for one in part["judges"]:
        name, question = one["judge_name"], one["question"]
        if "first" in one:
            ours, theirs = (", ".join(map(str, one[key])) for key in ("people", "judge"))
            pair = f"{one['first']} / {one['second']} / tie"
            told = f"{name}: {question} {pair}: people {ours}; judge {theirs}"
        else:
            told = (
                f"{name}: {question} {one['system']}: people {plain(one['people'])}, judge "
                f"{plain(one['judge'])}"
            )
        yield _case(one, told)
    if part["comments"]:
        yield tag("h3", "What people wrote")
        yield listed(f"{one['item_is']}: {one['text']}" for one in part["comments"])
    if not (part["votes"] or part["ratings"] or part["judges"]):
        yield tag("p", "Nothing was judged by three people or more.")


def _case(one: Plain, told: str) -> str:
    errors = one.get("error_db") or {}
    moved = ", ".join(f"{stem} {value:+g} dB" for stem, value in errors.items())
    texts = "".join(
        f"<blockquote><strong>{escape(text['system'])}</strong> {escape(text['text'])}</blockquote>"
        for text in one["texts"]
        if text["text"]
    )
    where = f"{one['item_is']}" + (f" (error: {moved})" if moved else "")
    return f"<p><strong>{escape(where)}</strong>. {escape(told)}.</p>{texts}"


def failures(found: Plain) -> Iterable[str]:
    part = found["failures"]
    lines = [f"trials {state}: {n}" for state, n in part["trials"].items()]
    lines.append(f"answers replaced by a later one: {part['superseded_answers']}")
    lines += [f"{n} x {reason}" for reason, n in part["reasons"].items()]
    yield listed(lines)
    if part["left_out"]:
        rows = [[one["rater"], ", ".join(one["rules"])] for one in part["left_out"]]
        yield table(["Rater left out", "Rules"], rows, text=(1,))
    missing = [Markup(escape(f"{p['shown']}: {p['fit'][CANNOT]}"))
               for p in found["preferences"] if not is_given(p["fit"])]  # fmt: skip
    missing += [Markup(escape(f"{p['shown']}: {p['mixed'][CANNOT]}"))
                for p in found["ratings"] if not is_given(p["mixed"])]  # fmt: skip
    if missing:
        yield tag("p", "Could not be computed:")
        yield listed(missing)
