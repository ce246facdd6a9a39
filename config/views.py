"""Pages that belong to no package: home, health, a job's progress, and refusals."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from config.models import Job


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "config/home.html")


@require_safe
def job(request: HttpRequest, key: str) -> HttpResponse:
    """A job's progress; the page asks again by htmx until the job is over."""
    if not request.user.is_authenticated:
        raise Http404
    jobs = (
        Job.objects.all() if request.user.is_superuser else Job.objects.filter(owner=request.user)
    )
    found = get_object_or_404(jobs, key=key)
    part = "#job" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"config/job.html{part}", {"job": found})


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process answers and its database does too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ready"})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)
