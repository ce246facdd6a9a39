"""docs/tutorial.md, run as written on an empty site."""

import filecmp
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
BLOCK = re.compile(r"```(sh|toml)\n(.*?)```", re.DOTALL)


def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    site, desk = tmp_path / "site", tmp_path / "desk"
    desk.mkdir()
    settings = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MEDIA_ROOT")}
    settings |= {"DJANGO_SETTINGS_MODULE": "config.settings.dev", "GAINSAY_VAR": str(site)}
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert [kind for kind, _ in blocks].count("toml") == 1
    for kind, block in blocks:
        if kind == "toml":
            (desk / "study.toml").write_text(block)
            continue
        # The reader stands in the clone; here the files it writes go to a folder of their own.
        script = block.replace("python manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
        done = subprocess.run(
            ["sh", "-ec", script], cwd=desk, env=settings, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}{done.stderr}"
    same, *_ = filecmp.cmpfiles(desk / "report", desk / "checked", ["report.json", "report.html"])
    assert same == ["report.json", "report.html"]
    assert (desk / "data" / "who-is-who.csv").exists()
