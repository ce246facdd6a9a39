"""The command as a person runs it, and the figure that it leaves."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from modeling.checkpoint import load_checkpoint
from modeling.rules import load_rules
from modeling.train import main
from modeling.training.curves import curves_svg


def test_curves_are_drawn_one_line_per_seed() -> None:
    member = [{"step": 10, "validation_loss": 2.0}, {"step": 20, "validation_loss": 1.0}]
    drawn = ElementTree.fromstring(curves_svg({"baseline": [member, member], "other": [member]}))
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("points") for line in lines] == ["320.0,48.0 592.0,272.0"] * 3


def test_no_check_gives_no_curves() -> None:
    with pytest.raises(ValueError, match="there is no check to draw"):
        curves_svg({"baseline": [[]]})


def test_a_real_song_that_is_none_ends_with_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--out", str(tmp_path), "--real", str(tmp_path / "nowhere")])
    lines = capsys.readouterr().err.splitlines()
    assert status == 1
    assert len(lines) == 1
    assert "nowhere: does not exist" in lines[0]


@pytest.mark.slow
def test_the_tiny_preset_trains_both_advisors_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "checkpoints"
    done = subprocess.run(
        [
            *[sys.executable, "-m", "modeling.train", "--preset", "tiny", "--json"],
            *["--data", str(tmp_path / "data"), "--out", str(out)],
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)["tables"]["usual"]["systems"]
    assert rows["oracle"]["centred_mae_db"]["estimate"] == pytest.approx(0.0, abs=1e-9)
    assert rows["differential"]["centred_mae_db"]["n"] == 96
    parameters = [
        load_checkpoint(out / name).card.n_parameters_per_member
        for name in ("baseline", "differential")
    ]
    assert max(parameters) <= 1.1 * min(parameters)
    assert load_rules(out / "rules").template_db.shape == (4,)
    assert (out / "curves.svg").exists()
