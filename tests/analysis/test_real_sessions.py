"""The agreement of real engineers, as docs/real-sessions.md prints it."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.annotations import Annotations
from analysis.consensus import fit_consensus
from analysis.sessions import (
    SessionFigures,
    read_sessions,
    session_figures,
    to_annotation_file,
    to_annotations,
)
from analysis.vectors import STEMS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "real-sessions.md"


@pytest.fixture(scope="module")
def annotations(shared_dir: Path) -> Annotations:
    sessions = read_sessions(shared_dir / "data" / "mix-evaluation-9-songs.json")
    return to_annotations(to_annotation_file(sessions, "mix-evaluation-9-songs.json"))[0]


@pytest.fixture(scope="module")
def figures(annotations: Annotations) -> SessionFigures:
    return session_figures(annotations, seed=0)


def test_fifty_seven_mixes_of_nine_songs_are_read(annotations: Annotations) -> None:
    assert len(annotations) == 57
    assert annotations.n_excerpts == 9
    assert np.isnan(annotations.balance_db).sum() == 2


def test_engineers_of_one_song_differ_by_two_to_three_decibel(figures: SessionFigures) -> None:
    sds_db = [figures.by_stem[stem].sd_between_annotators_db.estimate for stem in STEMS]
    assert sds_db == pytest.approx([2.49, 2.70, 2.29, 2.32], abs=0.01)


def test_one_engineer_says_less_about_the_bass_than_about_the_other_stems(
    figures: SessionFigures,
) -> None:
    iccs = [figures.by_stem[stem].icc_single.estimate for stem in STEMS]
    assert iccs == pytest.approx([0.48, 0.56, 0.36, 0.57], abs=0.01)


def test_one_engineer_is_about_two_decibel_from_the_others(figures: SessionFigures) -> None:
    assert figures.engineer_error_db.estimate == pytest.approx(2.09, abs=0.01)
    # Good Time has three mixes: without one of them, two are too few for a consensus.
    assert figures.engineer_error_db.n == 54


def test_a_song_blind_template_is_no_worse_than_an_engineer_within_the_interval(
    figures: SessionFigures,
) -> None:
    assert figures.template_error_db.estimate == pytest.approx(2.30, abs=0.01)
    assert figures.template_error_to_one_db.estimate == pytest.approx(2.99, abs=0.01)
    assert figures.template_error_db.low < figures.engineer_error_db.estimate


def test_every_song_has_a_consensus_with_an_interval(annotations: Annotations) -> None:
    consensus = fit_consensus(annotations, np.random.default_rng(0))
    assert consensus.status == ("consensus",) * 9
    assert np.isfinite(consensus.high_db - consensus.low_db).all()
    assert 1 < np.median(consensus.high_db - consensus.low_db) / 2 < 3


def test_the_document_prints_these_figures(figures: SessionFigures) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for stem in STEMS:
        values = figures.by_stem[stem]
        for name in ("sd_between_annotators_db", "se_of_consensus_db", "icc_single", "icc_average"):
            estimate = getattr(values, name)
            assert f"{estimate.estimate:.2f} ({estimate.low:.2f} to {estimate.high:.2f})" in text
    for estimate in (
        figures.engineer_error_db,
        figures.template_error_db,
        figures.template_error_to_one_db,
    ):
        assert f"{estimate.estimate:.2f} ({estimate.low:.2f} to {estimate.high:.2f})" in text


def test_figures_are_the_same_each_time(annotations: Annotations, figures: SessionFigures) -> None:
    again = session_figures(annotations, seed=0)
    assert json.dumps(again.as_json(), allow_nan=False) == json.dumps(figures.as_json())
