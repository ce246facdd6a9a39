"""The one page of an evaluation, self-contained but for the audio of the failure page."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from modeling.errors import PUBLISHED, USUAL
from modeling.report.mix_features import FEATURES
from modeling.report.style import SEEN_MARK, label

Plain = Mapping[str, Any]

AUDIO_FOLDER = "failures"
TITLES = {
    USUAL.name: "Usual errors: none, one, two or all stems moved by 1.5 to 12 dB",
    PUBLISHED.name: "Published protocol: one of vocals, drums, bass moved or none; anchor named",
    "published_without_anchor": "Published protocol, no anchor named",
}
METRICS = {
    "centred_mae_db": ("Centred MAE, dB", 2),
    "fewest_moves_mae_db": ("Fewest-moves MAE, dB", 2),
    "applied_residual_db": ("Left after advice, dB", 2),
    "within_1_db": ("Within 1 dB", 2),
    "within_2_db": ("Within 2 dB", 2),
    "within_3_db": ("Within 3 dB", 2),
    "joint": ("Stem and direction", 2),
    "joint_altered": ("The same, altered mixes", 2),
    "specificity": ("Right on balanced", 2),
    "set_precision": ("Set precision", 2),
    "set_recall": ("Set recall", 2),
    "auroc": ("AUROC", 2),
    "coverage_80": ("80 % coverage", 2),
}
FIGURES = {
    "error_by_system.svg": "Error of each row, usual errors",
    "error_by_stem_and_sign.svg": "Error by stem and sign, where one stem was altered",
    "calibration.svg": "Stated probability against what happened; coverage of the intervals",
    "specificity_against_joint.svg": "Right on balanced mixes against right on altered ones",
    "effect_of_advice.svg": "Distance of the corrected mix from the reference mix",
    "confusion_differential.svg": "What was needed against what was said: differential",
    "confusion_baseline.svg": "What was needed against what was said: baseline",
    "confusion_template_shrinkage.svg": "What was needed against what was said: template",
}
GENERATED = "Figures on generated songs test the machinery, not the research question."
RELEASED = (
    "The reference is the released balance, one engineer's. Against that even the true consensus "
    "of several engineers scores about 2.0 dB and a template about 2.7 dB, so read the difference "
    "from the template, paired by song, more than the figure itself."
)
_CSS = """
body{font:16px/1.5 system-ui,sans-serif;color:#24221f;background:#fff;max-width:72rem;
margin:2rem auto;padding:0 1rem}h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;
font-variant-numeric:tabular-nums}th,td{padding:.3rem .6rem;text-align:right;
border-bottom:1px solid #dedad3;white-space:nowrap}th:first-child,td.text,th.text{text-align:left}
small{color:#6a665f;display:block}figure{margin:1.5rem 0}img{max-width:100%}
.mark{background:#fff3d6;border-left:4px solid #b06f00;padding:.6rem 1rem}audio{width:11rem}
"""


def page(found: Plain, figures: Mapping[str, str]) -> str:
    """The HTML of an evaluation; `figures` maps file names to SVG."""
    parts = [
        "<h1>Evaluation of mixing advice</h1>",
        *_notes(found),
        *(_protocol(found, name) for name in found["protocols"]),
        "<h2>Figures</h2>",
        *(_figure(figures[name], text) for name, text in FIGURES.items() if name in figures),
        *_effect(found),
        *_songs(found),
        *_failures(found["failures"], found["seen_in_training"]),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Evaluation of mixing advice</title><style>{_CSS}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _notes(found: Plain) -> Iterable[str]:
    songs = found["songs"]
    yield (
        f"<p>{len(songs)} songs, {found['cases_per_song']} usual errors each, seed "
        f"{found['seed']}. Intervals are 95 %, by resampling songs. {SEEN_MARK.strip()} marks a "
        "row that saw songs of this evaluation in training.</p>"
    )
    if found["seen_in_training"]:
        rows = ", ".join(map(label, found["seen_in_training"]))
        yield (
            f'<p class="mark"><strong>Seen in training.</strong> Songs of this evaluation were '
            f"seen in training by {escape(rows)}: their figures say nothing about new songs.</p>"
        )
    if any(song["generated"] for song in songs):
        yield f'<p class="mark">{GENERATED}</p>'
    if not all(song["generated"] for song in songs):
        yield f"<p>{RELEASED}</p>"
    lines = [f"{label(row)}: {reason}" for row, reason in found["missing"].items()]
    yield from _listed("Rows that are missing", lines)
    yield from _listed("Songs that were left out", found["left_out"])


def _listed(title: str, lines: Sequence[str]) -> Iterable[str]:
    if lines:
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        yield f"<h2>{title}</h2><ul>{items}</ul>"


def _protocol(found: Plain, name: str) -> str:
    values, seen = found["protocols"][name], found["seen_in_training"]
    shown = [m for m in METRICS if any(_known(row[m]) for row in values["systems"].values())]
    rows = [
        [label(row, row in seen), *(number(figures[m], METRICS[m][1]) for m in shown)]
        for row, figures in values["systems"].items()
    ]
    pairs = [
        [_pair(pair, seen), *(number(one, 2) for one in figures.values())]
        for pair, figures in values["differences"].items()
    ]
    columns = list(next(iter(values["differences"].values()), {}))
    return (
        f"<h2>{escape(TITLES[name])}</h2><p>{values['n_cases']} cases of {values['n_songs']} songs."
        f"</p>{table(['Row', *(METRICS[m][0] for m in shown)], rows)}"
        + (
            f"<h3>Paired differences, first minus second</h3>"
            f"{table(['Pair', *(METRICS[m][0] for m in columns)], pairs)}"
            if pairs
            else ""
        )
    )


def _pair(pair: str, seen: Sequence[str]) -> str:
    first, second = pair.split(" - ")
    return f"{label(first, first in seen)} \N{MINUS SIGN} {label(second, second in seen)}"


def _effect(found: Plain) -> Iterable[str]:
    seen = found["seen_in_training"]
    rows = [
        [label(row, row in seen), *(number(figures[f], 2) for f in FEATURES)]
        for row, figures in found["effect"].items()
    ]
    head = [f"{name.replace('_', ' ')} ({unit})" for name, unit in FEATURES.items()]
    yield "<h2>What is left to hear after the advice</h2>"
    yield (
        "<p>Distance between the corrected mix and the reference mix, both at one loudness. The "
        "row <em>zero</em> is the problem itself.</p>"
    )
    yield table(["Row", *head], rows)


def _songs(found: Plain) -> Iterable[str]:
    systems = list(found["protocols"][USUAL.name]["systems"])
    yield "<h2>Song by song: centred MAE, dB</h2>"
    yield (
        "<p>Trust is how far an advisor goes by what it hears; 0: the song is unlike what it was "
        "trained on, and it falls back.</p>"
    )
    rows = [
        [
            song["name"],
            f"{song['start_s']:.1f} s, {song['duration_s']:.1f} s long",
            ", ".join(f"{name} {value:.2f}" for name, value in song["trust"].items()),
            *(
                plain(song["centred_mae_db"][name]) + (SEEN_MARK if name in song["seen_by"] else "")
                for name in systems
            ),
        ]
        for song in found["songs"]
    ]
    yield table(["Song", "Excerpt", "Trust", *map(label, systems)], rows)


def _failures(failures: Plain, seen: Sequence[str]) -> Iterable[str]:
    name = label(failures["system"], failures["system"] in seen)
    yield f'<h2 id="failures">The worst {len(failures["cases"])} cases: {escape(name)}</h2>'
    head = ["Song", "Needed", "Said", "Stated probability", "Left, dB", *_versions(failures)]
    rows = [
        [
            f"{case['song']}, from {case['start_s']:.1f} s",
            case["needed"],
            case["said"],
            f"{case['score']:.2f}",
            f"{case['left_db']:.2f}",
            *(
                Markup(
                    f'<audio controls preload="none" src="{AUDIO_FOLDER}/{escape(file)}"></audio>'
                )
                for file in case.get("audio", {}).values()
            ),
        ]
        for case in failures["cases"]
    ]
    yield table(head, rows)


def _versions(failures: Plain) -> list[str]:
    return next((list(case["audio"]) for case in failures["cases"] if "audio" in case), [])


class Markup(str):
    """Text that is HTML already."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table; every cell is escaped, but for `Markup`."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    inner = f"<thead><tr>{top}</tr></thead><tbody>\n{body}</tbody>"
    return f'<div class="wide"><table>{inner}</table></div>'


def _cell(text: str) -> str:
    return f"<td>{text if isinstance(text, Markup) else escape(text)}</td>"


def number(figure: Plain, digits: int) -> str:
    """An estimate with its interval and n; a dash where there is none."""
    if not _known(figure):
        return "\N{EN DASH}"
    low, high = (plain(figure[end], digits) for end in ("low", "high"))
    text = escape(f"[{low}, {high}] n {figure['n']}")
    return Markup(f"{escape(plain(figure['estimate'], digits))}<small>{text}</small>")


def plain(value: float | None, digits: int = 2) -> str:
    """A number to read."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _known(figure: Plain) -> bool:
    return figure["estimate"] is not None


def _figure(svg: str, text: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<figure><img alt="{escape(text)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(text)}</figcaption></figure>"
    )
