"""Reports of a study as pages: asking for one, reading it, taking it away."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django.apps import apps
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotate.views.access import ResearcherRequest, researcher_required
from studies.models import Report, Study, StudyVersion
from studies.services import audit, reports, unblinding
from studies.services.designing import may_at_least
from studies.services.refusing import Refused
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version, version_numbers

SHOWN = 20
# A report is a document of its own with its style inside; nothing in it runs or is fetched.
REPORT_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: ResearcherRequest, key: str) -> HttpResponseBase:
    """The reports there are; by POST a new one."""
    study = study_of(request, key)
    version = shown_version(request, study)
    if request.method == "POST":
        return _ask(request, study_of(request, key, "run"), version)
    return _page(request, study, version)


def _ask(request: ResearcherRequest, study: Study, version: StudyVersion) -> HttpResponseBase:
    is_blinded = request.POST.get("unblinded") != "yes"
    if not is_blinded and not has_looked(request, study, version):
        fault = _("Unblind the study first: it needs the right to, and a reason.")
        return _page(request, study, version, fault, 403)
    try:
        reports.ask_for(
            version,
            by=request.user,
            now=timezone.now(),
            exclusions=request.POST.get("exclusions", ""),
            include=frozenset(request.POST.getlist("include")),
            is_blinded=is_blinded,
        )
    except Refused as refused:
        return _page(request, study, version, str(refused), 400)
    return redirect("study-report", key=study.key)


def has_looked(request: ResearcherRequest, study: Study, version: StudyVersion) -> bool:
    """Whether this account may see names here: it has the right, and said why."""
    right = may_at_least(request.user, study, "unblind")
    return right and unblinding.has_unblinded(version, request.user)


def _page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    looked = has_looked(request, study, version)
    rows = list(_visible(request, study).filter(version=version).select_related("by")[:SHOWN])
    waiting = {row.job_key: row for row in rows if row.written_at is None}
    jobs: Any = apps.get_model("config", "Job")
    found = {job.key: job for job in jobs.objects.filter(key__in=waiting)}
    lines = [{"row": row, "job": found.get(row.job_key)} for row in rows]
    context = {
        "lines": lines,
        "is_at_work": any(not job.is_over for job in found.values()),
        "fault": fault,
        "has_looked": looked,
        "versions": version_numbers(study),
        "rule_sets": version.exclusions.all(),
    }
    return render_study(
        request,
        "studies/study_report.html",
        study,
        context,
        tab="report",
        version=version,
        part="reports",
        status=status,
    )


def _visible(request: ResearcherRequest, study: Study) -> Any:
    """Reports with names are for those who may unblind."""
    rows = Report.objects.filter(version__study=study)
    return rows if may_at_least(request.user, study, "unblind") else rows.filter(is_blinded=True)


def _written(request: ResearcherRequest, key: str, report: str) -> Report:
    study = study_of(request, key)
    row: Report = get_object_or_404(
        _visible(request, study).select_related("version__study"),
        key=report,
        written_at__isnull=False,
    )
    return row


@researcher_required
@require_safe
def show(request: ResearcherRequest, key: str, report: str) -> HttpResponse:
    """The report itself."""
    try:
        text = (_written(request, key, report).folder / reports.PAGE).read_bytes()
    except OSError as error:
        raise Http404 from error
    response = HttpResponse(text, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = REPORT_POLICY
    return response


@researcher_required
@require_safe
def take(request: ResearcherRequest, key: str, report: str) -> FileResponse:
    """The whole folder as one file."""
    study = study_of(request, key, "run")
    row = _written(request, key, report)
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(row.folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("report") / path.relative_to(row.folder))
    target.seek(0)
    audit.note(
        study,
        "report downloaded",
        by=request.user,
        version=row.version,
        now=timezone.now(),
        blinded=row.is_blinded,
        interim=row.is_interim,
    )
    name = f"{row.version.study.key}-v{row.version.number}-report.zip"
    return FileResponse(target, as_attachment=True, filename=name)
