"""The report of rated mixing sessions: values, page and tables."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.report.build import Options, fingerprint, package_versions
from analysis.report.figures_sessions import session_figure_files
from analysis.report.markup import figure_text, listed, number, p_text, table, tag
from analysis.report.page import document, shown
from analysis.report.plain import Plain, plain
from analysis.report.style import Drawn
from analysis.report.tables import FIGURE, written
from analysis.report.write import JSON_FILE, PAGE_FILE, check_out, json_bytes, one_thread, publish
from analysis.session_ratings import session_ratings
from analysis.study_parts import ExportError

FORMAT = "gainsay-session-report/1"


def is_sessions(path: Path) -> bool:
    """Whether a file looks like rated mixing sessions: an object that begins with "mixes"."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = "".join(file.read(200).split())
    except OSError:
        return False
    return head.startswith('{"mixes"')


def write_session_report(source: Path, out: Path, options: Options) -> dict[str, Any]:
    """Put the report into `out`; an earlier report there goes.

    Raises:
        ExportError: the file is no such sessions.
        ReportError: `out` cannot be written, or holds something else.
    """
    check_out(out)
    try:
        with one_thread():
            ratings = session_ratings(source, options.seed)
    except OSError as error:
        raise ExportError(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise ExportError(str(error)) from error
    found: Plain = plain(
        {
            "format": FORMAT,
            "made": {
                "at": options.now, "seed": options.seed, "source": source.name,
                "source_sha256": fingerprint(source), "versions": package_versions(),
            },
            **vars(ratings),
        }
    )  # fmt: skip
    drawings = session_figure_files(found)
    files = {PAGE_FILE: page(found, drawings).encode(), JSON_FILE: json_bytes(found)}
    for name, drawn in drawings.items():
        files[f"figures/{name}.svg"] = drawn.svg.encode()
        files[f"figures/{name}.png"] = drawn.png
    for name, text in csv_files(found).items():
        files[f"tables/{name}"] = text.encode()
    publish(out, files)
    return found


def page(found: Mapping[str, Any], figures: Mapping[str, Drawn]) -> str:
    """The page of one file of sessions."""
    made = found["made"]
    body = [
        "<h1>Rated mixing sessions</h1>",
        tag("p", f"{found['n_ratings']} ratings of {found['n_mixes']} mixes of {found['n_songs']} "
                 f"songs, from {made['source']}. Made {made['at']}.", "soft"),
        "<h2>Reliability of listeners</h2>", *_reliability(found), shown(figures["reliability"]),
        "<h2>Ranking per song</h2>", *_tests(found), shown(figures["ranking"]),
        *(part for group in found["groups"] for part in _ranking(group)),
        "<h2>The engineers' balances</h2>", *_balances(found), shown(figures["balances"]),
        "<h2>Distance from the consensus balance, and rating</h2>", *_distance(found),
        shown(figures["distance"]),
        "<h2>How this was made</h2>",
        listed([f"SHA-256 of the file: {made['source_sha256']}", f"seed: {made['seed']}",
                ", ".join(f"{name} {value}" for name, value in made["versions"].items())]),
    ]  # fmt: skip
    return document("Rated mixing sessions: report", body)


def _reliability(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [group["name"], str(group["n_raters"]), str(len(group["ranking"])),
         number(group["icc_single"]), number(group["icc_average"]), number(group["alpha"])]
        for group in found["groups"]
    ]  # fmt: skip
    head = ["Group of listeners", "Listeners", "Mixes", "ICC(2,1)", "ICC(2,k)", "Alpha, interval"]
    yield table(head, rows, caption="One listener, and the mean of all listeners of a group")
    yield tag("p", "ICC below .5 is poor, to .75 moderate, to .9 good (Koo & Li 2016).", "soft")


def _tests(found: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for group in found["groups"]:
        test, pairs = group["test"], group["pairs"]
        told = "" if test["statistic"] is None else f"{test['statistic']:.2f}"
        different = sum((pair["p_holm"] or 1.0) < 0.05 for pair in pairs)
        rows.append([group["name"], test["name"], told, p_text(test["p"]),
                     p_text(group["p_holm"]), f"{different} of {len(pairs)}"])  # fmt: skip
    head = ["Group", "Test", "Statistic", "raw p", "Holm p", "Pairs that differ"]
    caption = "Do the mixes differ? Holm over the groups; pairs: signed rank, Holm within a group"
    yield table(head, rows, caption=caption, text=(1,))


def _ranking(group: Mapping[str, Any]) -> Iterator[str]:
    rows = [[one["mix"], number(one["mean"]), number(one["rank"], 0)] for one in group["ranking"]]
    yield tag("h3", f"{group['song']}, {group['n_raters']} listeners")
    yield table(["Mix", "Mean rating", "Rank"], rows)


def _balances(found: Mapping[str, Any]) -> Iterable[str]:
    balances = found["balances"]
    rows = [
        [stem, number(one["sd_between_annotators_db"]), number(one["se_of_consensus_db"]),
         number(one["icc_single"]), number(one["icc_average"])]
        for stem, one in balances["by_stem"].items()
    ]  # fmt: skip
    head = ["Stem", "SD between engineers, dB", "SE of the consensus, dB", "ICC(A,1)", "ICC(A,k)"]
    yield table(head, rows, caption="On loudness relative to the mean of the stems")
    for name, text in (
        ("engineer_error_db", "One engineer from the consensus of the others of the song"),
        ("template_error_db", "The other songs' mean from a song's consensus"),
        ("template_error_to_one_db", "The other songs' mean from one engineer"),
    ):
        yield tag("p", f"{text}: {figure_text(balances[name])} dB.")


def _distance(found: Mapping[str, Any]) -> Iterable[str]:
    one = found["distance"]
    yield tag("p", f"Spearman within groups of listeners: {figure_text(one['correlation'])}, "
                   f"{p_text(one['p'])} ({one['p_method']}), n = {one['correlation']['n']} mixes.",
              "headline")  # fmt: skip
    yield tag("p", "The distance is the centred mean absolute difference in dB from the consensus "
                   "of the song's other engineers. A negative value would mean that mixes nearer "
                   "to the consensus are rated higher.")  # fmt: skip


def csv_files(found: Mapping[str, Any]) -> dict[str, str]:
    """File name to content."""

    def figure(one: Mapping[str, Any]) -> list[Any]:
        return [one[name] for name in FIGURE]

    groups = found["groups"]
    return {
        "reliability.csv": written(
            ("group", "figure", *FIGURE),
            ([g["name"], name, *figure(g[name])]
             for g in groups for name in ("icc_single", "icc_average", "alpha")),
        ),
        "ranking.csv": written(
            ("group", "mix", "figure", *FIGURE),
            ([g["name"], one["mix"], name, *figure(one[name])]
             for g in groups for one in g["ranking"] for name in ("mean", "rank")),
        ),
        "tests.csv": written(
            ("group", "test", "statistic", "freedom", "p", "p_holm", "n"),
            ([g["name"], *(g["test"][k] for k in ("name", "statistic", "freedom", "p")),
              g["p_holm"], g["test"]["n"]] for g in groups),
        ),
        "pairs.csv": written(
            ("group", "first", "second", *FIGURE, "p", "p_holm"),
            ([g["name"], one["first"], one["second"], *figure(one["difference"]), one["p"],
              one["p_holm"]] for g in groups for one in g["pairs"]),
        ),
        "distance.csv": written(
            ("song", "group", "mix", "distance_db", "mean", "n"),
            ([one[k] for k in ("song", "group", "mix", "distance_db", "mean", "n")]
             for one in found["points"]),
        ),
    }  # fmt: skip
