"""Whom a participant's link admits, in which language, and what is said when nothing is open."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from annotate.languages import speak
from annotate.views.annotator import keep_secret
from studies.models import Rater, StudyVersion
from studies.protocol.spec import Spec, in_language
from studies.services.participants import is_calibrated
from studies.services.protocols import protocol_of
from studies.services.steps import due_step
from studies.services.trial_reading import step_names

P = ParamSpec("P")

FOLDER = "studies/participant"
DEVICE_COOKIE = "gainsay_device"
DEVICE_SALT = "studies.device"
DEVICE_LIFETIME_S = 365 * 24 * 3600


def participant_page(
    view: Callable[Concatenate[HttpRequest, Rater, str, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view the rater whom the link admits, in their language; a stranger meets the plain
    404. The address is a secret: it goes to no other site and no index."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        # What is frozen was read once (protocol_of): its text need not come with every request.
        known = Rater.objects.by_token(token).select_related("version__study")
        rater = known.defer("version__spec").first()
        if rater is None:
            raise Http404
        speak(rater.language)
        return keep_secret(view(request, rater, token, *args, **kwargs))

    return wrapped


def is_closed_to(rater: Rater) -> bool:
    """Whether somebody who is still on the way cannot go on."""
    return rater.state == Rater.State.ACTIVE and rater.version.state == StudyVersion.State.CLOSED


def step_due(request: HttpRequest, rater: Rater) -> str:
    """The step at which this rater goes on, on this device."""
    spec = protocol_of(rater.version)
    calibrated = not spec.gates.calibration or is_calibrated(rater, device_of(request))
    return due_step(rater, spec, step_names(rater), device_is_calibrated=calibrated)


def to_due_step(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """On to whatever is due; where nothing can be, says why."""
    if is_closed_to(rater):
        return closed(request, rater, token)
    return redirect(address_of(step_due(request, rater), token))


def address_of(step: str, token: str) -> str:
    return reverse(f"part-{step}", args=[token])


def closed(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    spec = protocol_of(rater.version)
    return say(request, "closed", spec, rater.language, status=410, token=token)


def say(
    request: HttpRequest, what: str, spec: Spec, language: str, *, status: int, **more: Any
) -> HttpResponse:
    """A page that says kindly why it does not go on here."""
    contact = in_language(spec.texts.contact, language)
    title = spec.title_in(language)
    context = {"what": what, "spec": spec, "title": title, "contact": contact, **more}
    return render(request, f"{FOLDER}/told.html", context, status=status)


def show(
    request: HttpRequest, rater: Rater, token: str, page: str, status: int = 200, **more: Any
) -> HttpResponse:
    """One step's page, with what all of them need."""
    spec = protocol_of(rater.version)
    texts = {
        name: in_language(getattr(spec.texts, name), rater.language)
        for name in ("consent", "welcome", "instructions", "debriefing", "contact")
    }
    title = spec.title_in(rater.language)
    context = {"token": token, "rater": rater, "spec": spec, "title": title, "texts": texts, **more}
    return render(request, f"{FOLDER}/{page}.html", context, status=status)


def device_of(request: HttpRequest) -> str:
    """This browser's own random id, kept where a study calibrates devices; "" where it has none."""
    found: str | None = request.get_signed_cookie(DEVICE_COOKIE, None, salt=DEVICE_SALT)
    return found or ""
