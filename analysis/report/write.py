"""A report as a folder, written whole or not at all."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from analysis.report.build import Options, build
from analysis.report.figures import figures
from analysis.report.page import page
from analysis.report.style import Drawn
from analysis.report.tables import csv_files

JSON_FILE, PAGE_FILE = "report.json", "report.html"
Plain = Mapping[str, Any]


class ReportError(Exception):
    """A report that cannot be written: where, why, what to do; one line."""


def write_report(source: Path | Plain, out: Path, options: Options) -> dict[str, Any]:
    """Build the report of an export and put it into `out`; an earlier report there goes.

    Returns:
        The report's values, as in report.json.

    Raises:
        ExportError: the export does not hold together.
        ReportError: `out` cannot be written, or holds something else.
    """
    check_out(out)
    with one_thread():
        found = build(source, options)
    publish(out, files_of(found, figures(found)))
    return found


def one_thread() -> Any:
    """Keeps linear algebra to one thread: the matrices are small, and on a busy machine threads
    that wait for each other cost ten times what they save."""
    return threadpool_limits(limits=1, user_api="blas")


def files_of(found: Plain, drawings: Mapping[str, Drawn]) -> dict[str, bytes]:
    """Path within the folder to content."""
    files = {PAGE_FILE: page(found, drawings).encode(), JSON_FILE: json_bytes(found)}
    for name, drawn in drawings.items():
        files[f"figures/{name}.svg"] = drawn.svg.encode()
        files[f"figures/{name}.png"] = drawn.png
    for name, table in csv_files(found).items():
        files[f"tables/{name}"] = table.encode()
    return files


def json_bytes(found: Plain) -> bytes:
    """What stands in report.json."""
    return (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def check_out(out: Path) -> None:
    """Refuse to replace anything but an earlier report. Raises ReportError."""
    if out.is_file():
        raise ReportError(f"{out} is a file; give a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / JSON_FILE).is_file():
        raise ReportError(f"{out} holds other files; give a new folder or an earlier report's")


def publish(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files beside `out`, then put them in its place. Raises ReportError."""
    check_out(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as held:
            draft = Path(held) / "new"
            for name, content in files.items():
                path = draft / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if out.exists():
                out.rename(Path(held) / "old")
            draft.rename(out)
    except OSError as error:
        raise ReportError(f"{error.filename}: {error.strerror}; make room or allow it") from error
