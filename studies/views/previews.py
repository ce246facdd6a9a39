"""How the study looks to who takes part: each block's trial with sample texts, saved or not."""

import json
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.languages import speak
from annotate.views.access import ResearcherRequest, researcher_required
from studies.design.form_data import read_form
from studies.design.preview import preview_page, sample_flac
from studies.models import Study
from studies.protocol.reading import SpecError, read_spec
from studies.protocol.spec import Spec
from studies.views.frames import in_own_frame, with_frames
from studies.views.study_access import render_study, study_of


@with_frames
@researcher_required
@require_safe
def page(request: ResearcherRequest, key: str) -> HttpResponse:
    """Every block's trial, and the way in as a participant."""
    study = study_of(request, key)
    version = study.latest
    spec = read_spec(version.spec)
    wanted = request.GET.get("block", "")
    block = next((one for one in spec.blocks if one.key == wanted), spec.blocks[0])
    language = request.GET.get("language", "")
    context = {
        "spec": spec,
        "block": block,
        "language": language if language in spec.languages else spec.languages[0],
        "narrow": request.GET.get("width") == "narrow",
        "walk_url": _walk_url(study),
        "is_prepared": version.items.exists(),
    }
    return render_study(
        request, "studies/study_preview.html", study, context, tab="preview", version=version
    )


def _walk_url(study: Study) -> str:
    try:
        return reverse("part-join", args=[study.key]) + "?preview"
    except NoReverseMatch:
        return ""


@in_own_frame
@xframe_options_sameorigin
@never_cache
@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: ResearcherRequest, key: str) -> HttpResponse:
    """One trial as a page of its own: of the saved spec, or of the form that was posted."""
    study = study_of(request, key)
    wanted, language = request.GET.get("block", ""), request.GET.get("language", "")
    data: Any = study.latest.spec
    if request.method == "POST":
        data, wanted = read_form(request.POST.lists()), request.POST.get("_block", "")
    try:
        spec = read_spec(data)
    except SpecError as error:
        return render(request, "studies/preview_fault.html", {"fault": str(error)})
    return _trial(request, study, spec, wanted, language)


def _trial(
    request: ResearcherRequest, study: Study, spec: Spec, wanted: str, language: str
) -> HttpResponse:
    # A form names its block by place: the key may be in the making.
    by_place = {str(place): one for place, one in enumerate(spec.blocks)}
    by_key = {one.key: one for one in spec.blocks}
    block = by_key.get(wanted) or by_place.get(wanted) or spec.blocks[0]
    given = language if language in spec.languages else spec.languages[0]
    speak(given)
    context = {"trial": preview_page(study, spec, block, given), "spec": spec, "is_preview": True}
    return render(request, "studies/participant/trial.html", context)


@researcher_required
@require_POST
def save(request: ResearcherRequest, key: str) -> JsonResponse:
    """What a trial's page is told when it saves; here nothing is kept."""
    study = study_of(request, key)
    try:
        sent = json.loads(request.body)
        seq, submit = int(sent.get("seq", 0)), sent.get("submit")
    except (ValueError, TypeError, AttributeError):
        return JsonResponse({"error": "the request must be one JSON object"}, status=400)
    submitted = None
    if isinstance(submit, dict):
        home = reverse("study-preview-trial", args=[study.key])
        submitted = {
            "revision": 1,
            "at": None,
            "next": home,
            "phase": submit.get("phase", "before"),
            "feedback": None,
        }
    return JsonResponse({"saved_seq": seq, "is_latest": True, "submitted": submitted})


@researcher_required
@require_safe
def sound(request: ResearcherRequest, key: str) -> HttpResponse:
    """A sample sound, where nothing is rendered yet."""
    study_of(request, key)
    headers = {"Cache-Control": "private, max-age=3600"}
    return HttpResponse(sample_flac(), content_type="audio/flac", headers=headers)
