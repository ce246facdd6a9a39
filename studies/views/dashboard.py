"""The overview of a study: how it stands now, the links to give out, opening and closing it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from annotate.kept import kept
from annotate.views.access import ResearcherRequest, researcher_required
from studies.exports.labels import Labels
from studies.invite_links import invite_links
from studies.models import StudyVersion
from studies.services import freezing
from studies.services.cells import block_cells
from studies.services.dashboard import progress_of
from studies.services.first_agreement import first_agreement
from studies.services.groups import Group, group
from studies.services.refusing import Refused
from studies.study_plots import funnel_plot, matrix_plot
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version, version_numbers

LEAST_SHOWN = 20
ACTS: dict[str, tuple[Callable[[StudyVersion, Any, datetime], Any], Any]] = {
    "pause": (
        freezing.pause,
        gettext_lazy("Paused: nobody new comes in; who is at work ends."),
    ),
    "resume": (freezing.resume, gettext_lazy("Open again.")),
    "close": (freezing.close, gettext_lazy("Closed: no more answers are taken.")),
}


@researcher_required
@require_safe
def dashboard(request: ResearcherRequest, key: str) -> HttpResponse:
    """The page; by htmx what is live of it, or with ?part=agreement the first figures."""
    study = study_of(request, key)
    version = shown_version(request, study)
    shown = group(request.GET.get("group"))
    part = "agreement" if request.GET.get("part") == "agreement" else "live"
    is_whole = not request.htmx
    context: dict[str, Any] = {
        "version": version,
        "versions": version_numbers(study),
        "group": shown,
        "query": _query(version, shown),
    }
    if is_whole or part == "live":
        context |= _live(version, shown)
    if is_whole or part == "agreement":
        counted = kept(
            ("agreement", version.pk, shown.key), lambda: first_agreement(version, shown)
        )
        context |= {"agreement": counted.value, "agreement_counted_at": counted.counted_at}
    if is_whole:
        context["links"] = invite_links(version, request.build_absolute_uri)
    return render_study(
        request,
        "studies/study_dashboard.html",
        study,
        context,
        tab="overview",
        version=version,
        part=part,
    )


def _query(version: StudyVersion, shown: Group) -> str:
    return f"version={version.number}&group={shown.key}"


def _live(version: StudyVersion, shown: Group) -> dict[str, Any]:
    counted = kept(
        ("study", version.pk, shown.key),
        lambda: (
            progress_of(version, shown, timezone.now()),
            block_cells(version, shown, Labels.of(version)),
        ),
    )
    progress, blocks = counted.value
    return {
        "counted_at": counted.counted_at,
        "progress": progress,
        "funnel": funnel_plot(progress.funnel),
        "blocks": [
            {
                "cells": block,
                "matrix": matrix_plot(block),
                "behind": sorted(block.cells, key=lambda cell: cell.share)[:LEAST_SHOWN],
            }
            for block in blocks
        ],
    }


@researcher_required
@require_POST
def change(request: ResearcherRequest, key: str, act: str) -> HttpResponseRedirect:
    """Pause, resume or close."""
    study = study_of(request, key, "run")
    version = shown_version(request, study)
    do, told = ACTS[act]
    try:
        do(version, request.user, timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, str(told))
    return redirect("study-dashboard", key=study.key)


@researcher_required
@require_safe
def audit(request: ResearcherRequest, key: str) -> HttpResponse:
    """Everything that was done with the study, the latest first."""
    study = study_of(request, key)
    labels = Labels.of(shown_version(request, study))
    lines = study.audit.select_related("by").order_by("-pk")
    page = Paginator(lines, 50).get_page(request.GET.get("page"))
    shown = [
        {"line": line, "detail": labels.hide(line.detail), "act": _(line.act)} for line in page
    ]
    context = {"page": page, "lines": shown}
    return render_study(
        request, "studies/study_audit.html", study, context, tab="exports", part="results"
    )
