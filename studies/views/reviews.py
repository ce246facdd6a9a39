"""The people of a study: the list, one participant's way, and a researcher's word on it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotate.views.access import ResearcherRequest, researcher_required
from studies.models import Rater, Review, StudyVersion
from studies.services import reviewing
from studies.services.groups import GROUPS, PEOPLE, group
from studies.services.refusing import Refused
from studies.study_people import person_lines, trial_lines, trials_shown
from studies.views.study_access import render_study, study_of
from studies.views.study_versions import shown_version

PEOPLE_PER_PAGE = 25
TRIALS_PER_PAGE = 20


@researcher_required
@require_safe
def index(request: ResearcherRequest, key: str) -> HttpResponse:
    study = study_of(request, key)
    version = shown_version(request, study)
    shown, state = group(request.GET.get("group")), request.GET.get("state", "")
    raters = Rater.objects.filter(shown.of(version))
    if state == "waiting":
        raters = raters.filter(state=Rater.State.COMPLETE, reviews__isnull=True)
    elif state in Rater.State:
        raters = raters.filter(state=state)
    reviews = Prefetch("reviews", Review.objects.order_by("pk"))
    raters = raters.prefetch_related("steps", reviews).order_by("number")
    page = Paginator(raters, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "version": version,
        "page": page,
        "lines": person_lines(version, page.object_list, timezone.now()),
        "group": shown,
        "groups": GROUPS,
        "state": state,
        "states": Rater.State.choices,
    }
    return render_study(
        request,
        "studies/study_people.html",
        study,
        context,
        tab="people",
        version=version,
        part="results",
    )


@researcher_required
@require_POST
def accept(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    """Accept everybody who was ticked, complete and not reviewed yet."""
    study = study_of(request, key, "run")
    version = shown_version(request, study)
    keys = request.POST.getlist("rater")
    done, left = reviewing.accept_all(version, keys, by=request.user, now=timezone.now())
    if done:
        told = ngettext("%(n)d accepted.", "%(n)d accepted.", done) % {"n": done}
        messages.success(request, told)
    if left or not done:
        messages.warning(
            request,
            _("%(n)d left as they are: not complete, or reviewed before.") % {"n": left}
            if left
            else _("Tick somebody first."),
        )
    return redirect("study-people", key=study.key)


@researcher_required
@require_safe
def person(request: ResearcherRequest, key: str, rater: str) -> HttpResponse:
    study = study_of(request, key)
    return _person_page(request, study, _rater(study, rater))


@researcher_required
@require_POST
def review(request: ResearcherRequest, key: str, rater: str) -> HttpResponse:
    """Accept or reject with a reason."""
    study = study_of(request, key, "run")
    found = _rater(study, rater)
    verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
    try:
        reviewing.review(found, verdict, reason=reason, by=request.user, now=timezone.now())
    except Refused as refused:
        context = {"fault": str(refused), "reason": reason}
        return _person_page(request, study, found, context, status=400)
    messages.success(
        request,
        _("Accepted.")
        if verdict == reviewing.ACCEPTED
        else _("Rejected: the whole list goes to somebody else. Nothing was deleted."),
    )
    return redirect("study-person", key=study.key, rater=found.key)


def _rater(study: Any, key: str) -> Rater:
    raters = Rater.objects.filter(version__study=study).select_related("version__study", "personal")
    return get_object_or_404(raters, key=key)


def _person_page(
    request: ResearcherRequest,
    study: Any,
    rater: Rater,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    version: StudyVersion = rater.version
    steps = list(rater.steps.all())
    reviews = list(rater.reviews.select_related("by"))
    page = Paginator(trials_shown(rater), TRIALS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "version": version,
        "rater": rater,
        "page": page,
        "line": person_lines(version, [rater], timezone.now())[0],
        "steps": steps,
        "gates": [step for step in steps if step.passed is not None],
        "reviews": reviews,
        "personal": getattr(rater, "personal", None),
        "trials": trial_lines(list(page.object_list)),
        "is_counted": rater.run == Rater.Run.MAIN and rater.kind == Rater.Kind.PERSON,
        "group": PEOPLE,
    }
    return render_study(
        request,
        "studies/study_person.html",
        study,
        context | (more or {}),
        tab="people",
        version=version,
        part="trials",
        status=status,
    )
