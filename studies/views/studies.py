"""Studies: the list, a new one, and what an owner does with a study as a whole."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.views.access import ResearcherRequest, render_page, researcher_required
from studies.design.beginning import beginning, presets
from studies.models import Study
from studies.protocol.reading import SpecError, read_spec
from studies.services import designing
from studies.services.refusing import Refused
from studies.study_forms import CloneForm, ImportStudyForm, NewStudyForm, ShareForm
from studies.study_listings import study_lines
from studies.views.study_access import render_study, study_of

STUDIES_PER_PAGE = 25


@researcher_required
@require_safe
def index(request: ResearcherRequest) -> HttpResponse:
    """Own studies and those shared with this account."""
    visible = Study.objects.visible_to(request.user).select_related("owner")
    page = Paginator(visible, STUDIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": study_lines(page.object_list, request.user)}
    return render_page(request, "studies/studies.html", context, part="results")


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ResearcherRequest) -> HttpResponse:
    """A title and a preset; the builder follows."""
    known = presets()
    form = NewStudyForm(request.POST or None, presets=[(one[0], one[1]) for one in known])
    if request.method == "POST" and form.is_valid():
        data = beginning(form.cleaned_data["begin_with"], form.cleaned_data["title"])
        try:
            study = designing.create_study(request.user, read_spec(data), timezone.now())
        except (SpecError, Refused) as error:
            form.add_error(None, str(error))
        else:
            return redirect("study-edit", key=study.key)
    about = {name: description for name, _title, description in known}
    context = {"form": form, "about": about, "import_form": ImportStudyForm()}
    status = 400 if form.is_bound else 200
    return render_page(request, "studies/study_new.html", context, status=status)


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: ResearcherRequest, key: str) -> HttpResponse:
    """Another study of one's own with the same design, and nobody's answers."""
    study = study_of(request, key)
    title = _("%(title)s (copy)") % {"title": study.title}
    form = CloneForm(request.POST or None, initial={"title": title[:200]})
    if request.method == "POST" and form.is_valid():
        try:
            made = designing.clone_study(
                study, request.user, form.cleaned_data["title"].strip(), timezone.now()
            )
        except (SpecError, Refused) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("This is your copy; nobody has answered in it."))
            return redirect("study-edit", key=made.key)
    status = 400 if form.is_bound else 200
    context = {"form": form}
    return render_study(
        request, "studies/study_clone.html", study, context, tab="clone", status=status
    )


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: ResearcherRequest, key: str) -> HttpResponse:
    """Colleagues and what each may do."""
    study = study_of(request, key, may="own")
    form = ShareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        colleague, may = form.cleaned_data["username"], form.cleaned_data["may"]
        try:
            designing.share(study, colleague, may, request.user, timezone.now())
        except Refused as error:
            form.add_error("username", str(error))
        else:
            messages.success(
                request, _("%(name)s may %(may)s now.") % {"name": colleague, "may": may}
            )
            return redirect("study-share", key=study.key)
    context = {"form": form, "members": _members(study)}
    status = 400 if form.is_bound else 200
    return render_study(
        request, "studies/study_share.html", study, context, tab="share", status=status
    )


def _members(study: Study) -> Any:
    return study.members.select_related("user").order_by("user__username")


@researcher_required
@require_POST
def unshare(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    study = study_of(request, key, may="own")
    colleague = get_object_or_404(
        get_user_model(), username=request.POST.get("username", "").replace("\0", "")
    )
    designing.unshare(study, colleague, request.user, timezone.now())
    messages.success(request, _("%(name)s no longer sees this study.") % {"name": colleague})
    return redirect("study-share", key=study.key)
