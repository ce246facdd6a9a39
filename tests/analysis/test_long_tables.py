"""Ratings made elsewhere come in as a study, and a table that is none is refused by row."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.long_table import read_table, to_export
from analysis.study_export import read_export
from analysis.study_parts import ExportError
from analysis.study_tables import ratings_of

HEAD = "rater,item,system,scale,value"
ROWS = """ann,song 1,mix A,overall,0.7
ann,song 1,mix B,overall,0.2
bob,song 1,mix A,overall,0.9
bob,song 1,mix B,clarity,0.5
"""


def written(tmp_path: Path, text: str, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_becomes_a_study_with_its_names(tmp_path: Path) -> None:
    study = read_export(to_export(read_table(written(tmp_path, f"{HEAD}\n{ROWS}")), "Mixes"))
    assert [question.text for question in study.questions] == ["overall", "clarity"]
    found = ratings_of(study, 0, np.ones(len(study.trials), dtype=bool)).ratings
    assert found.systems == ("mix A", "mix B")
    assert found.value.tolist() == [0.7, 0.2, 0.9]
    assert len(study.trials) == 2


def test_json_says_the_same_as_csv(tmp_path: Path) -> None:
    names = HEAD.split(",")
    rows = [dict(zip(names, line.split(","), strict=True)) for line in ROWS.splitlines()]
    as_json = read_table(written(tmp_path, json.dumps(rows), "table.json"))
    assert as_json == read_table(written(tmp_path, f"{HEAD}\n{ROWS}"))


def test_a_second_time_is_a_repeat(tmp_path: Path) -> None:
    text = f"{HEAD},repeat\nann,s,A,o,1,\nann,s,A,o,2,1\n"
    study = read_export(to_export(read_table(written(tmp_path, text)), "Mixes"))
    assert study.trials.repeat.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rater,item,system,value\n", "column scale is missing"),
        (f"{HEAD}\n", "no ratings"),
        (f"{HEAD}\nann,s,A,o,much\n", "row 2: value = 'much' is no number"),
        (f"{HEAD}\nann,s,A,o,inf\n", "row 2: value = 'inf' is no number"),
        (f"{HEAD}\nann,,A,o,1\n", "row 2: item is empty"),
        (f"{HEAD}\nann,s,A,o,1\nann,s,A,o,2\n", "row 3: ann rated A of s on o before"),
        (f"{HEAD},repeat\nann,s,A,o,1,x\n", "repeat = 'x'"),
        ("[1]", "row 1: an object is expected"),
        ("[", "no JSON"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ExportError, match=told):
        read_table(written(tmp_path, text))
