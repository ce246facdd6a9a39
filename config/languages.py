"""In which language a page speaks, before the person it is for is known.

People without an account meet their browser's language; a study or a campaign then says which one
is theirs (studies/views/participant/admission.py, annotate/views/annotator.py). The researcher's
pages are written in English alone, and every word on them is English, so that none is a mixture.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

# Ways of people without an account, and the pages before one knows who somebody is.
SPOKEN_WAYS = ("/a/", "/s/")
SPOKEN_PAGES = ("/", "/login/")


def is_spoken(path: str) -> bool:
    """Whether pages at this address are there in every language of the site."""
    return path in SPOKEN_PAGES or path.startswith(SPOKEN_WAYS)


def preferred_language(request: HttpRequest) -> str:
    """What the browser asks for, as far as the site speaks it."""
    return translation.get_language_from_request(request)


class LanguageMiddleware:
    """A view that knows its person activates that person's language; the answer says which one it
    came in. Whatever was active, the next request of this thread begins anew."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        spoken = is_spoken(request.path_info)
        first = preferred_language(request) if spoken else settings.LANGUAGE_CODE
        with translation.override(first):
            response = self.get_response(request)
            if response.get("Content-Type", "").startswith("text/html"):
                response.headers.setdefault("Content-Language", translation.get_language())
                if spoken:
                    patch_vary_headers(response, ("Accept-Language",))
        return response
