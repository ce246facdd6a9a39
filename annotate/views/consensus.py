"""Consensus: what a campaign's annotations agree on, looked at, decided and frozen."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotate.background import enqueue
from annotate.drafts import Draft, draft_items, draft_of, item_view, rows_of
from annotate.forms import DecisionForm, RulesForm
from annotate.listening import excerpt_player
from annotate.models import Campaign, CampaignExcerpt
from annotate.models.songs import ROLE_CHOICES
from annotate.services import campaigns as service
from annotate.services.consensus import draft_rules, set_rules
from annotate.views.access import (
    ResearcherRequest,
    campaign_of,
    render_page,
    researcher_required,
)
from annotate.views.work import job_of, show_job

EXCERPTS_PER_PAGE = 25


@researcher_required
@require_safe
def index(request: ResearcherRequest, key: str) -> HttpResponse:
    campaign = campaign_of(request, key)
    draft = draft_of(campaign)
    return _index_page(request, campaign, draft, RulesForm(initial=draft.rules))


@researcher_required
@require_POST
def rules(request: ResearcherRequest, key: str) -> HttpResponse:
    """Store the rules and work the draft out anew; the page follows the job."""
    campaign = campaign_of(request, key)
    form = RulesForm(request.POST)
    if not form.is_valid():
        return _index_page(request, campaign, draft_of(campaign), form, status=400)
    set_rules(campaign, form.rules(draft_rules(campaign)))
    return _follow(request, campaign, "compute_consensus", {"campaign": campaign.key})


@researcher_required
@require_POST
def freeze(request: ResearcherRequest, key: str) -> HttpResponse:
    campaign = campaign_of(request, key)
    arguments = {"campaign": campaign.key, "user": request.user.pk}
    return _follow(request, campaign, "freeze_consensus", arguments)


def _follow(
    request: ResearcherRequest, campaign: Campaign, kind: str, arguments: dict[str, Any]
) -> HttpResponse:
    page = reverse("consensus", args=[campaign.key])
    job = enqueue(kind, arguments, owner=request.user, about=campaign.name, page=page)
    return show_job(page, job)


def _index_page(
    request: ResearcherRequest, campaign: Campaign, draft: Draft, form: RulesForm, status: int = 200
) -> HttpResponse:
    items = Paginator(draft_items(campaign), EXCERPTS_PER_PAGE)
    page = items.get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "draft": draft,
        "form": form,
        "page": page,
        "rows": rows_of(draft, page.object_list),
        "roles": ROLE_CHOICES,
        "frozen": campaign.consensuses.select_related("frozen_by"),
        "job": job_of(request),
    }
    return render_page(request, "annotate/consensus.html", context, part="results", status=status)


@researcher_required
@require_safe
def item(request: ResearcherRequest, key: str, item: str) -> HttpResponse:
    campaign = campaign_of(request, key)
    return _item_page(request, campaign, _item(campaign, item), DecisionForm())


@researcher_required
@require_POST
def decide(request: ResearcherRequest, key: str, item: str) -> HttpResponse:
    campaign = campaign_of(request, key)
    found = _item(campaign, item)
    form = DecisionForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            service.decide(
                item=found,
                verdict=values["verdict"],
                reason=values["reason"],
                extra=values["extra"] or 0,
                by=request.user,
                now=timezone.now(),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Your decision is kept."))
            return redirect("consensus-item", key=campaign.key, item=found.key)
    return _item_page(request, campaign, found, form, status=400)


def _item(campaign: Campaign, key: str) -> CampaignExcerpt:
    items = CampaignExcerpt.objects.filter(campaign=campaign)
    return get_object_or_404(items.select_related("excerpt__song", "campaign"), key=key)


def _item_page(
    request: ResearcherRequest,
    campaign: Campaign,
    found: CampaignExcerpt,
    form: DecisionForm,
    status: int = 200,
) -> HttpResponse:
    view = item_view(campaign, found)
    player = excerpt_player(found.excerpt, campaign)
    context: dict[str, Any] = {
        "campaign": campaign,
        "item": found,
        "excerpt": found.excerpt,
        "view": view,
        "roles": ROLE_CHOICES,
        "decisions": found.decisions.select_related("by").order_by("-pk"),
        "form": form,
        "player": player and {**player, "versions": view.versions(found.excerpt)},
    }
    return render_page(request, "annotate/consensus_item.html", context, status=status)
