"""Everything before and after the trials. A step that is not due leads to the one that is."""

import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from studies.models import Rater
from studies.participant_forms import (
    CalibrationForm,
    ConsentForm,
    QuestionnaireForm,
    WithdrawForm,
)
from studies.services import participants, withdrawing
from studies.services.person_export import person_data
from studies.services.protocols import protocol_of
from studies.services.refusing import Refused
from studies.services.steps import (
    CALIBRATION,
    CONSENT,
    DEBRIEFING,
    DONE,
    INSTRUCTIONS,
    QUESTIONNAIRE,
    VOLUME,
)
from studies.views.participant.admission import (
    DEVICE_COOKIE,
    DEVICE_LIFETIME_S,
    DEVICE_SALT,
    device_of,
    is_closed_to,
    participant_page,
    say,
    show,
    step_due,
    to_due_step,
)

LONGEST_HEADER = 300
asked_and_answered = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@participant_page
def home(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    return to_due_step(request, rater, token)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, empty or not; None while it is only looked at."""
    return request.POST if request.method == "POST" else None


def _is_due(request: HttpRequest, rater: Rater, step: str) -> bool:
    return not is_closed_to(rater) and step_due(request, rater) == step


@asked_and_answered
@participant_page
def consent(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    if not _is_due(request, rater, CONSENT):
        return to_due_step(request, rater, token)
    if request.method == "POST" and "language" in request.POST:
        participants.choose_language(rater, request.POST["language"])
        return to_due_step(request, rater, token)
    form = ConsentForm(sent(request))
    if request.method == "POST" and form.is_valid():
        device = {
            "user_agent": request.headers.get("User-Agent", "")[:LONGEST_HEADER],
            "languages": request.headers.get("Accept-Language", "")[:LONGEST_HEADER],
        }
        try:
            has_list = participants.consent(rater, timezone.now(), device)
        except Refused as refused:
            return _refused_preview(request, rater, str(refused))
        if not has_list:
            spec = protocol_of(rater.version)
            return say(request, "full", spec, rater.language, status=409, token=token)
        return to_due_step(request, rater, token)
    address = request.build_absolute_uri(f"/s/{token}/")
    status = 400 if form.is_bound else 200
    return show(request, rater, token, "consent", status, form=form, address=address)


def _refused_preview(request: HttpRequest, rater: Rater, reason: str) -> HttpResponse:
    """Only the preview of a draft is refused; who previews is a researcher, who may read why."""
    spec = protocol_of(rater.version)
    return say(request, "draft", spec, rater.language, status=409, reason=reason)


@asked_and_answered
@participant_page
def questionnaire(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    if not _is_due(request, rater, QUESTIONNAIRE):
        return to_due_step(request, rater, token)
    form = QuestionnaireForm(protocol_of(rater.version).gates, sent(request))
    if request.method == "POST" and form.is_valid():
        participants.answer_questionnaire(rater, form.cleaned_data, timezone.now())
        return to_due_step(request, rater, token)
    return show(request, rater, token, "questionnaire", 400 if form.is_bound else 200, form=form)


@asked_and_answered
@participant_page
def volume(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    return _read_and_go_on(request, rater, token, VOLUME)


@asked_and_answered
@participant_page
def instructions(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    return _read_and_go_on(request, rater, token, INSTRUCTIONS)


@asked_and_answered
@participant_page
def debriefing(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    return _read_and_go_on(request, rater, token, DEBRIEFING)


def _read_and_go_on(request: HttpRequest, rater: Rater, token: str, step: str) -> HttpResponse:
    if not _is_due(request, rater, step):
        return to_due_step(request, rater, token)
    if request.method == "POST":
        participants.pass_on(rater, step, timezone.now())
        return to_due_step(request, rater, token)
    trials = list(rater.trials.values_list("kind", flat=True)) if step == INSTRUCTIONS else []
    n_training = trials.count("training")
    more = {"n_training": n_training, "n_trials": len(trials) - n_training}
    return show(request, rater, token, step, **more)


@asked_and_answered
@participant_page
def calibration(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """Lab mode: the level of this device, kept with it for everybody who sits here later."""
    if not _is_due(request, rater, CALIBRATION):
        return to_due_step(request, rater, token)
    form = CalibrationForm(sent(request))
    if request.method == "POST" and form.is_valid():
        device = device_of(request) or secrets.token_urlsafe(12)
        participants.calibrate(rater, timezone.now(), device=device, **form.cleaned_data)
        # The cookie travels with the answer: the next request is from a calibrated device.
        response = show(request, rater, token, "calibrated")
        response.set_signed_cookie(
            DEVICE_COOKIE,
            device,
            salt=DEVICE_SALT,
            max_age=DEVICE_LIFETIME_S,
            path="/s/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
        return response
    return show(request, rater, token, "calibration", 400 if form.is_bound else 200, form=form)


@require_safe
@participant_page
def done(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """How the way ended, with the code for it: all that is told here is stored."""
    if not _is_due(request, rater, DONE):
        return to_due_step(request, rater, token)
    ending = participants.ending(rater, protocol_of(rater.version))
    return show(request, rater, token, "done", ending=ending)


@asked_and_answered
@participant_page
def withdraw(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """Open at any time, even when the study is closed."""
    if rater.state == Rater.State.WITHDRAWN:
        return show(request, rater, token, "withdrawn")
    form = WithdrawForm(sent(request))
    if request.method == "POST" and form.is_valid():
        withdrawing.withdraw(rater, timezone.now())
        return show(request, rater, token, "withdrawn")
    has_begun = rater.steps.exists()
    status = 400 if form.is_bound else 200
    return show(request, rater, token, "withdraw", status, form=form, has_begun=has_begun)


@require_safe
@participant_page
def data(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """All that is stored of this participant, as a file."""
    response = JsonResponse(person_data(rater), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
