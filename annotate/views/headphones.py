"""The headphone check: what is right stays on the server, and nothing says so on the way."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from annotate.models import Annotator
from annotate.services import people
from annotate.views.annotator import annotator_page
from annotate.views.stored_audio import FOREVER
from modeling.headphones import N_INTERVALS, N_TRIALS


@require_safe
@annotator_page
def check(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    """What the check is; once started, its trials."""
    step = people.next_step(annotator)
    if step != "headphones":
        return redirect(step, token)
    attempt = annotator.headphone_attempts.filter(finished_at__isnull=True).first()
    sounds = [
        reverse("headphones-sound", args=[token, attempt.key, trial])
        for trial in range(1, N_TRIALS + 1)
        if attempt is not None
    ]
    context = {
        "token": token,
        "attempt": attempt,
        "sounds": sounds,
        "is_second": annotator.headphone_attempts.filter(finished_at__isnull=False).exists(),
        "kind": annotator.campaign.headphone_check,
    }
    return render(request, "annotate/annotator/headphones.html", context)


@require_POST
@annotator_page
def start(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    if people.next_step(annotator) == "headphones":
        people.start_headphones(annotator=annotator, now=timezone.now())
    return redirect("headphones", token)


@require_safe
@annotator_page
def sound(
    request: HttpRequest, annotator: Annotator, token: str, key: str, trial: int
) -> HttpResponse:
    attempt = get_object_or_404(annotator.headphone_attempts, key=key)
    if not 1 <= trial <= N_TRIALS:
        raise Http404
    content = people.sounds_of(attempt).trials[trial - 1].flac
    return HttpResponse(content, content_type="audio/flac", headers={"Cache-Control": FOREVER})


@require_POST
@annotator_page
def answers(request: HttpRequest, annotator: Annotator, token: str, key: str) -> HttpResponse:
    """All answers at once, as "2,1,3,...": leaving half-way leaves no half attempt."""
    attempt = get_object_or_404(annotator.headphone_attempts, key=key)
    given = request.POST.get("answers", "").split(",")
    allowed = {str(choice) for choice in range(1, N_INTERVALS + 1)}
    if len(given) != N_TRIALS or not set(given) <= allowed:
        return render(request, "400.html", status=400)
    people.finish_headphones(
        attempt=attempt, answers=[int(choice) for choice in given], now=timezone.now()
    )
    annotator.refresh_from_db()
    return redirect(people.next_step(annotator), token)
