"""Downloads of a study, and the looks behind its labels. Both are kept in the audit."""

from typing import Any

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotate.views.access import ResearcherRequest, researcher_required
from studies.exports.files import download, note_export
from studies.exports.scope import EXTRAS, Scope
from studies.models import Study, StudyVersion
from studies.services import unblinding
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
    """What there is to take away; by POST one of the files."""
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
    file, name = download(scope, what)
    note_export(scope, what, by=request.user)
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[what])


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
    context = {
        "version": version,
        "versions": version_numbers(study),
        "fault": fault,
        "has_looked": _has_looked(request, study, version),
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
