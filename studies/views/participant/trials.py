"""The trials: the page, its sounds, and the one address that takes what it sends."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.languages import speak
from annotate.services import saving
from annotate.views.annotator import keep_secret
from annotate.views.stored_audio import stored_audio
from studies.models import Rater, Trial
from studies.protocol.spec import Spec
from studies.services import answering, lists
from studies.services.protocols import protocol_of
from studies.services.steps import TRIALS
from studies.services.study_rendering import path_of, sounds_of
from studies.services.training_feedback import feedback_on
from studies.services.trial_places import (
    Showing,
    can_go_back,
    last_answers,
    place_of,
    showings,
)
from studies.services.trial_reading import give_item
from studies.trial_page import answer_phase, sounds_now, trial_page
from studies.views.participant.admission import (
    FOLDER,
    is_closed_to,
    participant_page,
    say,
    step_due,
    to_due_step,
)


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
def due(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """On to the trial that is due. Whose place went to somebody else may ask for it again."""
    if is_closed_to(rater) or step_due(request, rater) != TRIALS:
        return to_due_step(request, rater, token)
    if request.method == "POST":
        lists.hold(rater, timezone.now())
    if not _has_place(rater):
        return _place_lost(request, rater, token)
    waiting = next((one for one in showings(rater) if one.is_due), None)
    if waiting is None:
        return _place_lost(request, rater, token)
    return redirect("part-trial", token, waiting.key)


def _has_place(rater: Rater) -> bool:
    """Previews and pilots hold none."""
    return rater.run != Rater.Run.MAIN or getattr(rater, "held_list", None) is not None


def _place_lost(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    spec = protocol_of(rater.version)
    return say(request, "place lost", spec, rater.language, status=409, token=token)


@require_safe
def page(request: HttpRequest, token: str, key: str) -> HttpResponseBase:
    """One trial: the due one, or one before it where the protocol lets people go back."""
    found = answering.page(key=key, token=token)
    if found is None:
        raise Http404
    speak(found.rater.language)
    return keep_secret(_page(request, found, token))


def _page(request: HttpRequest, found: Trial, token: str) -> HttpResponse:
    rater = found.rater
    if is_closed_to(rater) or step_due(request, rater) != TRIALS or not _has_place(rater):
        return to_due_step(request, rater, token)
    spec = protocol_of(rater.version)
    all_ = showings(rater)
    if not _may_see(found, all_, spec):
        return redirect("part-trials", token)
    return _trial(request, found, token, all_, spec)


def _may_see(found: Trial, all_: list[Showing], spec: Spec) -> bool:
    waiting = next((one for one in all_ if one.is_due), None)
    if waiting is None or waiting.key == found.key:
        return waiting is not None
    own = next(one for one in all_ if one.key == found.key)
    return own.position < waiting.position and can_go_back(own, waiting, spec)


def _trial(
    request: HttpRequest, found: Trial, token: str, all_: list[Showing], spec: Spec
) -> HttpResponse:
    rater = found.rater
    block = spec.block(found.item.block)
    data = trial_page(
        found,
        token,
        rater.language,
        timezone.now(),
        place=place_of(found, all_, spec),
        answers=last_answers(found, answer_phase(block, found)),
    )
    context = {"trial": data, "token": token, "spec": spec, "rater": rater}
    return render(request, f"{FOLDER}/trial.html", context)


@require_POST
def save(request: HttpRequest, token: str, key: str) -> HttpResponseBase:
    """One batch of the page, and the answers if it carries them. Always JSON."""
    trial = answering.showing(key=key, token=token)
    if trial is not None:
        speak(trial.rater.language)
    return keep_secret(_save(request, token, trial))


def _save(request: HttpRequest, token: str, trial: Trial | None) -> JsonResponse:
    if trial is None:
        return _refusal(404, _("This link no longer works. Ask whoever sent it for a new one."))
    try:
        payload = json.loads(request.body)
    except RequestDataTooBig:
        return _refusal(413, _("This save is too large."))
    except (ValueError, RecursionError):
        return _refusal(400, _("The save is not readable as JSON."))
    try:
        result = answering.save(trial=trial, payload=payload, now=timezone.now())
    except saving.Refused as refused:
        return _refusal(refused.status, refused.message, is_technical=refused.is_technical)
    answer = {
        "saved_seq": result.saved_seq,
        "is_latest": result.is_latest,
        "submitted": _submitted(trial, result, token),
    }
    return JsonResponse(answer)


def _refusal(status: int, message: str, *, is_technical: bool = False) -> JsonResponse:
    told = {"error": " ".join(message.split()), "is_technical": is_technical}
    return JsonResponse(told, status=status)


def _submitted(trial: Trial, result: answering.SaveResult, token: str) -> dict[str, Any] | None:
    if result.answer is None:
        return None
    return {
        "revision": result.answer.revision,
        "at": result.answer.submitted_at.isoformat(),
        "next": _next(result, token),
        "phase": result.phase,
        "feedback": feedback_on(trial),
    }


def _next(result: answering.SaveResult, token: str) -> str:
    """The next trial at once, for that is where nearly every answer leads; else whatever is due."""
    if result.due is None:
        return reverse("part-home", args=[token])
    return reverse("part-trial", args=[token, result.due.key])


@require_safe
def sound(request: HttpRequest, token: str, key: str, number: int) -> HttpResponseBase:
    """A sound of a trial by its number on that trial's page, with no name and no date on it."""
    trial = answering.showing(key=key, token=token)
    if trial is None or is_closed_to(trial.rater) or trial.rater.state == Rater.State.WITHDRAWN:
        raise Http404
    return keep_secret(_sound(trial, number))


def _sound(trial: Trial, number: int) -> HttpResponse:
    block = protocol_of(trial.rater.version).block(trial.item.block)
    give_item(trial)
    numbers = {n: name for name, n in sounds_now(block, trial).items()}
    if number not in numbers:
        raise Http404
    try:
        return stored_audio(path_of(sounds_of(trial, block)[numbers[number]]["sha256"]))
    except OSError as error:
        raise Http404 from error
