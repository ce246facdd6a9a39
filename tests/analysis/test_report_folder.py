"""The report's folder: the same bytes for the same export, safe with any text, marked when it is
interim, blinded or simulated."""

import copy
import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from analysis.report.build import Options, build
from analysis.report.figures import figures, look_of
from analysis.report.figures_judges import judge_figures
from analysis.report.page import page
from analysis.report.tables import CODEBOOK, csv_files
from analysis.report.write import ReportError, publish, write_report
from analysis.study_parts import ExportError
from tests.analysis.simulated_study import Scene, export

Plain = dict[str, Any]
OPTIONS = Options(now="2026-02-01T12:00:00Z", seed=4)
SCENE = Scene(people={"good": 6}, judges={"fair-1": "good"}, items=4, votes_each=4, rated_each=3)
EVIL = '<script>alert("x")</script>&$x^2$'


@pytest.fixture(scope="module")
def plain() -> Plain:
    return export(SCENE)


@pytest.fixture(scope="module")
def folder(plain: Plain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    write_report(plain, out, OPTIONS)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_running_it_twice_gives_the_same_bytes(plain: Plain, folder: Path, tmp_path: Path) -> None:
    write_report(plain, tmp_path / "again", OPTIONS)
    assert contents(tmp_path / "again") == contents(folder)


def test_every_figure_is_there_as_svg_and_png(folder: Path) -> None:
    figures = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert figures == {path.stem for path in (folder / "figures").glob("*.png")}
    assert {"flow", "strengths_pairs_better", "win_rates_pairs_better", "ratings_rated",
            "agreement", "judges", "judge_ratings", "objective_rated_helpful",
            "exclusions_pairs_better"} <= figures  # fmt: skip


def test_every_column_of_every_table_is_in_the_codebook(folder: Path) -> None:
    head = {"column", "meaning", "group", "mix"}
    for path in (folder / "tables").glob("*.csv"):
        with path.open() as file:
            rows = list(csv.reader(file))
        assert set(rows[0]) <= set(CODEBOOK) | head, path.name
        assert all(len(row) == len(rows[0]) for row in rows), path.name


class Links(HTMLParser):
    """Everything that the page refers to, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name in ("src", "href"):
                self.targets.append(str(value))
            if name == "id":
                self.ids.append(str(value))


def test_the_page_needs_nothing_from_outside_and_its_links_lead_somewhere(folder: Path) -> None:
    links = Links()
    links.feed((folder / "report.html").read_text())
    assert all(target.startswith(("data:image/svg+xml", "#")) for target in links.targets)
    assert {t[1:] for t in links.targets if t.startswith("#")} <= set(links.ids)
    assert links.scripts == 0


def test_texts_of_the_study_are_escaped_everywhere(plain: Plain, tmp_path: Path) -> None:
    evil = copy.deepcopy(plain)
    evil["study"]["title"] = EVIL
    evil["systems"][0]["name"] = EVIL
    for block in evil["protocol"]["blocks"]:
        for question in block["questions"]:
            question["text"] = EVIL
    for item in evil["items"]:
        item["title"] = EVIL
        for stimulus in item["stimuli"]:
            stimulus["text"] = EVIL
    evil["raters"][0]["questionnaire"] = {EVIL: EVIL}
    evil["exclusions"][0]["title"] = EVIL
    evil["log"][0]["detail"] = EVIL
    write_report(evil, tmp_path / "out", OPTIONS)
    links = Links()
    page = (tmp_path / "out" / "report.html").read_text()
    links.feed(page)
    assert links.scripts == 0
    assert "&lt;script&gt;" in page
    for path in (tmp_path / "out" / "figures").glob("*.svg"):
        assert "<script" not in path.read_text(), path.name


def test_names_and_texts_that_no_file_can_hold_do_no_harm(plain: Plain, tmp_path: Path) -> None:
    evil = copy.deepcopy(plain)
    for part in ("items", "trials"):
        for one in evil[part]:
            one["block"] = {"pairs": "../../pairs", "rated": "rated"}[one["block"]]
    evil["protocol"]["blocks"][0]["key"] = "../../pairs"
    evil["systems"][0]["name"] = "null\x00 half \ud800 \N{CJK UNIFIED IDEOGRAPH-4E00}"
    evil["study"]["title"] = "\ud800"
    write_report(evil, tmp_path / "a" / "b" / "out", OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    for path in (tmp_path / "a" / "b" / "out" / "figures").glob("*.svg"):
        ElementTree.fromstring(path.read_text())


def test_a_text_that_a_spreadsheet_would_run_is_quoted(plain: Plain) -> None:
    evil = copy.deepcopy(plain)
    evil["systems"][0]["name"] = "=1+1"
    assert ",'=1+1," in csv_files(build(evil, OPTIONS))["ratings.csv"]


def test_what_must_be_known_of_a_report_stands_under_every_figure(plain: Plain) -> None:
    marked = copy.deepcopy(plain)
    marked["study"] |= {"interim": True, "blinded": True}
    for system in marked["systems"]:
        system |= {"name": None, "title": None, "model_family": "fair"}
    for rater in marked["raters"]:
        if rater["kind"] == "person":
            rater |= {"kind": "simulated", "simulated": {"manner": "good"}}
    asked = Options(OPTIONS.now, OPTIONS.seed, include_simulated=True)
    for name, figure in figures(build(marked, asked)).items():
        text = " ".join(re.sub(r"<[^>]*>", " ", figure.svg).split())
        assert "INTERIM" in text, name
        assert "SIMULATED RATERS INCLUDED" in text, name
        assert "Blinded: systems by label" in text, name
        assert "\N{DAGGER} of a model family that wrote advice" in text, name


def test_blinded_systems_are_shown_by_label(plain: Plain) -> None:
    blinded = copy.deepcopy(plain)
    for system in blinded["systems"]:
        system |= {"name": None, "title": None}
    assert [one["shown"] for one in build(blinded, OPTIONS)["systems"]] == ["S1", "S2", "S3"]


def test_simulated_raters_count_only_when_asked(plain: Plain) -> None:
    simulated = copy.deepcopy(plain)
    for rater in simulated["raters"]:
        if rater["kind"] == "person":
            rater |= {"kind": "simulated", "simulated": {"manner": "good"}}
    asked = Options(OPTIONS.now, OPTIONS.seed, include_simulated=True)
    counts = [build(simulated, o)["flow"][-1]["n_raters"] for o in (OPTIONS, asked)]
    assert counts == [0, 6]


def test_the_rubric_stands_in_no_table_or_figure_of_judges(plain: Plain) -> None:
    knowing = copy.deepcopy(plain)
    knowing["raters"][-1]["kind"] = "rubric"
    found = build(knowing, OPTIONS)
    assert found["judges"]["judges"] == []
    assert "knows the answer" in page(found, {})
    assert list(judge_figures(found, look_of(found))) == []
    assert csv_files(found)["judges.csv"].count("\n") == 1


def test_an_earlier_report_is_replaced_and_another_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, {"report.json": b"{}", "figures/old.svg": b"old"})
    publish(out, {"report.json": b"{}", "figures/new.svg": b"new"})
    assert [path.name for path in (out / "figures").iterdir()] == ["new.svg"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all my work")
    with pytest.raises(ReportError, match="holds other files"):
        publish(tmp_path / "mine", {"report.json": b"{}"})
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "all my work"


def test_an_export_that_is_refused_leaves_nothing_behind(plain: Plain, tmp_path: Path) -> None:
    with pytest.raises(ExportError):
        write_report({**plain, "systems": []}, tmp_path / "out", OPTIONS)
    assert list(tmp_path.iterdir()) == []
