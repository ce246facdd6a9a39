"""The headphone check of a study: what is right stays on the server, and nothing says so on the
way."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from annotate.views.stored_audio import FOREVER
from modeling.headphones import N_INTERVALS, N_TRIALS
from studies.models import Rater
from studies.services import hearing_check
from studies.services.protocols import protocol_of
from studies.services.steps import HEADPHONES
from studies.views.participant.admission import (
    is_closed_to,
    participant_page,
    show,
    step_due,
    to_due_step,
)


@require_safe
@participant_page
def check(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """What the check is; once begun, its trials."""
    if is_closed_to(rater) or step_due(request, rater) != HEADPHONES:
        return to_due_step(request, rater, token)
    state = hearing_check.check_state(rater)
    attempt = state.current
    sounds = [
        reverse("part-headphones-sound", args=[token, attempt.key, trial])
        for trial in range(1, N_TRIALS + 1)
        if attempt is not None
    ]
    return show(
        request, rater, token, "headphones",
        attempt=attempt, sounds=sounds, is_second=state.finished > 0,
        is_warned=state.is_used_up and not state.passed,
        kind=protocol_of(rater.version).gates.headphones.check,
    )  # fmt: skip


@require_POST
@participant_page
def begin(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    if not is_closed_to(rater) and step_due(request, rater) == HEADPHONES:
        gate = protocol_of(rater.version).gates.headphones
        hearing_check.begin(rater, gate, timezone.now())
    return to_due_step(request, rater, token)


@require_safe
@participant_page
def sound(request: HttpRequest, rater: Rater, token: str, key: str, trial: int) -> HttpResponse:
    attempt = hearing_check.attempt_of(rater, key)
    if attempt is None or not 1 <= trial <= N_TRIALS:
        raise Http404
    content = attempt.sounds().trials[trial - 1].flac
    return HttpResponse(content, content_type="audio/flac", headers={"Cache-Control": FOREVER})


@require_POST
@participant_page
def answers(request: HttpRequest, rater: Rater, token: str, key: str) -> HttpResponse:
    """All answers at once, as "2,1,3,...": leaving half-way leaves no half attempt."""
    attempt = hearing_check.attempt_of(rater, key)
    if attempt is None:
        raise Http404
    given = request.POST.get("answers", "").split(",")
    allowed = {str(choice) for choice in range(1, N_INTERVALS + 1)}
    if len(given) != N_TRIALS or not set(given) <= allowed:
        return render(request, "400.html", status=400)
    if not is_closed_to(rater) and rater.state == Rater.State.ACTIVE:
        gate = protocol_of(rater.version).gates.headphones
        hearing_check.finish(rater, attempt, [int(one) for one in given], gate, timezone.now())
        rater.refresh_from_db(fields=["state"])
    return to_due_step(request, rater, token)


@require_POST
@participant_page
def go_on(request: HttpRequest, rater: Rater, token: str) -> HttpResponse:
    """After a failed check of which one is only warned."""
    gate = protocol_of(rater.version).gates.headphones
    hearing_check.go_on_warned(rater, gate, timezone.now())
    return to_due_step(request, rater, token)
