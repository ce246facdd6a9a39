"""Pages that belong to no package: home, health, and refusals."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.views import defaults
from django.views.decorators.http import require_safe

from annotate.models import Annotator
from config.languages import preferred_language
from config.work import DATABASE_AWAY
from studies.models import Rater

logger = logging.getLogger(__name__)
_was_migrated = False


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "config/home.html")


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can serve: its database answers and is of this release. What is away without
    harm (the cache; a broker: jobs are stored and wait) does not count. Strangers hear one word."""
    reason = why_not_ready()
    if reason:
        return JsonResponse({"status": "not ready", "reason": reason}, status=503)
    return JsonResponse({"status": "ready"})


def why_not_ready() -> str:
    """ "database", "migrations", or "" where nothing is missing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "" if _is_migrated() else "migrations"
    except DATABASE_AWAY as error:
        logger.warning("not ready: %s", " ".join(str(error).split())[:200])
        return "database"


def _is_migrated() -> bool:
    """Asked until it is so: migrations are not taken back under a running process."""
    global _was_migrated
    if not _was_migrated:
        executor = MigrationExecutor(connection)
        _was_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _was_migrated


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that leads nowhere is on nobody's way: it is said in the visitor's language."""
    if request.resolver_match is None:
        translation.activate(preferred_language(request))
    return defaults.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Found before any view: whose address it is, and in which language, is looked up here."""
    language = _language_of_link(request)
    if language:
        translation.activate(language)
    return render(request, "403_csrf.html", {"back": _own_address(request)}, status=403)


def _own_address(request: HttpRequest) -> str:
    """Where somebody without an account goes on: the address of their own, by which they came, or
    the study's link; "" for everybody else."""
    match = request.resolver_match
    token = match.kwargs.get("token", "") if match else ""
    if token:
        return request.path.partition(token)[0] + token + "/"
    return request.get_full_path() if match and match.url_name == "part-join" else ""


def _language_of_link(request: HttpRequest) -> str:
    """The language of the person whom an address admits; "" where it names none."""
    match = request.resolver_match
    token = match.kwargs.get("token", "") if match else ""
    if not token:
        return ""
    if request.path_info.startswith("/s/"):
        found = Rater.objects.by_token(token).values_list("language", flat=True).first()
    else:
        found = Annotator.objects.with_link(token).values_list("language", flat=True).first()
    return found or ""
