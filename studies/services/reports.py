"""Reports of a study: the export written out, and analysis' report made from that file alone."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.urls import reverse

from annotate.background import enqueue
from studies.exports.files import JSON_NAME, json_file, note_export
from studies.exports.scope import EXTRAS, Scope, snapshot
from studies.exports.sections import iso
from studies.models import Report, StudyVersion
from studies.services import unblinding
from studies.services.refusing import Refused

KIND = "write_report"
PAGE = "report.html"


def ask_for(
    version: StudyVersion,
    *,
    by: Any,
    now: datetime,
    exclusions: str = "",
    include: frozenset[str] = frozenset(),
    is_blinded: bool = True,
    seed: int = 0,
) -> Report:
    """Queue a report. Whoever asks for names has unblinded the version before (views check it).

    Raises:
        Refused: the version is a draft, or an exclusion set or an extra is unknown.
    """
    check(version, exclusions, include)
    row = Report.objects.create(
        version=version,
        exclusions=exclusions,
        include=sorted(include),
        is_blinded=is_blinded,
        is_interim=version.state != StudyVersion.State.CLOSED,
        seed=seed,
        created_at=now,
        by=by,
    )
    row.job_key = enqueue(
        KIND,
        {"key": row.key},
        owner=by,
        about=str(version),
        page=reverse("study-report", args=[version.study.key]),
    )
    row.save(update_fields=["job_key"])
    return row


def check(version: StudyVersion, exclusions: str, include: frozenset[str]) -> None:
    """Raises Refused for what no report can be made of."""
    if not version.is_frozen:
        raise Refused(f"{version} is a draft: open it before there can be a report")
    unknown = sorted(include - set(EXTRAS))
    if unknown:
        raise Refused(f"include {unknown[0]!r}: use any of {', '.join(EXTRAS)}")
    if exclusions and not version.exclusions.filter(name=exclusions).exists():
        known = ", ".join(version.exclusions.values_list("name", flat=True)) or "none is recorded"
        raise Refused(f"exclusions {exclusions!r}: no such rule set; known: {known}")


def write(row: Report, report: Callable[..., None]) -> None:
    """Make the folder of a report. A run that was killed begins again; what is there is whole."""
    if row.written_at is not None:
        return
    scope = Scope(row.version, row.created_at, row.is_blinded, frozenset(row.include))
    row.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=row.folder.parent, prefix=".report-") as draft:
        write_folder(
            scope, Path(draft) / "made", exclusions=row.exclusions, seed=row.seed, report=report
        )
        shutil.rmtree(row.folder, ignore_errors=True)
        (Path(draft) / "made").replace(row.folder)
    row.written_at = row.created_at
    row.save(update_fields=["written_at"])
    note_export(scope, "report", by=row.by)


def write_folder(
    scope: Scope,
    folder: Path,
    *,
    exclusions: str = "",
    seed: int = 0,
    report: Callable[..., None] = lambda share, message="": None,
) -> None:
    """The report of what `scope` holds, into `folder`, with the export that it was made from.

    Raises:
        OSError: the folder cannot be written.
        ReportError: it holds other files.
        ExportError: the export does not hold together.
    """
    # Heavy, and only workers and commands come here.
    from analysis.report.build import Options
    from analysis.report.write import check_out, write_report

    check_out(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    report(0.05, "reading the answers")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as draft:
        source = Path(draft) / JSON_NAME
        with snapshot(), source.open("wb") as file:
            json_file(scope).write(file)
        report(0.3, "working out the figures")
        options = Options(
            now=iso(scope.now) or "",
            seed=seed,
            exclusions=exclusions or None,
            include_simulated="simulated" in scope.include,
        )
        write_report(source, folder, options)
        source.replace(folder / JSON_NAME)
    report(1.0, "written")


def note_names(scope: Scope, *, reason: str, by: Any = None) -> None:
    """A report with names is a look behind the labels."""
    unblinding.note_look(scope.version, "report", reason=reason, now=scope.now, by=by)
