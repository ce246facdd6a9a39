"""On every answer: an id, which is in every log line of that request, and how long it took."""

import re
import secrets
from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from annotate.request_ids import request_id

ACCEPTABLE = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdMiddleware:
    """Takes the proxy's X-Request-ID when it looks like one, else makes its own. `Server-Timing`
    tells a browser's tools and the benchmarks how long the site worked on the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began_s = perf_counter()
        offered = request.headers.get("X-Request-ID", "")
        current = offered if ACCEPTABLE.match(offered) else secrets.token_hex(8)
        request.request_id = current  # type: ignore[attr-defined]
        token = request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = current
        response["Server-Timing"] = f"app;dur={1000.0 * (perf_counter() - began_s):.1f}"
        return response
