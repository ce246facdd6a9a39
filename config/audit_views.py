"""The audit of the whole site: for whoever runs it."""

import io

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from annotate.services import acts
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from config import audit

LINES_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def index(request: ResearcherRequest) -> HttpResponse:
    """The list; by POST all of it as CSV, which is on the list itself from then on."""
    if not request.user.is_superuser:
        raise Http404
    if request.method == "POST":
        return _download(request)
    page = Paginator(audit.lines(), LINES_PER_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "config/audit.html", {"page": page}, part="lines")


def _download(request: ResearcherRequest) -> HttpResponse:
    text = io.StringIO(newline="")
    audit.write_csv(text)
    now = timezone.now()
    acts.note("exported", now=now, by=request.user, about="audit")
    headers = {"Content-Disposition": f'attachment; filename="audit-{now:%Y-%m-%d}.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
