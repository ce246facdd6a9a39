"""Downloads of a study, and the looks behind its labels. Both are kept in the audit."""

from typing import Any

from django.apps import apps
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotate.views.access import ResearcherRequest, researcher_required
from studies.exports.files import download, note_export
from studies.exports.scope import EXTRAS, Scope
from studies.models import Study, StudyVersion
from studies.services import audit, large_exports, unblinding
from studies.services.designing import may_at_least
from studies.services.refusing import Refused
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version, version_numbers

CONTENT_TYPES = {
    "json": "application/json",
    "zip": "application/zip",
    "who": "text/csv; charset=utf-8",
}
LATEST_EXPORTS = 10


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: ResearcherRequest, key: str) -> HttpResponseBase:
    """What there is to take away; by POST one of the files, or where that takes long, a job."""
    study = study_of(request, key)
    version = shown_version(request, study)
    if request.method == "POST":
        return _download(request, study_of(request, key, "run"), version)
    return _exports_page(request, study, version)


def _download(request: ResearcherRequest, study: Study, version: StudyVersion) -> HttpResponseBase:
    what = request.POST.get("what", "")
    include = frozenset(request.POST.getlist("include"))
    if what not in CONTENT_TYPES or not include <= set(EXTRAS):
        return _exports_page(request, study, version, _("Choose one of the files below."), 400)
    is_blinded = request.POST.get("unblinded") != "yes"
    if not is_blinded and not _has_looked(request, study, version):
        fault = _("Unblind the study first: it needs the right to, and a reason.")
        return _exports_page(request, study, version, fault, 403)
    scope = Scope(version, timezone.now(), is_blinded, include)
    if large_exports.is_large(scope, what):
        large_exports.ask_for(scope, what, by=request.user)
        return redirect(
            f"{reverse('study-exports', args=[study.key])}?version={version.number}#kept"
        )
    file, name = download(scope, what)
    note_export(scope, what, by=request.user)
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[what])


@researcher_required
@require_safe
def take(request: ResearcherRequest, key: str, export: str) -> FileResponse:
    """A file that a worker wrote. One with names is for those who unblinded its version."""
    study, now = study_of(request, key, "run"), timezone.now()
    written = large_exports.kept(study, now, by_name=True).exclude(written_at=None)
    row = get_object_or_404(written, key=export)
    if not row.is_blinded and not _has_looked(request, study, row.version):
        raise Http404
    try:
        file = row.path.open("rb")
    except OSError as error:
        raise Http404 from error
    audit.note(
        study, "export downloaded", by=request.user, version=row.version, now=now,
        what=row.what, blinded=row.is_blinded, interim=row.is_interim,
    )  # fmt: skip
    return FileResponse(
        file, as_attachment=True, filename=row.file_name, content_type=CONTENT_TYPES[row.what]
    )


def _has_looked(request: ResearcherRequest, study: Study, version: StudyVersion) -> bool:
    right = may_at_least(request.user, study, "unblind")
    return right and unblinding.has_unblinded(version, request.user)


def _exports_page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    has_looked = _has_looked(request, study, version)
    rows = large_exports.kept(study, timezone.now(), by_name=has_looked).filter(version=version)
    jobs: Any = apps.get_model("config", "Job")
    waiting = [row.job_key for row in rows if row.written_at is None]
    found = {job.key: job for job in jobs.objects.filter(key__in=waiting)} if waiting else {}
    context = {
        "version": version,
        "versions": version_numbers(study),
        "fault": fault,
        "has_looked": has_looked,
        "kept": [{"row": row, "job": found.get(row.job_key)} for row in rows],
        "is_at_work": any(not job.is_over for job in found.values()),
        "latest": study.audit.filter(act__in=["exported", unblinding.ACT])
        .select_related("by")
        .order_by("-pk")[:LATEST_EXPORTS],
    }
    return render_study(
        request,
        "studies/study_exports.html",
        study,
        context,
        tab="exports",
        version=version,
        part="kept",
        status=status,
    )


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def unblind(request: ResearcherRequest, key: str) -> HttpResponse:
    """Which label is which system: asked for with a reason, logged, then shown in this answer."""
    study = study_of(request, key)
    version = shown_version(request, study)
    if request.method != "POST":
        return _unblind_page(request, study, version)
    study_of(request, key, "unblind")
    reason = request.POST.get("reason", "")
    try:
        names = unblinding.unblind(version, by=request.user, reason=reason, now=timezone.now())
    except Refused as refused:
        more = {"fault": str(refused), "reason": reason}
        return _unblind_page(request, study, version, more, 400)
    response = _unblind_page(request, study, version, {"names": names})
    response["Cache-Control"] = "no-store"
    return response


def _unblind_page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "version": version,
        "is_interim": version.state != StudyVersion.State.CLOSED,
        "looks": unblinding.lines(study).order_by("-pk"),
        "shortest_reason": unblinding.SHORTEST_REASON,
    }
    return render_study(
        request,
        "studies/study_unblind.html",
        study,
        context | (more or {}),
        tab="exports",
        version=version,
        status=status,
    )
