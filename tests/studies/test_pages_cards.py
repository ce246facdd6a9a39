"""Cards and the evaluation table: from the checkpoints' twins, and teaching where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.conftest import ROOT

FIGURE = {"estimate": 1.23456, "low": 1.0, "high": 1.5, "n": 96, "method": "bootstrap", "note": ""}
CARD: dict[str, Any] = {
    "format": "gainsay-checkpoint/1",
    "conditioning": "differential",
    "n_members": 3,
    "n_parameters_per_member": 90210,
    "false_advice_rate": 0.25,
    "seeds": [3, 1003, 2003],
    "device": "cpu",
    "torch_version": "2.13.0",
    "revision": "",
    "trained_at": "2026-03-02T10:00:00+00:00",
    "seconds": 93.0,
    "data": {
        "training_songs": 28,
        "validation_songs": 4,
        "test_songs": 12,
        "real_songs": ["<b>Lithium</b>"],
        "networks_of_revision": "0123abc",
    },
    "licences": ["CC0-1.0"],
    "fingerprints": ["a", "b"],
    "artists": ["c"],
    "limits": ["Gain only."],
    "metrics": {
        "usual": {
            "n_songs": 12,
            "n_cases": 96,
            "systems": {
                "differential": {"centred_mae_db": FIGURE, "auroc": FIGURE},
                "zero": {"centred_mae_db": FIGURE | {"estimate": None, "low": None, "high": None}},
                "oracle": {"centred_mae_db": FIGURE | {"estimate": 0.0}},
            },
            "differences": {"differential - baseline": {"centred_mae_db": FIGURE}},
        }
    },
}


@pytest.fixture
def checkpoints(settings: Settings, tmp_path: Path) -> Path:
    settings.CHECKPOINTS = tmp_path / "checkpoints"
    (tmp_path / "checkpoints" / "differential").mkdir(parents=True)
    return tmp_path / "checkpoints"


def write_card(checkpoints: Path, text: str) -> None:
    (checkpoints / "differential" / "card.json").write_text(text)


def page(name: str, *args: str) -> str:
    answer = Client().get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_checkpoint_the_pages_teach(db: None, checkpoints: Path) -> None:
    assert "train_models --preset tiny" in page("models")
    assert "It has not been trained here yet." in page("model", "differential")


def test_the_table_shows_estimate_interval_and_n_and_a_dash_for_what_is_unknown(
    db: None, checkpoints: Path
) -> None:
    write_card(checkpoints, json.dumps(CARD))
    text = page("models")
    assert "1.23" in text
    assert "1.00 to 1.50 · n 96" in text
    assert "96 cases of 12 songs" in text
    assert "Oracle" in text
    assert ">–<" in text
    assert "not the research question" in text


def test_a_card_shows_how_it_was_made_and_escapes_what_it_holds(
    db: None, checkpoints: Path
) -> None:
    write_card(checkpoints, json.dumps(CARD))
    text = page("model", "differential")
    assert "90210 parameters each" in text
    assert "28 to learn, 4 to calibrate, 12 held out" in text
    assert "&lt;b&gt;Lithium" in text
    assert "Gain only." in text
    assert 'Networks of revision</dt><dd class="hash">0123abc' in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Its card is damaged"),
        ("[]", "of another version"),
        ('{"format": "gainsay-checkpoint/9"}', "of another version"),
    ],
)
def test_a_card_that_cannot_be_read_is_said_to_be_so(
    db: None, checkpoints: Path, text: str, words: str
) -> None:
    write_card(checkpoints, text)
    assert words in page("model", "differential")
    assert words in page("models")


def test_a_rule_has_a_page_and_what_is_for_evaluation_only_has_none(db: None) -> None:
    assert "A rule" in page("model", "zero")
    for name in ("oracle", "nobody"):
        assert Client().get(reverse("model", args=[name])).status_code == 404


def test_pages_for_visitors_import_neither_torch_nor_pandas() -> None:
    """In a process of its own: this one may have imported anything."""
    code = (
        "import sys, django; django.setup()\n"
        "from django.test import Client\n"
        "from django.test.utils import setup_test_environment\n"
        "setup_test_environment()\n"
        "from django.test.runner import DiscoverRunner\n"
        "runner = DiscoverRunner(verbosity=0, interactive=False)\n"
        "old = runner.setup_databases()\n"
        "try:\n"
        "    for path in ('/advise/', '/models/', '/models/differential/'):\n"
        "        assert Client().get(path).status_code == 200, path\n"
        "    print([m for m in ('torch', 'pandas', 'statsmodels', 'openai') if m in sys.modules])\n"
        "finally:\n"
        "    runner.teardown_databases(old)\n"
    )
    # On a database of its own: that of this run is taken.
    environment = {n: v for n, v in os.environ.items() if n != "TEST_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
