"""A text in a CSV cell runs nowhere and comes back as it was; every writer of CSV uses one rule."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.cells import CONTROL_STARTS, FORMULA_STARTS, plain_text, safe_text
from tests.conftest import ROOT

HARD = st.text(st.sampled_from("'=+-@\t\r\n a\uff1d")) | st.text()


@given(HARD)
def test_a_cell_never_begins_like_a_formula_and_comes_back(text: str) -> None:
    cell = safe_text(text)
    assert not cell.startswith(CONTROL_STARTS)
    assert not cell.lstrip().startswith(FORMULA_STARTS)
    assert plain_text(cell) == text


@given(HARD, HARD)
def test_no_two_texts_share_a_cell(first: str, second: str) -> None:
    assert (safe_text(first) == safe_text(second)) == (first == second)


@pytest.mark.parametrize("value", [-1.5, -3, None, True])
def test_what_is_no_text_stays(value: object) -> None:
    assert safe_text(value) is value


def writers_of_csv() -> list[Path]:
    packages = ("config", "studies", "annotate", "modeling", "analysis")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return [
        path
        for path in files
        if "csv.writer" in path.read_text() or "DictWriter" in path.read_text()
    ]


def test_every_writer_of_csv_makes_its_cells_safe() -> None:
    writers = writers_of_csv()
    assert len(writers) >= 4
    for path in writers:
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        names = {getattr(call.func, "id", "") for call in calls}
        assert names & {"safe_text", "safe_cell"}, path
