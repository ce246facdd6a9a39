"""Pages of background work: what one's own jobs are doing, stopping one, asking for it again."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotate.views.access import ResearcherRequest, render_page, researcher_required
from config.models import Job, JobQuerySet

JOBS_PER_PAGE = 25


def _visible(request: ResearcherRequest) -> JobQuerySet:
    """Whoever runs the site sees every job, everybody else their own."""
    jobs = Job.objects.select_related("owner")
    return jobs if request.user.is_superuser else jobs.own(request.user.pk)


@researcher_required
@require_safe
def index(request: ResearcherRequest) -> HttpResponse:
    """One's own jobs, the newest first; ?of=all for whoever runs the site."""
    is_of_all = request.user.is_superuser and request.GET.get("of") == "all"
    jobs = _visible(request) if is_of_all else _visible(request).own(request.user.pk)
    page = Paginator(jobs, JOBS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "is_of_all": is_of_all,
        "is_at_work": any(not job.is_over for job in page.object_list),
    }
    return render_page(request, "config/jobs.html", context, part="jobs")


@researcher_required
@require_safe
def job(request: ResearcherRequest, key: str) -> HttpResponse:
    """A job's progress; the page asks again by htmx until the job is over."""
    found = get_object_or_404(_visible(request), key=key)
    return render_page(request, "config/job.html", {"job": found}, part="job")


@researcher_required
@require_POST
def stop(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    """Ask a job to stop; what it has done stays."""
    found = get_object_or_404(_visible(request), key=key)
    if not Job.objects.ask_to_stop(found, timezone.now()):
        messages.info(request, _("This was over already."))
    return _back(request, found)


@researcher_required
@require_POST
def retry(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    """Queue a failed or stopped job again."""
    found = get_object_or_404(_visible(request), key=key)
    if not Job.objects.queue_again(found):
        messages.error(request, _("This cannot be started again; ask for it anew."))
    return _back(request, found)


def _back(request: ResearcherRequest, found: Job) -> HttpResponseRedirect:
    """The page with the button, or the job's own."""
    given = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(given, None) and given.startswith("/"):
        return HttpResponseRedirect(given)
    return redirect("job", key=found.key)
