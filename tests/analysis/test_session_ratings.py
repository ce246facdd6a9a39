"""Ratings of real mixes: the figures that docs/worked-example.md prints, and refusals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.report.build import Options
from analysis.report.sessions import write_session_report
from analysis.session_ratings import Group, group_figures, read_groups
from analysis.study_parts import ExportError

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "worked-example.md"


@pytest.fixture(scope="module")
def found(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = shared_dir / "data" / "mix-evaluation-9-songs.json"
    out = tmp_path_factory.mktemp("sessions") / "out"
    return write_session_report(path, out, Options(now="2026-02-01T12:00:00Z"))


def told(figure: dict[str, Any]) -> str:
    return f"{figure['estimate']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def test_every_rating_of_every_mix_is_read(found: dict[str, Any]) -> None:
    assert (found["n_ratings"], found["n_mixes"], found["n_songs"]) == (1378, 57, 9)
    assert len(found["groups"]) == 11


def test_one_listener_says_little_and_a_large_group_much(found: dict[str, Any]) -> None:
    large = [group for group in found["groups"] if group["n_raters"] >= 26]
    assert all(group["icc_single"]["estimate"] < 0.5 for group in large)
    assert all(group["icc_average"]["estimate"] > 0.7 for group in large)


def test_mixes_differ_in_most_groups_after_correction(found: dict[str, Any]) -> None:
    assert sum(group["p_holm"] < 0.05 for group in found["groups"]) == 9


def test_distance_from_the_consensus_hardly_predicts_the_rating(found: dict[str, Any]) -> None:
    one = found["distance"]
    assert one["correlation"]["low"] < 0 < one["correlation"]["high"]
    assert one["p"] > 0.5
    assert one["correlation"]["n"] == 54


def test_the_document_prints_these_figures(found: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for group in found["groups"]:
        assert told(group["icc_single"]) in text, group["name"]
        assert f"{group['test']['statistic']:.2f}" in text, group["name"]
        best = group["ranking"][0]
        assert f"{best['mix']}: {told(best['mean'])}" in text, group["name"]
    assert told(found["distance"]["correlation"]) in text
    for name in ("engineer_error_db", "template_error_db"):
        assert told(found["balances"][name]) in text


def test_a_group_that_agrees_perfectly_is_ranked_and_tested() -> None:
    table = np.tile([0.2, 0.8, 0.5], (12, 1)) + np.linspace(0, 0.1, 12)[:, None]
    figures = group_figures(Group("g", "s", ("x", "y", "z"), table), np.random.default_rng(0))
    assert [one.mix for one in figures.ranking] == ["y", "z", "x"]
    assert figures.test.statistic == pytest.approx(24)
    assert figures.ranking[0].rank.high == 1


@pytest.mark.parametrize(
    ("text", "told_why"),
    [
        ("[]", 'no JSON object with "mixes"'),
        ('{"mixes": [{"mix": "a", "song": "s"}]}', "mix a of s: KeyError 'evaluations'"),
        ('{"mixes": [{"mix": "a", "song": "s", "evaluations": [{"rater": "1", "rating": "x"}]}]}',
         "rating = 'x' is no number"),
        ('{"mixes": []}', "no evaluations"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_by_mix_and_field(
    tmp_path: Path, text: str, told_why: str
) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=told_why):
        read_groups(path)


def test_a_rater_who_rates_a_mix_twice_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    mix = {"mix": "a", "song": "s", "tracks": [], "evaluations": [{"rater": "1", "rating": 1}] * 2}
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps({"mixes": [mix]}))
    with pytest.raises(ExportError, match="rated it twice"):
        write_session_report(path, tmp_path / "out", Options(now="x"))
    assert not (tmp_path / "out").exists()
