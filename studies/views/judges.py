"""Judges of a study: which there are, asking for one, looking at what was exchanged."""

import json
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.background import enqueue
from annotate.views.access import ResearcherRequest, researcher_required
from annotate.views.work import job_of, show_job
from studies.judge_forms import JudgeForm, named_endpoint
from studies.judge_listing import judge_lines, judge_trials
from studies.models import Rater, Study, StudyVersion
from studies.services import audit
from studies.services.judge_plans import RUBRIC, JudgePlan
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version, version_numbers

PRICE, RUN = "price_judge", "run_judge"
TRIALS_PER_PAGE = 50
# Runs that are shown: those of today or so, the latest of each judge.
RUNS_SHOWN = 8


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: ResearcherRequest, key: str) -> HttpResponseBase:
    """The judges there are; by POST the price of a new run, which nothing is spent on yet."""
    study = study_of(request, key, "run" if request.method == "POST" else "view")
    version = shown_version(request, study)
    form = JudgeForm(request.POST or None, endpoint=named_endpoint())
    if request.method != "POST":
        return _page(request, study, version, form)
    if not version.is_frozen or not form.is_valid():
        return _page(request, study, version, form, status=400)
    plan = form.plan()
    return _ask(request, study, version, PRICE, plan)


@researcher_required
@require_POST
def start(request: ResearcherRequest, key: str) -> HttpResponseBase:
    """Begin the run that was priced, exactly as it was priced."""
    study = study_of(request, key, "run")
    version = shown_version(request, study)
    priced = _jobs(version).filter(
        key=request.POST.get("priced", "").replace("\0", ""),
        kind=PRICE,
        state="done",
        owner=request.user,
    )
    job = get_object_or_404(priced)
    return _begin(request, study, version, JudgePlan(**job.arguments["plan"]))


@researcher_required
@require_POST
def start_rubric(request: ResearcherRequest, key: str) -> HttpResponseBase:
    """Let the rubric rater judge: it costs nothing and knows the answer."""
    study = study_of(request, key, "run")
    version = shown_version(request, study)
    if not version.is_frozen:
        return _page(request, study, version, JudgeForm(endpoint=named_endpoint()), status=400)
    return _begin(request, study, version, JudgePlan(judge=RUBRIC))


def _begin(
    request: ResearcherRequest, study: Study, version: StudyVersion, plan: JudgePlan
) -> HttpResponseBase:
    running = _jobs(version).filter(
        kind=RUN, state__in=["queued", "running"], arguments__plan__judge=plan.judge
    )
    if running.exists():
        messages.info(request, _("This judge is at work already."))
        return redirect(_address(study, version))
    audit.note(
        study,
        "judge started",
        now=timezone.now(),
        by=request.user,
        version=version,
        **{name: value for name, value in plan.as_arguments().items() if value not in ("", None)},
    )
    return _ask(request, study, version, RUN, plan)


def _ask(
    request: ResearcherRequest, study: Study, version: StudyVersion, kind: str, plan: JudgePlan
) -> HttpResponseBase:
    page = _address(study, version)
    arguments = {"version": version.pk, "plan": plan.as_arguments()}
    about = f"{plan.judge}, {study.title}"
    key = enqueue(kind, arguments, owner=request.user, about=about, page=page)
    return show_job(page, key, anchor="#price" if kind == PRICE else "#runs")


def _address(study: Study, version: StudyVersion) -> str:
    query = urlencode({"version": version.number})
    return f"{reverse('study-judges', args=[study.key])}?{query}"


def _jobs(version: StudyVersion) -> Any:
    jobs: Any = apps.get_model("config", "Job").objects
    return jobs.filter(kind__in=[PRICE, RUN], arguments__version=version.pk)


def _runs(version: StudyVersion) -> list[Any]:
    """The latest run of each judge, unless it is done: then its line in the table says it all."""
    latest: dict[str, Any] = {}
    for job in _jobs(version).filter(kind=RUN).order_by("-pk")[: 5 * RUNS_SHOWN]:
        latest.setdefault(job.arguments["plan"]["judge"], job)
    return [job for job in latest.values() if job.state != "done"][:RUNS_SHOWN]


def _page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    form: JudgeForm,
    status: int = 200,
) -> HttpResponse:
    runs = _runs(version)
    job = job_of(request)
    priced = job if job is not None and job.kind == PRICE else None
    if priced is not None and priced.arguments.get("version") != version.pk:
        priced = None
    context = {
        "judges": judge_lines(version),
        "runs": runs,
        "priced": priced,
        "is_at_work": any(not one.is_over for one in [*runs, *([priced] if priced else [])]),
        "form": form,
        "endpoint": named_endpoint(),
        "versions": version_numbers(study),
        "address": _address(study, version),
    }
    return render_study(
        request,
        "studies/study_judges.html",
        study,
        context,
        tab="judges",
        version=version,
        part="state",
        status=status,
    )


@researcher_required
@require_safe
def judge(request: ResearcherRequest, key: str, number: int) -> HttpResponse:
    """The trials of one judge."""
    study = study_of(request, key)
    version = shown_version(request, study)
    line = next((one for one in judge_lines(version) if one.rater.number == number), None)
    if line is None:
        raise Http404
    trials = judge_trials(version, number)
    if request.GET.get("only") == "failed":
        trials = trials.filter(state="failed")
    page = Paginator(trials, TRIALS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"line": line, "page": page, "only": request.GET.get("only")}
    return render_study(
        request,
        "studies/study_judge.html",
        study,
        context,
        tab="judges",
        version=version,
        part="trials",
    )


@researcher_required
@require_safe
def trial(request: ResearcherRequest, key: str, number: int, position: int) -> HttpResponse:
    """One trial: each request as it was sent and the raw answer to it, and what was read of it."""
    study = study_of(request, key, "run")
    version = shown_version(request, study)
    found = get_object_or_404(judge_trials(version, number), position=position)
    calls = [
        {"call": call, "request": json.dumps(call.request, indent=2, ensure_ascii=False)}
        for call in found.judge_calls.all()
    ]
    context = {
        "trial": found,
        "about": found.rater.about,
        "is_rubric": found.rater.kind == Rater.Kind.RUBRIC,
        "calls": calls,
        "answers": found.judgements.order_by("question"),
    }
    return render_study(
        request, "studies/study_judge_trial.html", study, context, tab="judges", version=version
    )
