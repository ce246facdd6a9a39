"""`evaluate_models` on folders of stems: every row, one report, the same bytes again."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import soundfile
from django.core.management import CommandError, call_command

from modeling.evaluation.compare import ROWS
from modeling.report.contestants import find_contestants
from tests.modeling.evaluation_songs import write_rows, write_songs


@dataclass(frozen=True)
class Report:
    """A report on three songs, one of them longer, and a broken one; what the command printed."""

    folder: Path
    printed: dict[str, Any]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_songs(tmp_path_factory.mktemp("songs"), 3)
    write_songs(folder / "broken", 1)
    (folder / "broken" / "Artist 1 - Song 1" / "drums.wav").write_bytes(b"no audio")
    return folder


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, songs: Path, rows: Path) -> Report:
    out = tmp_path_factory.mktemp("evaluation") / "report"
    return Report(out, evaluate(songs, rows, out, "--audio"))


def evaluate(songs: Path, rows: Path, out: Path, *more: str) -> dict[str, Any]:
    """The command's JSON."""
    stdout = io.StringIO()
    call_command(
        "evaluate_models", "--songs", songs, "--checkpoints", rows, "--out", out,
        "--seed", "3", "--cases", "2", "--json", *more, stdout=stdout, stderr=io.StringIO(),
    )  # fmt: skip
    result: dict[str, Any] = json.loads(stdout.getvalue())
    return result


def files_of(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_replaces_the_earlier_report(
    songs: Path, rows: Path, report: Report
) -> None:
    before = files_of(report.folder)
    assert evaluate(songs, rows, report.folder, "--audio") == report.printed
    assert files_of(report.folder) == before
    assert [path.name for path in report.folder.parent.iterdir()] == ["report"]


def test_json_holds_every_row_with_its_figures(report: Report) -> None:
    result = report.printed
    assert tuple(result["systems"]) == ROWS
    for figures in result["systems"].values():
        figure = figures["centred_mae_db"]
        assert figure["low"] <= figure["estimate"] <= figure["high"]
        assert figure["n"] == 6
        assert not figure["seen_in_training"]
    assert result["systems"]["oracle"]["centred_mae_db"]["estimate"] == pytest.approx(0.0)
    assert result["systems"]["zero"]["specificity"]["estimate"] in (1.0, None)
    assert result["missing"] == {}


def test_the_report_holds_tables_figures_page_and_audio(report: Report) -> None:
    names = set(files_of(report.folder))
    assert {
        "report.html",
        "evaluation.json",
        "tables/metrics.csv",
        "tables/differences.csv",
        "tables/by_stem.csv",
        "tables/effect.csv",
        "tables/confusion.csv",
        "tables/songs.csv",
        "figures/error_by_stem_and_sign.svg",
        "figures/calibration.svg",
        "figures/confusion_differential.svg",
        "figures/specificity_against_joint.svg",
        "figures/effect_of_advice.svg",
    } <= names
    page = (report.folder / "report.html").read_text()
    heard = re.findall(r'src="(failures/[^"]+)"', page)
    assert heard
    assert set(heard) <= names
    assert soundfile.info(report.folder / heard[0]).duration == pytest.approx(4.0, abs=1.1)


def test_the_tables_say_what_the_json_says(report: Report) -> None:
    found = json.loads((report.folder / "evaluation.json").read_text())
    with (report.folder / "tables" / "metrics.csv").open() as file:
        lines = {(r["protocol"], r["system"], r["metric"]): r for r in csv.DictReader(file)}
    for protocol, values in found["protocols"].items():
        for system, figures in values["systems"].items():
            for metric, figure in figures.items():
                told = lines[protocol, system, metric]["estimate"]
                assert told == ("" if figure["estimate"] is None else str(figure["estimate"]))


def test_without_anything_trained_the_other_rows_are_evaluated(tmp_path: Path) -> None:
    result = evaluate(write_songs(tmp_path / "songs", 1), tmp_path, tmp_path / "report")
    assert set(result["systems"]) == {"zero", "random", "equal_loudness", "oracle"}
    assert set(result["missing"]) == set(ROWS) - set(result["systems"])
    assert "Rows that are missing" in (tmp_path / "report" / "report.html").read_text()


def test_rows_that_need_what_is_not_there_are_named_as_missing(rows: Path, tmp_path: Path) -> None:
    copytree(rows / "rules", tmp_path / "rules")
    missing = find_contestants(tmp_path).missing
    assert set(missing) == {"baseline", "differential", "ridge", "neighbours"}
    assert "train one with train_models" in missing["baseline"]


def test_songs_seen_in_training_are_refused_and_nothing_is_written(
    songs: Path, tmp_path: Path
) -> None:
    seen = write_rows(tmp_path / "rows", artists=("Artist 2",))
    with pytest.raises(CommandError, match=r"Song 2: a checkpoint saw .* --allow-seen") as refusal:
        evaluate(songs, seen, tmp_path / "report")
    assert "\n" not in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_seen_songs_are_marked_in_every_figure_when_they_are_allowed(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "songs", 2)
    seen = write_rows(tmp_path / "rows", artists=("Artist 2",))
    result = evaluate(songs, seen, tmp_path / "report", "--allow-seen")
    trained = {"template", "template_shrinkage", "ridge", "neighbours", "baseline", "differential"}
    assert set(result["seen_in_training"]) == trained
    for row, figures in result["systems"].items():
        assert {figure["seen_in_training"] for figure in figures.values()} == {row in trained}
    for path in (tmp_path / "report" / "figures").iterdir():
        assert "seen in training" in path.read_text()
    assert "Seen in training" in (tmp_path / "report" / "report.html").read_text()


def test_a_folder_with_other_files_is_never_replaced(
    songs: Path, rows: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CommandError, match="holds other files"):
        evaluate(songs, rows, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_broken_song_is_left_out_and_the_rest_goes_on(report: Report) -> None:
    (line,) = report.printed["left_out"]
    assert "drums.wav" in line
    assert report.printed["systems"]["zero"]["centred_mae_db"]["n"] == 6


def test_a_folder_without_songs_is_refused_with_one_line(rows: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match=r"no song to evaluate: .*empty: holds no song"):
        evaluate(tmp_path / "empty", rows, tmp_path / "report")


def test_a_damaged_checkpoint_is_refused_with_one_line(songs: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows")
    weights = rows / "baseline" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CommandError, match=r"weights\.safetensors is missing or truncated"):
        evaluate(songs, rows, tmp_path / "report")
