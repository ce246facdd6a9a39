"""A request id on every answer and in every log line of that request."""

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.logs import request_id

ACCEPTABLE = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdMiddleware:
    """Takes the proxy's X-Request-ID when it looks like one, else makes its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        current = offered if ACCEPTABLE.match(offered) else secrets.token_hex(8)
        request.request_id = current  # type: ignore[attr-defined]
        token = request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = current
        return response
