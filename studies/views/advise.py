"""The page Advise for visitors: bring four stems; read, hear, take away, delete."""

from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.vectors import STEMS
from annotate.models.songs import ROLE_CHOICES
from annotate.views.access import ResearcherRequest, render_page
from studies.forms import LibrarySearchForm
from studies.models import Upload
from studies.services import uploads
from studies.stems import StemSet
from studies.views.balances import download_balance, stem_answer
from studies.views.page import advice_context
from studies.views.visitors import keep_private, remember, upload_of, visitor_of

# What a multipart body holds besides the files.
_OVERHEAD_BYTES = 100_000


@csrf_exempt  # what is too large is refused before the token in it is looked for; see `_home`
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponseBase:
    """The form, and its answer. Django would spool a body of any size while it looks for the CSRF
    token, so the size that the request states is checked first."""
    sent = str(request.META.get("CONTENT_LENGTH") or "0")
    most = settings.ADVISE_UPLOAD_BYTES + _OVERHEAD_BYTES
    # What is no number is read as nothing, as Django does.
    if request.method == "POST" and sent.isdecimal() and int(sent) > most:
        request.META["CONTENT_LENGTH"] = "0"  # nothing later reads it either
        return _form(request, fault=uploads.too_large(), status=413)
    return _home(request)


@csrf_protect
def _home(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _form(request)
    visitor = visitor_of(request) or Upload.new_visitor()
    files = {stem: cast(Any, request.FILES[stem]) for stem in STEMS if stem in request.FILES}
    try:
        upload = uploads.receive(files=files, visitor=visitor, now=timezone.now())
    except uploads.RefusedError as refused:
        return _form(request, fault=refused.message, status=refused.status)
    return remember(redirect("advise-upload", upload.key), visitor, request)


def _form(request: HttpRequest, *, fault: str = "", status: int = 200) -> HttpResponse:
    visitor = visitor_of(request)
    now = timezone.now()
    search = LibrarySearchForm(request.GET)
    context = {
        "fault": fault,
        "roles": ROLE_CHOICES,
        "uploads": Upload.objects.of_visitor(visitor, now) if visitor else [],
        "search": search,
        "excerpts": search.excerpts() if request.user.is_authenticated else [],
        "most_bytes": settings.ADVISE_UPLOAD_BYTES,
        "most_megabytes": settings.ADVISE_UPLOAD_BYTES // 10**6,
        "longest_minutes": settings.ADVISE_LONGEST_S // 60,
        "keep_hours": settings.ADVISE_KEEP_HOURS,
    }
    return keep_private(
        render_page(
            cast(ResearcherRequest, request),
            "studies/advise.html",
            context,
            part="library",
            status=status,
        )
    )


@require_safe
def upload(request: HttpRequest, key: str) -> HttpResponse:
    found = upload_of(request, key)
    jobs: Any = apps.get_model("config", "Job").objects
    job = jobs.filter(key=found.job_key).first()
    is_over = job is None or job.is_over
    context: dict[str, Any] = {
        "upload": found,
        "job": job,
        "is_over": is_over,
        "title": found.title,
        "downloads": reverse("advise-upload-balance", args=[found.key, "json"]),
    }
    if found.state == Upload.State.READY and is_over:
        context |= advice_context(
            found, None, lambda stem: reverse("advise-upload-stem", args=[found.key, stem]), job
        )
    response = render_page(
        cast(ResearcherRequest, request), "studies/upload.html", context, part="state"
    )
    if is_over and request.headers.get("HX-Request"):
        # What has come is more than the part that waited for it.
        response["HX-Refresh"] = "true"
    return keep_private(response)


@require_safe
def upload_stem(request: HttpRequest, key: str, role: str) -> HttpResponseBase:
    found = upload_of(request, key)
    return keep_private(stem_answer(StemSet(found), role))


@require_POST
def delete(request: HttpRequest, key: str) -> HttpResponse:
    uploads.remove(upload_of(request, key))
    return redirect("advise")


@require_safe
def upload_balance(request: HttpRequest, key: str, format_: str) -> HttpResponseBase:
    found = upload_of(request, key)
    if found.state != Upload.State.READY:
        raise Http404
    return keep_private(download_balance(request, found, None, format_))
