"""Importing songs on a page: from the browser, or from a folder of the server that is allowed."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from annotate.import_forms import FolderForm, UploadForm, too_large
from annotate.services import song_imports
from annotate.services.song_imports import ImportRefused
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.work import show_job

SHOWN = 10
MOST_WAITING = 10
# What a multipart body holds besides the files.
_OVERHEAD_BYTES = 100_000


@csrf_exempt  # what is too large is refused before the token in it is looked for; see `_index`
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponseBase:
    """The page and its answer. Django would spool a body of any size while it looks for the CSRF
    token, and a stranger's before the page is refused: both are settled first."""
    sent = str(request.META.get("CONTENT_LENGTH") or "0")
    is_too_large = sent.isdecimal() and int(sent) > settings.IMPORT_UPLOAD_BYTES + _OVERHEAD_BYTES
    if request.method == "POST" and (is_too_large or not request.user.is_authenticated):
        request.META["CONTENT_LENGTH"] = "0"  # nothing later reads it either
        return _refused(request)
    return _index(request)


@researcher_required
def _refused(request: ResearcherRequest) -> HttpResponse:
    return _page(request, fault=too_large(), status=413)


@csrf_protect
@researcher_required
def _index(request: ResearcherRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _page(request)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, upload=form, status=400)
    if _own_jobs(request).filter(state__in=["queued", "running"]).count() >= MOST_WAITING:
        message = _("You have %(n)d imports waiting: let one of them end first.")
        return _page(request, upload=form, fault=message % {"n": MOST_WAITING}, status=429)
    try:
        job = song_imports.ask_for_upload(
            form.store,
            form.about(),
            name=form.shown_name,
            owner=request.user,
            now=timezone.now(),
        )
    except ImportRefused as refused:
        return _page(request, upload=form, fault=str(refused), status=503)
    return show_job(reverse("songs-import"), job, anchor="#imports")


@researcher_required
@require_POST
def folder(request: ResearcherRequest) -> HttpResponseBase:
    """Import a folder of IMPORT_FOLDERS."""
    form = FolderForm(request.POST)
    if not form.is_valid():
        return _page(request, folder=form, status=400)
    layout = form.cleaned_data["layout"]
    job = song_imports.ask_for_folder(
        form.path(), layout, form.about(), owner=request.user, now=timezone.now()
    )
    return show_job(reverse("songs-import"), job, anchor="#imports")


def _own_jobs(request: ResearcherRequest) -> Any:
    jobs: Any = apps.get_model("config", "Job").objects
    return jobs.filter(kind=song_imports.KIND, owner=request.user)


def _page(
    request: ResearcherRequest,
    *,
    upload: UploadForm | None = None,
    folder: FolderForm | None = None,
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    jobs = list(_own_jobs(request).order_by("-pk")[:SHOWN])
    context = {
        "upload": upload or UploadForm(),
        "folder": folder or FolderForm(),
        "has_folders": bool(song_imports.allowed_folders()),
        "jobs": jobs,
        "is_at_work": any(not job.is_over for job in jobs),
        "fault": fault,
        "most_megabytes": settings.IMPORT_UPLOAD_BYTES // 10**6,
    }
    return render_page(
        request, "annotate/songs_import.html", context, part="imports", status=status
    )
