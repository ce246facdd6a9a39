"""Visitors without an account: known by a random token in a signed cookie, and by nothing else."""

from typing import TypeVar

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from studies.models import Upload

COOKIE = "gainsay_visitor"
SALT = "studies.visitor"
LIFETIME_S = 30 * 24 * 3600

Response = TypeVar("Response", bound=HttpResponseBase)


def visitor_of(request: HttpRequest) -> str | None:
    """The token of this browser; None where it has none, or a forged one."""
    token: str | None = request.get_signed_cookie(COOKIE, None, salt=SALT, max_age=LIFETIME_S)
    return token


def remember(response: Response, token: str, request: HttpRequest) -> Response:
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=SALT,
        max_age=LIFETIME_S,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def upload_of(request: HttpRequest, key: str) -> Upload:
    """The upload when it is this visitor's and not expired, else 404."""
    token = visitor_of(request)
    if token is not None:
        found = Upload.objects.of_visitor(token, timezone.now()).filter(key=key).first()
        if found is not None:
            return found
    raise Http404


def keep_private(response: Response) -> Response:
    """For what is one visitor's alone: no index, and no cache that another could look into."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    return response
