"""The page Advise for researchers: any excerpt of the library, at any balance."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from annotate.background import enqueue
from annotate.fields import StemValues
from annotate.models import Excerpt
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.work import job_of
from studies.forms import ProblemForm
from studies.views.balances import download_balance
from studies.views.page import advice_context


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def excerpt(request: ResearcherRequest, key: str) -> HttpResponse:
    """An excerpt of the library, at a balance that the address holds."""
    found = _excerpt(key)
    given = request.POST if request.method == "POST" else request.GET
    form = ProblemForm(given, excerpt=found)
    if not form.is_valid():
        return render(
            request,
            "studies/excerpt.html",
            {"excerpt": found, "form": form, "title": str(found.song)},
            status=400,
        )
    problem_db = form.problem_db()
    if request.method == "POST":
        job = enqueue(
            "advise_on_excerpt",
            {"excerpt": found.key, "problem_db": problem_db},
            owner=request.user,
            about=str(found.song),
            page=f"{reverse('advise-excerpt', args=[key])}?{urlencode(_query(problem_db))}",
        )
        query = urlencode({**_query(problem_db), "job": job})
        return HttpResponseRedirect(f"{reverse('advise-excerpt', args=[key])}?{query}")
    return _excerpt_page(request, found, form, problem_db)


def _excerpt_page(
    request: ResearcherRequest, found: Excerpt, form: ProblemForm, problem_db: StemValues
) -> HttpResponse:
    job = job_of(request)
    context: dict[str, Any] = {
        "excerpt": found,
        "form": form,
        "job": job,
        "is_over": job is None or job.is_over,
        "title": str(found.song),
        "query": urlencode(_query(problem_db)),
        "downloads": reverse("advise-excerpt-balance", args=[found.key, "json"]),
    }
    if context["is_over"]:
        context |= advice_context(
            found,
            problem_db,
            lambda stem: reverse("excerpt-stem", args=[found.key, stem]),
            job,
        )
    response = render_page(request, "studies/excerpt.html", context, part="state")
    if job is not None and job.is_over and request.htmx:
        response["HX-Refresh"] = "true"
    return response


@researcher_required
@require_safe
def excerpt_balance(request: ResearcherRequest, key: str, format_: str) -> HttpResponseBase:
    found = _excerpt(key)
    form = ProblemForm(request.GET, excerpt=found)
    if not form.is_valid():
        raise Http404
    return download_balance(request, found, form.problem_db(), format_)


def _excerpt(key: str) -> Excerpt:
    return get_object_or_404(Excerpt.objects.select_related("song"), key=key, has_audio=True)


def _query(problem_db: StemValues) -> dict[str, str]:
    return {stem: f"{value:g}" for stem, value in problem_db.items() if value}
