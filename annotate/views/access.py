"""Who may see what: a researcher sees all songs and their own campaigns; everybody else meets 404,
so that an address tells nothing about what there is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from annotate.models import Campaign

P = ParamSpec("P")


class ResearcherRequest(HttpRequest):
    """A request after `researcher_required`: somebody is signed in."""

    user: User
    htmx: HtmxDetails


def researcher_required(
    view: Callable[Concatenate[ResearcherRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """404 for strangers, not a redirect: the 404 page carries the link to sign in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            raise Http404
        return view(cast(ResearcherRequest, request), *args, **kwargs)

    return wrapped


def campaign_of(request: ResearcherRequest, key: str) -> Campaign:
    """The campaign when it is this researcher's, else 404."""
    return get_object_or_404(Campaign.objects.visible_to(request.user), key=key)


def render_page(
    request: ResearcherRequest,
    template: str,
    context: dict[str, Any],
    *,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, or for htmx its named part. A page that htmx restores from history comes whole."""
    wants_part = part and request.htmx and not request.htmx.history_restore_request
    name = f"{template}#{part}" if wants_part else template
    response = render(request, name, context, status=status)
    if part:
        # The same address has two answers: a cache must not give one for the other.
        patch_vary_headers(response, ["HX-Request"])
    return response
