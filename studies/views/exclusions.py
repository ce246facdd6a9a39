"""Exclusion rules: what is recorded, what each set leaves, a new set tried before it is kept."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analysis.study_parts import Study as StudyRead
from annotate.kept import kept
from annotate.views.access import ResearcherRequest, researcher_required
from studies.exclusion_form import read_rules
from studies.models import Study, StudyVersion
from studies.services import exclusions
from studies.services.refusing import Refused
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: ResearcherRequest, key: str) -> HttpResponse:
    """The page; by POST a set that is tried ("try") or recorded ("record")."""
    study = study_of(request, key)
    version = shown_version(request, study)
    rules, choices = read_rules(request.POST)
    faults = [choice for choice in choices if choice.fault]
    form: dict[str, Any] = {"choices": choices, "title": request.POST.get("title", "")}
    if request.method != "POST":
        return _look(request, study, version, form)
    read = _read(version)
    if faults:
        return _page(request, study, version, read, form, 400)
    if request.POST.get("do") == "try":
        return _try(request, study, version, read, form, rules)
    study_of(request, key, "run")
    try:
        row = exclusions.record(
            version, title=form["title"], rules=rules, by=request.user, now=timezone.now()
        )
    except Refused as refused:
        return _page(request, study, version, read, form | {"fault": str(refused)}, 400)
    messages.success(request, _("Recorded as “%(name)s”.") % {"name": row.name})
    return redirect("study-exclusions", key=study.key)


def _read(version: StudyVersion) -> StudyRead | None:
    return exclusions.study_now(version, timezone.now()) if version.is_frozen else None


def _look(
    request: ResearcherRequest, study: Study, version: StudyVersion, form: dict[str, Any]
) -> HttpResponse:
    """The page as it is opened: effects may be kept for a moment, what is tried is worked out."""
    sets = exclusions.recorded(version)

    def effects() -> list[Any] | None:
        read = _read(version)
        return None if read is None else [_effect(read, one["rules"]) for one in sets]

    names = tuple(one["name"] for one in sets)
    counted = kept(("exclusions", version.pk, names), effects)
    more = form | {"counted_at": counted.counted_at}
    return _render(request, study, version, sets, counted.value, more)


def _try(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    read: StudyRead | None,
    form: dict[str, Any],
    rules: list[dict[str, Any]],
) -> HttpResponse:
    if read is None or not rules:
        fault = _("Choose one rule or more.") if not rules else _("There is nothing to try yet.")
        return _page(request, study, version, read, form | {"fault": fault}, 400)
    return _page(request, study, version, read, form | {"tried": _effect(read, rules)})


def _effect(read: StudyRead, rules: list[dict[str, Any]]) -> Any:
    try:
        return exclusions.effect_of(read, rules)
    except Refused as refused:
        return {"fault": str(refused)}


def _page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    read: StudyRead | None,
    form: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    sets = exclusions.recorded(version)
    effects = None if read is None else [_effect(read, one["rules"]) for one in sets]
    return _render(request, study, version, sets, effects, form, status)


def _render(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    sets: list[dict[str, Any]],
    effects: list[Any] | None,
    form: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """`effects` is None where there is nothing to work them out from, or too much."""
    shown = [one | {"effect": effects[n] if effects else None} for n, one in enumerate(sets)]
    context = {"sets": shown, "form": form, "is_readable": effects is not None}
    context["counted_at"] = form.get("counted_at")
    return render_study(
        request,
        "studies/study_exclusions.html",
        study,
        context,
        tab="exclusions",
        version=version,
        status=status,
    )
