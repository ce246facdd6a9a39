"""Campaigns: the list, a new one, and the dashboard of each."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.drafts import HEADLINE, agreement_rows
from annotate.exports import annotations_csv, json_text
from annotate.forms import CampaignForm, SongFilterForm
from annotate.kept import kept
from annotate.listings import campaign_lines
from annotate.models import Campaign
from annotate.models.songs import ROLE_CHOICES
from annotate.progress import campaign_progress
from annotate.services import acts
from annotate.services import campaigns as service
from annotate.views.access import (
    ResearcherRequest,
    campaign_of,
    render_page,
    researcher_required,
)

CAMPAIGNS_PER_PAGE = 25
EXCERPTS_PER_PAGE = 25
MOST_SHOWN = 20
EXPORTS = {
    "csv": (annotations_csv, "text/csv; charset=utf-8"),
    "json": (json_text, "application/json"),
}


@researcher_required
@require_safe
def index(request: ResearcherRequest) -> HttpResponse:
    visible = Campaign.objects.visible_to(request.user)
    page = Paginator(visible, CAMPAIGNS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": campaign_lines(page.object_list)}
    return render_page(request, "annotate/campaigns.html", context, part="results")


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: ResearcherRequest) -> HttpResponse:
    """The form; by htmx only the count of excerpts that the present filter would take."""
    if request.method == "POST":
        return _create(request)
    form = CampaignForm(owner=request.user, initial=request.GET.dict())
    return _form_page(request, form, SongFilterForm(request.GET).song_filter())


def _create(request: ResearcherRequest) -> HttpResponse:
    form = CampaignForm(request.POST, owner=request.user)
    if form.is_valid():
        try:
            campaign = service.create_campaign(
                owner=request.user,
                song_filter=form.song_filter(),
                now=timezone.now(),
                **form.settings(),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("campaign", key=campaign.key)
    return _form_page(request, form, form.song_filter(), status=400)


def _form_page(
    request: ResearcherRequest, form: CampaignForm, song_filter: dict[str, str], status: int = 200
) -> HttpResponse:
    excerpts = service.excerpts_for(song_filter)
    context = {
        "form": form,
        "excerpt_count": excerpts.count(),
        "song_count": excerpts.order_by().values("song").distinct().count(),
    }
    return render_page(request, "annotate/campaign_new.html", context, part="count", status=status)


@researcher_required
@require_safe
def dashboard(request: ResearcherRequest, key: str) -> HttpResponse:
    campaign = campaign_of(request, key)
    counted = kept(("campaign", campaign.pk), lambda: campaign_progress(campaign, timezone.now()))
    progress = counted.value
    page = Paginator(progress.excerpts, EXCERPTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "progress": progress,
        "counted_at": counted.counted_at,
        "page": page,
        "roles": ROLE_CHOICES,
        "agreement": agreement_rows(progress.agreement, HEADLINE),
        "flags": progress.flags[:MOST_SHOWN],
        "outliers": progress.outliers[:MOST_SHOWN],
    }
    return render_page(request, "annotate/campaign.html", context, part="live")


@researcher_required
@require_POST
def open_(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    campaign = campaign_of(request, key)
    service.open_campaign(campaign=campaign, now=timezone.now())
    messages.success(request, _("The campaign is open: invite links let annotators in."))
    return redirect("campaign", key=campaign.key)


@researcher_required
@require_POST
def close(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    campaign = campaign_of(request, key)
    service.close_campaign(campaign=campaign, now=timezone.now())
    messages.success(request, _("The campaign is closed: no more answers are taken."))
    return redirect("campaign", key=campaign.key)


@researcher_required
@require_safe
def export(request: ResearcherRequest, key: str, format_: str) -> HttpResponse:
    """The same tables as `manage.py export_annotations`."""
    campaign = campaign_of(request, key)
    if format_ not in EXPORTS:
        raise Http404
    written, content_type = EXPORTS[format_]
    about = f"campaign {campaign.key}"
    acts.note("exported", now=timezone.now(), by=request.user, about=about, what=format_)
    headers = {"Content-Disposition": f'attachment; filename="{campaign.key}.{format_}"'}
    return HttpResponse(written(campaign), content_type=content_type, headers=headers)
