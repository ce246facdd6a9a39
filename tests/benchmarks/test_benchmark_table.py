"""The benchmark table shows every figure beside its comparison, and one failure stops nothing."""

import json

import pytest

from benchmarks import loudness
from benchmarks.__main__ import main
from benchmarks.table import CannotRun, Row, as_json, as_text, collect, machine_facts, names, number

FAST = Row("reading", 0.0123, "s", "the old way", 1.5, "10x faster", met=True)
SLOW = Row("writing", 1234567.0, "s", aim="soon", met=False)


def _cannot(quick):
    raise CannotRun("no browser here")


def _breaks(quick):
    raise RuntimeError("out of tape")


RUNS = {"broken": _breaks, "helper": None, "lacking": _cannot, "works": lambda quick: [FAST, SLOW]}


@pytest.fixture
def results():
    return collect(RUNS, quick=True, say=lambda line: None, find=RUNS.get)


def test_one_that_fails_or_cannot_run_is_named_and_the_rest_goes_on(results):
    assert results.rows == [FAST, SLOW]
    assert results.failed == {"broken": "RuntimeError: out of tape"}
    assert results.not_run == {"lacking": "no browser here"}


def test_the_text_shows_figures_comparisons_and_missed_aims(results):
    text = as_text(results, {"cores": 2})
    assert "cores 2" in text
    assert "0.0123 s" in text
    assert "1.5 s the old way" in text
    assert text.splitlines()[5].endswith("NO")
    assert "not run: lacking, no browser here" in text
    assert "failed: broken, RuntimeError: out of tape" in text


def test_the_json_holds_the_same(results):
    data = json.loads(as_json(results, {"cores": 2}, quick=True))
    assert data["machine"] == {"cores": 2}
    assert data["quick"] is True
    assert data["rows"][0]["compared_value"] == 1.5
    assert data["failed"] == {"broken": "RuntimeError: out of tape"}


def test_quick_reaches_the_benchmark():
    seen = []
    collect(
        ["one"], quick=True, say=lambda line: None, find=lambda name: lambda q: seen.append(q) or []
    )
    assert seen == [True]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.2e-9, "1.2e-09"), (0.01234, "0.0123"), (12.34, "12.3"), (98765.4, "98,765")],
)
def test_figures_are_readable(value, text):
    assert number(value) == text


def test_the_machine_is_described():
    facts = machine_facts()
    assert facts["cores"] >= 1
    assert facts["numpy"]


def test_every_module_but_the_table_is_a_benchmark():
    assert "loudness" in names()
    assert "table" not in names()


def test_an_unknown_name_and_a_missing_folder_are_refused(tmp_path, capsys):
    for arguments in (["--only", "nothing"], ["--json", str(tmp_path / "no" / "table.json")]):
        with pytest.raises(SystemExit):
            main(arguments)
    assert "its folder does not exist" in capsys.readouterr().err


def test_the_loudness_benchmark_runs_by_name_and_agrees(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(loudness, "N_BALANCES", 20)
    assert main(["--quick", "--only", "loudness", "--json", str(tmp_path / "table.json")]) == 0
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert rows[-1]["value"] < 0.01
    assert "largest disagreement" in capsys.readouterr().out
