"""An evaluation as a folder: evaluation.json, CSV tables, SVG figures, report.html, audio."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modeling.report.figures import svg_files
from modeling.report.page import page
from modeling.report.tables import csv_files

JSON_FILE, PAGE_FILE = "evaluation.json", "report.html"


class ReportError(Exception):
    """A report that cannot be written: where, why, what to do; one line."""


def check_out(out: Path) -> None:
    """Refuse to replace anything but an earlier report. Raises ReportError."""
    if out.is_file():
        raise ReportError(f"{out} is a file; give a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / JSON_FILE).is_file():
        raise ReportError(f"{out} holds other files; give a new folder or an earlier report's")


class Draft:
    """A folder beside `out` that takes its place when all is written, and goes when it is not."""

    def __init__(self, out: Path) -> None:
        check_out(out)
        self.out = out
        out.parent.mkdir(parents=True, exist_ok=True)
        self._held = tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent)
        self.folder = Path(self._held.name) / "new"
        self.folder.mkdir()

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *error: object) -> None:
        self._held.cleanup()

    def publish(self) -> None:
        """Put the draft where `out` is; an earlier report goes."""
        if self.out.exists():
            self.out.rename(Path(self._held.name) / "old")
        self.folder.rename(self.out)


def write_report(folder: Path, found: Mapping[str, Any]) -> None:
    """Write all files of a report but the audio into `folder`."""
    figures = svg_files(found)
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for name, text in figures.items():
        (folder / "figures" / name).write_text(text, encoding="utf-8")
    for name, text in csv_files(found).items():
        (folder / "tables" / name).write_text(text, encoding="utf-8")
    (folder / PAGE_FILE).write_text(page(found, figures), encoding="utf-8")
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / JSON_FILE).write_text(text + "\n", encoding="utf-8")
