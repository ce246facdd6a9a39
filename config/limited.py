"""Where limits are asked: links that nobody has, joining a study, uploads.

A link that worked once in this process is asked about no more: a save costs neither a query nor a
look into the cache, and a classroom behind one address goes on while somebody in it guesses.
"""

import threading
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from annotate.models.campaigns import hash_token
from config.limits import Limit, client_address, clock, too_often

# The address's name, by which setting each POST to it counts.
COUNTED = {
    "part-join": "join",
    "advise": "upload",
    "study-import": "upload",
    "songs-import": "upload",
}
MOST_KNOWN = 50_000


class KnownLinks:
    """Hashes of links that were let in; a full book begins anew."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._hashes: set[str] = set()
        self._lock = threading.Lock()

    def __contains__(self, token: str) -> bool:
        return bool(self._hashes) and hash_token(token) in self._hashes

    def add(self, token: str) -> None:
        with self._lock:
            if len(self._hashes) >= self._most:
                self._hashes.clear()
            self._hashes.add(hash_token(token))


class LimitMiddleware:
    """Refuses before a view runs, and before a body is read; counts after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.known = KnownLinks()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        token = _token_of(request)
        if token and token not in self.known:
            if response.status_code == 404:
                Limit("link", client_address(request)).count(clock())
            elif response.status_code < 400:
                self.known.add(token)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if (token := _token_of(request)) and token not in self.known:
            return self._refused(request, Limit("link", client_address(request)))
        name = COUNTED.get(_name_of(request), "") if request.method == "POST" else ""
        if name:
            limit = Limit(name, client_address(request))
            refused = self._refused(request, limit)
            if refused is None:
                limit.count(clock())
            return refused
        return None

    def _refused(self, request: HttpRequest, limit: Limit) -> HttpResponse | None:
        wait_s = limit.wait_s(clock())
        return too_often(request, wait_s) if wait_s else None


def _token_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return str(match.kwargs.get("token", "")) if match else ""


def _name_of(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""
