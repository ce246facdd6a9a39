"""The annotator's way: welcome, queue, mixer, save. The link is the person: no account."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.vectors import STEMS
from annotate.desk import desk_payload
from annotate.languages import is_offered, speak
from annotate.models import Annotation, Annotator, Assignment
from annotate.models.songs import ROLE_CHOICES
from annotate.served import Showing, served_stem_flac
from annotate.services import assigning, people, saving, stock
from annotate.views.desk_texts import desk_texts
from annotate.views.stored_audio import stored_audio
from modeling.audio import AudioError

P = ParamSpec("P")
logger = logging.getLogger(__name__)


def annotator_page(
    view: Callable[Concatenate[HttpRequest, Annotator, str, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view the annotator whom the link admits. A withdrawn link is told so kindly; a
    stranger meets the plain 404. The address is a secret: it goes to no other site and no index."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        admitted = Annotator.objects.by_token(token, timezone.now()).select_related("campaign")
        annotator = admitted.first()
        if annotator is None:
            known = Annotator.objects.with_link(token).first()
            if known is None:
                raise Http404
            speak(known.language)
            page = "withdrawn" if known.withdrawn_at else "gone"
            response: HttpResponseBase = render(
                request, f"annotate/annotator/{page}.html", status=404
            )
        else:
            speak(annotator.language)
            response = view(request, annotator, token, *args, **kwargs)
        return keep_secret(response)

    return wrapped


def keep_secret(response: HttpResponseBase) -> HttpResponseBase:
    """For pages whose address holds a token. Not "no-referrer": browsers then send "Origin: null"
    with forms, which the CSRF check rightly refuses."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    return response


class WelcomeForm(forms.Form):
    """What is asked of each annotator once."""

    consent = forms.BooleanField(label=gettext_lazy("I have read this and take part."))
    mixing_years = forms.IntegerField(
        label=gettext_lazy("For how many years have you mixed music?"),
        help_text=gettext_lazy("As work or as a hobby. 0 if you never have."),
        min_value=0,
        max_value=80,
    )
    playback_device = forms.ChoiceField(
        label=gettext_lazy("What do you listen on?"),
        choices=Annotator.Device.choices,
        widget=forms.RadioSelect,
    )
    volume = forms.BooleanField(
        label=gettext_lazy("The volume is comfortable, and I will leave it there.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@annotator_page
def welcome(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    if annotator.consented_at is not None:
        return redirect(people.next_step(annotator), token)
    form = WelcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        people.record_welcome(
            annotator=annotator,
            mixing_years=form.cleaned_data["mixing_years"],
            playback_device=form.cleaned_data["playback_device"],
            language=get_language() or "",
            now=timezone.now(),
        )
        stock.ask_for_stock(annotator.campaign, annotator)
        annotator.refresh_from_db()
        return redirect(people.next_step(annotator), token)
    context = {"form": form, "campaign": annotator.campaign, "token": token}
    status = 400 if form.is_bound else 200
    return render(request, "annotate/annotator/welcome.html", context, status=status)


@require_POST
@annotator_page
def language(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    chosen = request.POST.get("language", "")
    if not is_offered(chosen):
        return render(request, "400.html", status=400)
    people.choose_language(annotator=annotator, language=chosen)
    return redirect(people.next_step(annotator), token)


@require_safe
@annotator_page
def queue(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    step = people.next_step(annotator)
    if step != "queue":
        return redirect(step, token)
    remaining = assigning.remaining(annotator)
    showings = annotator.assignments.order_by("pk")
    context = {
        "campaign": annotator.campaign,
        "token": token,
        "remaining": remaining,
        "showings": showings,
        "is_finished": not remaining.in_progress
        and (remaining.done >= remaining.total or "finished" in request.GET),
    }
    return render(request, "annotate/annotator/queue.html", context)


@require_POST
@annotator_page
def next_excerpt(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    if people.next_step(annotator) != "queue":
        return redirect(people.next_step(annotator), token)
    now = timezone.now()
    assignment = assigning.next_assignment(annotator=annotator, now=now)
    if assignment is None:
        return redirect(reverse("queue", args=[token]) + "?finished")
    stock.ask_for_stock(annotator.campaign, annotator, not_before=now + stock.REFILL_AFTER)
    return redirect("mixer", token, assignment.key)


# A third of the page's weight is numbers: worth compressing even where no proxy does. It reflects
# nothing that a stranger could choose, and Django pads the length at random.
@require_safe
@gzip_page
@annotator_page
def mixer(request: HttpRequest, annotator: Annotator, token: str, key: str) -> HttpResponse:
    if people.next_step(annotator) != "queue" or not annotator.campaign.is_open:
        return redirect(people.next_step(annotator), token)
    assignment = get_object_or_404(
        annotator.assignments.select_related("item__campaign", "item__excerpt"), key=key
    )
    try:
        desk = desk_payload(assignment, token, timezone.now())
    except AudioError as error:
        return _no_sound(request, assignment, token, error)
    context = {
        "campaign": annotator.campaign,
        "token": token,
        "number": annotator.assignments.filter(pk__lte=assignment.pk).count(),
        "remaining": assigning.remaining(annotator),
        "strips": _strips(assignment),
        "desk": desk,
        "texts": desk_texts(),
    }
    return render(request, "annotate/annotator/mixer.html", context)


def _no_sound(
    request: HttpRequest, assignment: Assignment, token: str, error: Exception
) -> HttpResponse:
    """The library's own files are gone: a fault for who runs the site to see, not who listens."""
    logger.error("no audio for excerpt %s: %s", assignment.item.excerpt.key, type(error).__name__)
    context = {"campaign": assignment.annotator.campaign, "token": token}
    return render(request, "annotate/annotator/no_sound.html", context, status=503)


def _strips(assignment: Assignment) -> list[dict[str, Any]]:
    """The desk's channels; a stem that is silent in this excerpt has nothing to set."""
    return [
        {"role": role, "name": name, "is_silent": assignment.served_gain_db[role] is None}
        for role, name in ROLE_CHOICES
    ]


@require_POST
def save(request: HttpRequest, token: str, key: str) -> HttpResponseBase:
    """One batch of the desk, and the answer if it carries one. Always JSON."""
    return keep_secret(_save(request, token, key))


def _save(request: HttpRequest, token: str, key: str) -> JsonResponse:
    now = timezone.now()
    assignment = saving.showing(key=key, token=token, now=now)
    if assignment is None:
        return _refusal(404, _("This link no longer works. Ask whoever sent it for a new one."))
    speak(assignment.annotator.language)
    try:
        payload = json.loads(request.body)
    except RequestDataTooBig:
        return _refusal(413, _("This save is too large."))
    except (ValueError, RecursionError):
        return _refusal(400, _("The save is not readable as JSON."))
    try:
        result = saving.save(assignment=assignment, payload=payload, now=now)
    except saving.Refused as refused:
        return _refusal(refused.status, refused.message, is_technical=refused.is_technical)
    answer = {
        "saved_seq": result.saved_seq,
        "is_latest": result.is_latest,
        "submitted": _submitted(result.annotation, token),
    }
    return JsonResponse(answer)


def _refusal(status: int, message: str, *, is_technical: bool = False) -> JsonResponse:
    """Of what only a broken page sends, the page says in its own words that it failed."""
    return JsonResponse({"error": message, "is_technical": is_technical}, status=status)


def _submitted(annotation: Annotation | None, token: str) -> dict[str, Any] | None:
    if annotation is None:
        return None
    return {
        "revision": annotation.revision,
        "at": annotation.submitted_at.isoformat(),
        "next": reverse("queue", args=[token]),
    }


@require_safe
@annotator_page
def stem_audio(
    request: HttpRequest, annotator: Annotator, token: str, key: str, role: str
) -> HttpResponse:
    """A stem as this annotator hears it: levelled and trimmed, with no name and no date on it."""
    assignment = get_object_or_404(
        annotator.assignments.select_related("item__campaign", "item__excerpt"), key=key
    )
    if role not in STEMS or not annotator.campaign.is_open:
        raise Http404
    try:
        return stored_audio(served_stem_flac(Showing.of(assignment), role))
    except ValueError as error:
        raise Http404 from error
    except (AudioError, OSError) as error:
        # The library's own file is gone: a fault for who runs the site to see, not who listens.
        logger.error(
            "no audio for excerpt %s: %s", assignment.item.excerpt.key, type(error).__name__
        )
        raise Http404 from error
