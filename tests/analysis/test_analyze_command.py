"""`manage.py analyze` on an export, a long table and rated sessions, without a database."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.analysis.simulated_study import Scene, export

NOW = "2026-02-01T12:00:00Z"
SCENE = Scene(people={"good": 5, "careless": 1}, items=3, votes_each=3, rated_each=2)


def analyze(path: Path, out: Path, *more: str) -> dict[str, Any]:
    stdout = io.StringIO()
    call_command("analyze", str(path), "--out", str(out), "--now", NOW, "--json", *more,
                 stdout=stdout)  # fmt: skip
    answer: dict[str, Any] = json.loads(stdout.getvalue())
    return answer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.json"
    path.write_text(json.dumps(export(SCENE), sort_keys=True))
    return path


def test_an_export_becomes_a_report_with_the_primary_rule_set(file: Path, tmp_path: Path) -> None:
    told = analyze(file, tmp_path / "out")
    assert (told["exclusions"], told["raters"]) == ("careful", 5)
    assert told["primary"]["first"] == "system 2"
    assert (tmp_path / "out" / "report.html").is_file()


def test_another_rule_set_is_used_when_it_is_named(file: Path, tmp_path: Path) -> None:
    assert analyze(file, tmp_path / "out", "--exclusions", "none")["raters"] == 6


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--exclusions", "strict"], "no set 'strict' in this export; there are careful, none"),
        (["--seed", "-1"], "--seed -1: 0 or more is needed"),
        (["--now", "today"], "--now today: give a time such as"),
    ],
)
def test_bad_options_end_with_one_line_and_write_nothing(
    file: Path, tmp_path: Path, more: list[str], told: str
) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("analyze", str(file), "--out", str(tmp_path / "out"), *more)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"gone\.json: No such file"):
        call_command("analyze", str(tmp_path / "gone.json"), "--out", str(tmp_path / "out"))


def test_a_long_table_becomes_a_report(tmp_path: Path) -> None:
    rows = ["rater,item,system,scale,value"]
    for rater in range(6):
        for item in range(4):
            for system, level in (("mix A", 2), ("mix B", 5)):
                rows.append(f"r{rater},song {item},{system},overall,{level + (rater + item) % 3}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    told = analyze(tmp_path / "table.csv", tmp_path / "out")
    assert (told["raters"], told["trials"]) == (6, 24)
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    difference = found["ratings"][0]["mixed"]["differences"][0]
    assert (difference["first"], difference["second"]) == ("mix A", "mix B")
    assert difference["difference"]["estimate"] == pytest.approx(-3)
