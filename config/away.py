"""A database that does not answer: 503 and "try again", so that what waits on a page is sent again.

PostgreSQL is restarted for an upgrade, SQLite is kept busy by a long write. Pages keep what was not
confirmed and send it again on any 5xx; a person who opens a page sees one that reloads itself.
"""

import logging
import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.defaults import server_error as broken

from config.work import DATABASE_AWAY

RETRY_AFTER_S = 3

logger = logging.getLogger(__name__)


class DatabaseAwayMiddleware:
    """For whatever views raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return answer_away(request, error) if isinstance(error, DATABASE_AWAY) else None


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of errors, for what other middleware meets: an account, a session."""
    error = sys.exc_info()[1]
    if isinstance(error, DATABASE_AWAY):
        return answer_away(request, error)
    return broken(request)


def answer_away(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503: a page that reloads itself for people, one line for scripts."""
    logger.warning("the database does not answer: %s", " ".join(str(error).split())[:200])
    response: HttpResponse
    if request.headers.get("Accept", "*/*").startswith("text/html"):
        # Without the request: whoever asks is looked up in the database that is away.
        response = render(None, "503.html", status=503)
        if request.method == "GET":
            response["Refresh"] = str(RETRY_AFTER_S)
    else:
        line = "The database does not answer just now: try again in a moment."
        response = JsonResponse({"error": line, "detail": line}, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response
