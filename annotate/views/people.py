"""The people of a campaign: invite, revoke, and watch how one of them worked."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotate.forms import InviteForm
from annotate.listening import excerpt_paths, excerpt_player
from annotate.listings import people_lines
from annotate.models import Assignment, Campaign
from annotate.models.songs import ROLE_CHOICES
from annotate.services import people as service
from annotate.timeline import timeline_of
from annotate.views.access import (
    ResearcherRequest,
    campaign_of,
    render_page,
    researcher_required,
)

PEOPLE_PER_PAGE = 25


@researcher_required
@require_safe
def index(request: ResearcherRequest, key: str) -> HttpResponse:
    return _page(request, campaign_of(request, key), InviteForm())


@researcher_required
@require_POST
def invite(request: ResearcherRequest, key: str) -> HttpResponse:
    """The links are in this one answer and nowhere else: only their hashes are stored."""
    campaign = campaign_of(request, key)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, campaign, form, status=400)
    invitations = service.invite(
        campaign=campaign, now=timezone.now(), by=request.user, **form.cleaned_data
    )
    links = [
        (one.annotator.letter, request.build_absolute_uri(reverse("queue", args=[one.token])))
        for one in invitations
    ]
    response = _page(request, campaign, InviteForm(), links=links)
    response["Cache-Control"] = "no-store"
    return response


@researcher_required
@require_POST
def revoke(request: ResearcherRequest, key: str, annotator: str) -> HttpResponseRedirect:
    campaign = campaign_of(request, key)
    found = get_object_or_404(campaign.annotators, key=annotator)
    service.revoke(annotator=found, now=timezone.now(), by=request.user)
    messages.success(
        request,
        _("The link of %(letter)s no longer works; what was submitted stays.")
        % {"letter": found.letter},
    )
    return redirect("people", key=campaign.key)


def _page(
    request: ResearcherRequest,
    campaign: Campaign,
    form: InviteForm,
    *,
    links: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    people = Paginator(campaign.annotators.order_by("number"), PEOPLE_PER_PAGE)
    page = people.get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "form": form,
        "links": links or [],
        "page": page,
        "lines": people_lines(page.object_list, timezone.now()),
        "item_count": campaign.items.count(),
    }
    return render_page(request, "annotate/people.html", context, part="results", status=status)


@researcher_required
@require_safe
def replay(request: ResearcherRequest, key: str, assignment: str) -> HttpResponse:
    """Watch and hear how one annotation came about."""
    campaign = campaign_of(request, key)
    found = get_object_or_404(
        Assignment.objects.filter(item__campaign=campaign).select_related(
            "annotator", "item__excerpt__song"
        ),
        key=assignment,
    )
    timeline = timeline_of(found)
    excerpt = found.item.excerpt
    context = {
        "campaign": campaign,
        "assignment": found,
        "excerpt": excerpt,
        "timeline": timeline,
        "paths": timeline.paths(found.start_db),
        "roles": ROLE_CHOICES,
        "waveforms": excerpt_paths(excerpt) if excerpt.has_audio else {},
        "annotations": found.annotations.order_by("revision"),
        "player": _player(found, campaign, timeline.as_json()),
    }
    return render_page(request, "annotate/replay.html", context)


def _player(
    assignment: Assignment, campaign: Campaign, timeline: dict[str, Any]
) -> dict[str, Any] | None:
    player = excerpt_player(assignment.item.excerpt, campaign)
    if player is None:
        return None
    served = {"served_gain_db": assignment.served_gain_db, "start_db": assignment.start_db}
    return {**player, **served, "timeline": timeline}
