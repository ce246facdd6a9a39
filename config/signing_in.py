"""Signing in by page and by REST. Failures count by account and by address, and an account that
there is not answers as one that there is: in words, in time, and when it is tried too often."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle

from annotate.services import acts
from config.limits import Limit, client_address, clock, too_often

LONGEST_NAME = 150


def limits_of(request: HttpRequest, name: Any) -> Sequence[Limit]:
    """Narrow for an account from one address, wider for either alone: who guesses elsewhere shuts
    nobody out at once, and who guesses from many places is slowed down all the same."""
    address = client_address(request)
    account = str(name)[:LONGEST_NAME].casefold()
    return (
        Limit("login", f"{account}\0{address}"),
        Limit("login-account", account),
        Limit("login-address", address),
    )


def longest_wait_s(limits: Sequence[Limit]) -> int:
    return max(limit.wait_s(clock()) for limit in limits)


def count(limits: Sequence[Limit]) -> None:
    for limit in limits:
        limit.count(clock())


class LimitedLoginView(LoginView):
    http_method_names = ["get", "head", "post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        limits = limits_of(request, request.POST.get("username", ""))
        if wait_s := longest_wait_s(limits):
            return too_often(request, wait_s)
        answered = super().post(request, *args, **kwargs)
        if answered.status_code == 200:  # the form again: it was wrong
            count(limits)
        return answered


class TokenView(ObtainAuthToken):
    """Name and password for a token."""

    throttle_classes = [AnonRateThrottle]

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = request.data if isinstance(request.data, dict) else {}
        limits = limits_of(request._request, data.get("username", ""))
        if wait_s := longest_wait_s(limits):
            raise Throttled(wait_s)
        try:
            answered: Response = super().post(request, *args, **kwargs)
        except ValidationError:
            count(limits)
            raise
        user = Token.objects.get(key=answered.data["token"]).user
        acts.note("REST token given", now=timezone.now(), by=user)
        return answered
