"""The one page of a report, self-contained, in the order of a results section.

Everything that came from the study or its raters is escaped; there is no script in the page.
"""

import base64
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from analysis.report.markup import Markup, figure_text, listed, number, p_text, sentence, table, tag
from analysis.report.page_parts import (
    agreement,
    cases,
    failures,
    judges,
    preferences,
    ratings,
    side_by_side,
)
from analysis.report.plain import CANNOT, is_given
from analysis.report.style import Drawn

Plain = Mapping[str, Any]
TITLE = "Report"
_CSS = """
:root{color-scheme:light dark;--ink:#24221f;--paper:#fff;--soft:#5f5b54;--line:#dedad3;
--mark:#fff3d6;--edge:#b06f00;--link:#0b5c8a}
@media(prefers-color-scheme:dark){:root{--ink:#ece8e1;--paper:#1b1a18;--soft:#b3ada3;
--line:#3b3833;--mark:#3a2d10;--edge:#e0a13c;--link:#7cc0ea}}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:62rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25}h2{margin-top:3rem;border-top:1px solid var(--line);padding-top:1.5rem}
a{color:var(--link)}nav ol{columns:2;padding-left:1.3rem}code{font-size:.85em}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:1rem 0;
font-variant-numeric:tabular-nums;overflow-wrap:normal}caption{text-align:left;color:var(--soft);
padding-bottom:.4rem}th,td{padding:.3rem .6rem;text-align:right;vertical-align:top;
border-bottom:1px solid var(--line)}th:first-child,td:first-child,.text{text-align:left}
small,.soft{color:var(--soft)}td,th{white-space:nowrap}
td small{display:block}th:first-child,td:first-child,.text{white-space:normal;min-width:8rem}
figure{margin:1.5rem 0}figure img{max-width:100%;height:auto;background:#fff;border-radius:4px}
figcaption{color:var(--soft);font-size:.9rem}
.mark{background:var(--mark);border-left:4px solid var(--edge);padding:.6rem 1rem}
.headline{font-size:1.25rem}blockquote{margin:.4rem 0;padding-left:.8rem;
border-left:3px solid var(--line)}dt{font-weight:600}dd{margin:0 0 .5rem}
@media(max-width:40rem){nav ol{columns:1}}
@media print{h2{break-after:avoid}figure{break-inside:avoid}}
"""
SECTIONS = {
    "asked": "What was asked",
    "people": "Participants",
    "primary": "Primary outcome",
    "exclusions": "With and without exclusions",
    "preference": "Preference (exploratory)",
    "ratings": "Ratings (exploratory)",
    "agreement": "Agreement among people (exploratory)",
    "judges": "Judges beside people (exploratory)",
    "objective": "Measured and judged (exploratory)",
    "cases": "Greatest disagreement",
    "failures": "Failures",
    "limits": "Limits",
    "method": "How this was made",
}


def page(found: Plain, figures: Mapping[str, Drawn]) -> str:
    """The HTML of a report; `figures` by name as `analysis.report.figures.figures` gives them."""
    title = found["study"]["title"] or TITLE
    makers = {
        "asked": _asked, "people": _people, "primary": _primary, "exclusions": side_by_side,
        "preference": preferences, "ratings": ratings, "agreement": agreement, "judges": judges,
        "objective": _objective, "cases": cases, "failures": failures, "limits": _limits,
        "method": _method,
    }  # fmt: skip
    places = figures_by_section(figures)
    body = [f"<h1>{escape(title)}</h1>", *_marks(found), _contents()]
    for key, name in SECTIONS.items():
        body.append(f'<section id="{key}"><h2>{name}</h2>')
        body.extend(makers[key](found))
        body.extend(shown(figures[one]) for one in places.get(key, ()))
        body.append("</section>")
    return document(f"{title}: report", body)


def document(title: str, body: Iterable[str]) -> str:
    """A whole page around its parts."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_CSS}</style></head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body></html>\n"
    )


_PLACES = {
    "flow": "people", "strengths": "preference", "win": "preference", "ratings": "ratings",
    "agreement": "agreement", "judges": "judges", "judge": "judges", "calibration": "judges",
    "objective": "objective", "exclusions": "exclusions",
}  # fmt: skip


def figures_by_section(figures: Mapping[str, Drawn]) -> dict[str, list[str]]:
    """Section key to the names of its figures."""
    places: dict[str, list[str]] = {}
    for name in figures:
        places.setdefault(_PLACES.get(name.split("_")[0], "method"), []).append(name)
    return places


def shown(figure: Drawn) -> str:
    """A figure inside the page."""
    data = base64.b64encode(figure.svg.encode()).decode()
    text = escape(figure.caption)
    return (
        f'<figure><img alt="{text}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _contents() -> str:
    items = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name in SECTIONS.items())
    return f'<nav aria-label="Contents"><ol>{items}</ol></nav>'


def _marks(found: Plain) -> Iterable[str]:
    study, made = found["study"], found["made"]
    told = []
    if study["interim"]:
        told.append("Interim: the study was still running when this was made.")
    if study["blinded"]:
        told.append("Blinded: systems are shown by label.")
    if made["include_simulated"]:
        told.append("Simulated raters are counted as people: this tests the machinery.")
    for line in told:
        yield f'<p class="mark"><strong>{escape(line)}</strong></p>'
    version = f", version {study['version']} of its protocol" if study["version"] else ""
    parts = [f"Made {made['at']} from an export{version}."]
    if study["protocol_hash"]:
        parts.append(f"Protocol {study['protocol_hash']}.")
    yield f'<p class="soft">{escape(" ".join(parts))}</p>'


def _asked(found: Plain) -> Iterable[str]:
    plan = found["study"]["plan"]
    if plan.get("hypothesis"):
        yield tag("p", f"Hypothesis: {plan['hypothesis']}")
    systems = ", ".join(one["shown"] for one in found["systems"])
    yield tag("p", f"{len(found['systems'])} systems were compared: {systems}.")
    rows = []
    for block in found["asked"]:
        for question in block["questions"]:
            ends = f"{question['low_label']} … {question['high_label']}"
            scale = (
                f"{question['low']:g} to {question['high']:g}"
                if question["kind"] == "scale" and question["low"] is not None
                else ""
            )
            words = ends if scale and question["low_label"] else ""
            rows.append(
                [block["title"] or block["block"], block["type"], str(block["n_items"]),
                 question["text"] or question["key"], question["kind"], f"{scale} {words}".strip()]
            )  # fmt: skip
    yield table(["Block", "Type", "Items", "Question", "Kind", "Scale"], rows, text=(1, 3, 4, 5))
    kept = {key: plan[key] for key in ("sample_size", "stopping_rule", "alpha", "smallest_effect")
            if plan.get(key) not in (None, "")}  # fmt: skip
    yield listed([f"{key.replace('_', ' ')}: {value}" for key, value in kept.items()])


def _people(found: Plain) -> Iterable[str]:
    told, rows = found["participants"], found["flow"]
    last = rows[-1]
    yield tag(
        "p",
        f"{rows[0]['n_raters']} enrolled; {last['n_raters']} are analysed, with "
        f"{last['n_trials']} trials. Rules: {found['exclusions']['title']}.",
    )
    yield table(
        ["Step", "Raters left out", "Trials left out", "Raters", "Trials"],
        [[s["step"], str(s["left_out"]), str(s["trials_left_out"]), str(s["n_raters"]),
          str(s["n_trials"])] for s in rows],
        caption="n at every step",
    )  # fmt: skip
    yield listed(found["exclusions"]["notes"])
    lines = []
    for key, answers in told["questionnaire"].items():
        if "counts" in answers:
            counts = ", ".join(f"{name} {n}" for name, n in answers["counts"].items())
            lines.append(f"{key.replace('_', ' ')} (n = {answers['n']}): {counts}")
        else:
            lines.append(
                f"{key.replace('_', ' ')} (n = {answers['n']}): median {answers['median']:g}, "
                f"{answers['least']:g} to {answers['most']:g}"
            )
    if told["median_trial_s"] is not None:
        lines.append(f"median time on a trial: {told['median_trial_s']:.1f} s")
    yield listed(lines)


def _primary(found: Plain) -> Iterable[str]:
    part = found["primary"]
    if not is_given(part):
        yield f'<p class="mark">{escape(part[CANNOT])}.</p>'
        return
    question = part["outcome"]["shown"]
    yield tag(
        "p",
        f"{part['first']} against {part['second']} on “{question}”, {part['model']}, clustered by "
        f"{part['cluster']}, as the frozen plan names it.",
    )
    yield tag(
        "p",
        f"{figure_text(part['estimate'])} {part['unit']}, {p_text(part['p'])} "
        f"(n = {part['estimate']['n']}).",
        "headline",
    )
    if "also" in part:
        yield tag("p", f"{part['also_is'].capitalize()}: {figure_text(part['also'])}.")
    told = (part["estimate"]["method"], part["estimate"]["note"])
    yield tag("p", " ".join(f"{sentence(text)}." for text in told if text), "soft")
    yield listed(part.get("notes", []))
    yield tag("p", "Everything below is exploratory.")


def _objective(found: Plain) -> Iterable[str]:
    rows = []
    for part in found["objective"]:
        if CANNOT in part:
            rows.append([part["shown"], part["measure_is"], part[CANNOT], "", ""])
        elif "chose_smaller" in part:
            share = Markup(f"{number(part['chose_smaller'])}<small>chose the smaller</small>")
            rows.append([part["shown"], part["measure_is"], share, "", ""])
        else:
            within = part["within_item"]
            rows.append(
                [part["shown"], part["measure_is"], number(part["spearman"]),
                 number(within["correlation"]), p_text(within["p"])]
            )  # fmt: skip
    if not rows:
        yield tag("p", "Nothing was measured on the stimuli, or nothing was rated.")
        return
    head = ["Question", "Measure", "Spearman, or share", "Spearman within items", "p, permuted"]
    yield table(head, rows, text=(1,))
    for part in found["after_hearing"]:
        change = part["change"]
        told = figure_text(change) if is_given(change) else change[CANNOT]
        yield tag("p", f"After hearing less before, {part['text'] or part['question']}: {told}.")


def _limits(found: Plain) -> Iterable[str]:
    yield listed(found["limits"])


def _method(found: Plain) -> Iterable[str]:
    made, study = found["made"], found["study"]
    facts = {
        "Protocol": study["protocol_hash"], "Analysis plan": study["plan_hash"],
        "Frozen": study["frozen_at"], "Exported": made["exported_at"],
        "SHA-256 of the export": made["export_sha256"], "Seed": str(made["seed"]),
        "Software": ", ".join(f"{name} {value}" for name, value in made["versions"].items()),
    }  # fmt: skip
    items = "".join(
        f"<dt>{escape(name)}</dt><dd><code>{escape(str(value))}</code></dd>"
        for name, value in facts.items()
        if value
    )
    yield f"<dl>{items}</dl>"
    yield tag(
        "p",
        "The report is a function of the export, the seed and the time stamp. Beside this page lie "
        "the figures as SVG and PNG, the tables as CSV, all of it as report.json, and a codebook.",
    )
    if found["log"]:
        rows = [[str(one.get(key) or "") for key in ("at", "act", "by", "detail")]
                for one in found["log"]]  # fmt: skip
        yield table(
            ["At", "What", "By", "Detail"], rows, text=(1, 2, 3), caption="Log of the study"
        )
