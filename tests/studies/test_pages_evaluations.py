"""The newest report of evaluate_models, and the recorded songs of a bundle, as pages show them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.studies.test_pages_cards import CARD

FIGURE = {"estimate": 2.5, "low": 2.0, "high": 3.0, "n": 8, "seen_in_training": False}
SONG = {
    "name": "Band - <i>Song</i>",
    "generated": False,
    "trust": {"differential": 0.0},
    "centred_mae_db": {"zero": 2.25, "differential": 1.75, "baseline": None},
}
REPORT: dict[str, Any] = {
    "format": "gainsay-evaluation/1",
    "seen_in_training": [],
    "songs": [SONG],
    "protocols": {
        "usual": {
            "n_songs": 1,
            "n_cases": 8,
            "systems": {"differential": {"centred_mae_db": FIGURE}},
            "differences": {},
        }
    },
}


@pytest.fixture
def evaluations(settings: Settings, tmp_path: Path) -> Path:
    settings.CHECKPOINTS = tmp_path / "checkpoints"
    settings.EVALUATIONS = tmp_path / "evaluations"
    return tmp_path / "evaluations"


def write_report(folder: Path, at_s: int, **changes: Any) -> None:
    folder.mkdir(parents=True)
    path = folder / "evaluation.json"
    path.write_text(json.dumps(REPORT | changes))
    os.utime(path, (at_s, at_s))


def models() -> str:
    answer = Client().get(reverse("models"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_report_nothing_is_said_of_one(db: None, evaluations: Path) -> None:
    assert "Measured here" not in models()


def test_the_newest_report_is_shown_with_each_song(db: None, evaluations: Path) -> None:
    write_report(evaluations / "older", 1_000)
    write_report(evaluations / "newer", 2_000)
    text = models()
    assert "Measured here: newer" in text
    assert "older" not in text
    assert "2.00 to 3.00" in text
    assert "Band - &lt;i&gt;Song" in text
    assert ">1.75<" in text
    assert "test the machinery" not in text


def test_a_report_itself_may_be_the_folder(db: None, evaluations: Path) -> None:
    write_report(evaluations, 1_000)
    assert "Measured here: evaluations" in models()


def test_what_was_seen_in_training_is_said(db: None, evaluations: Path) -> None:
    write_report(evaluations / "one", 1_000, seen_in_training=["differential"])
    assert "seen in training by: Differential" in models()


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other/1"}', '{"songs": 3}'])
def test_a_file_that_is_no_report_is_passed_over(db: None, evaluations: Path, text: str) -> None:
    write_report(evaluations / "good", 1_000)
    (evaluations / "bad").mkdir()
    (evaluations / "bad" / "evaluation.json").write_text(text)
    assert "Measured here: good" in models()


def test_recorded_songs_stand_on_the_card_as_those_do_that_saw_none(
    db: None, evaluations: Path, settings: Settings
) -> None:
    song = {**SONG, "title": "Lithium", "artist": "Band", "trust": {"differential": 0.25}}
    real = {"left_out": {"songs": [song]}, "seen_in_training": {"songs": []}}
    card = CARD | {"metrics": {**CARD["metrics"], "real_songs": real}}
    folder = settings.CHECKPOINTS / "differential"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps(card))
    text = Client().get(reverse("model", args=["differential"])).content.decode()
    assert "trained without any of these songs" in text
    assert ">0.25<" in text
