"""The builder: a draft's spec as one form, checked while somebody types."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.views.access import ResearcherRequest, render_page, researcher_required
from studies.design.edits import EditError, edited
from studies.design.figures import Figures, figures
from studies.design.form import DesignForm
from studies.design.form_data import read_form
from studies.design.sections import page_of
from studies.models import Study, StudyVersion
from studies.protocol.reading import SpecError, read_spec
from studies.protocol.spec import Spec
from studies.protocol.writing import spec_toml
from studies.services import designing
from studies.services.refusing import Refused
from studies.views.frames import with_frames
from studies.views.study_access import render_study, study_of

BUILDER = "studies/study_edit.html"


@dataclass(frozen=True, slots=True)
class Checked:
    """Plain data after the checks: a spec, or the lines that say what is wrong with it."""

    spec: Spec | None
    faults: tuple[str, ...] = ()
    figures: Figures | None = None


def checked(data: object) -> Checked:
    """The one way of every design through the schema, the systems and the library."""
    try:
        spec = read_spec(data)
        designing.check_systems(spec)
    except SpecError as error:
        return Checked(None, error.faults)
    except Refused as error:
        return Checked(None, (str(error),))
    try:
        found = figures(spec)
    except Refused as error:
        # A draft may name what the library does not hold yet; it can be kept, not prepared.
        return Checked(spec, (str(error),))
    return Checked(spec, (found.fault,) if found.fault else (), found)


@with_frames
@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: ResearcherRequest, key: str) -> HttpResponse:
    """The draft as a form; a frozen version as a text that cannot be changed."""
    if request.method == "POST":
        return _change(request, study_of(request, key, may="own"))
    study = study_of(request, key)
    version = study.latest
    if version.is_frozen or designing.may(request.user, study) != "own":
        context = {"spec": spec_toml(read_spec(version.spec)), "check": _figures_of(version)}
        return render_study(
            request, "studies/study_frozen.html", study, context, tab="design", version=version
        )
    return _builder(request, study, version, version.spec, checked(version.spec))


def _figures_of(version: StudyVersion) -> Checked | None:
    """The design in numbers, where the library still holds what it needs."""
    found = checked(version.spec)
    return found if found.figures else None


def _change(request: ResearcherRequest, study: Study) -> HttpResponse:
    """Save the form, or add, remove and move parts of it; what was typed is never lost."""
    version, data = study.latest, read_form(request.POST.lists())
    action = request.POST.get("_do", "save")
    if action != "save":
        try:
            look_at = edited(data, action)
            fault: tuple[str, ...] = ()
        except EditError as error:
            look_at, fault = "", (str(error),)
        return _builder(request, study, version, data, Checked(None, fault), look_at=look_at)
    check = checked(data)
    if check.spec is not None:
        try:
            designing.save_draft(version, check.spec, timezone.now())
        except Refused as error:
            check = Checked(None, (str(error),))
    if check.spec is None:
        return _builder(request, study, version, data, check, status=400)
    if not request.htmx:
        messages.success(request, _("Saved."))
        return redirect("study-edit", key=study.key)
    return _builder(request, study, version, check.spec.as_data(), check, saved=True)


def _builder(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    data: Any,
    check: Checked,
    *,
    look_at: str = "",
    saved: bool = False,
    status: int = 200,
) -> HttpResponse:
    form = DesignForm(data, systems=_systems(), faults=check.faults, look_at=look_at)
    context = {
        "page": page_of(form),
        "form": form,
        "data": data,
        "check": check,
        "saved_at": timezone.now() if saved else None,
        "is_unsaved": data is not version.spec and not saved,
    }
    # htmx takes in a refusal too: the page shows what is wrong.
    shown = 200 if request.htmx else status
    return render_study(
        request, BUILDER, study, context, tab="design", version=version, part="builder",
        status=shown,
    )  # fmt: skip


def _systems() -> Sequence[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in designing.known_systems()]


@researcher_required
@require_POST
def check(request: ResearcherRequest, key: str) -> HttpResponse:
    """The design as it is being typed: its numbers, and what is wrong, at the fields it is about.
    Nothing is saved."""
    study = study_of(request, key, may="own")
    data = read_form(request.POST.lists())
    found = checked(data)
    form = DesignForm(data, systems=_systems(), faults=found.faults)
    page = page_of(form)
    shown_before = set(request.POST.get("_shown", "").split())
    errors = {id_: line for id_, line in form.errors().items() if line or id_ in shown_before}
    context = {
        "study": study,
        "check": found,
        "page": page,
        "errors": errors,
        "error_ids": [id_ for id_, line in errors.items() if line],
        "is_live": True,
        "is_unsaved": found.spec is None or found.spec.as_data() != study.latest.spec,
    }
    return render_page(request, "studies/parts/design_live.html", context)


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def toml(request: ResearcherRequest, key: str) -> HttpResponse:
    """The whole spec as one text, under the same checks."""
    study = study_of(request, key, may="own")
    version = study.latest
    if version.is_frozen:
        return redirect("study-edit", key=study.key)
    if request.method != "POST":
        text = spec_toml(read_spec(version.spec))
        return _toml_page(request, study, version, text, checked(version.spec))
    text = request.POST.get("toml", "").replace("\r\n", "\n")
    found = checked_toml(text)
    wants_saving = request.POST.get("_do", "save") == "save"
    if found.spec is not None and wants_saving:
        try:
            designing.save_draft(version, found.spec, timezone.now())
        except Refused as error:
            found = Checked(None, (str(error),))
        else:
            messages.success(request, _("Saved."))
            return redirect("study-toml", key=study.key)
    return _toml_page(request, study, version, text, found, status=400 if wants_saving else 200)


def checked_toml(text: str) -> Checked:
    try:
        return checked(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return Checked(None, (f"TOML: {error}",))
    except RecursionError:
        return Checked(None, ("TOML: nested too deeply",))


def _toml_page(
    request: ResearcherRequest,
    study: Study,
    version: StudyVersion,
    text: str,
    found: Checked,
    status: int = 200,
) -> HttpResponse:
    context = {"toml": text, "check": found, "is_toml": True}
    return render_study(
        request, "studies/study_toml.html", study, context, tab="design", version=version,
        part="state", status=200 if request.htmx else status,
    )  # fmt: skip


@researcher_required
@require_safe
def spec(request: ResearcherRequest, key: str, format_: str) -> HttpResponse:
    """The spec of the latest version as a file."""
    study = study_of(request, key)
    version = study.latest
    name = f"{study.key}-v{version.number}.{format_}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if format_ == "toml":
        text = spec_toml(read_spec(version.spec))
        return HttpResponse(text, content_type="application/toml; charset=utf-8", headers=headers)
    if format_ == "json":
        return JsonResponse(
            version.spec, headers=headers, json_dumps_params={"indent": 2, "ensure_ascii": False}
        )
    raise Http404


@researcher_required
@require_POST
def new_version(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    """A draft that begins as a copy of the frozen version."""
    study = study_of(request, key, may="own")
    try:
        made = designing.new_version(study, timezone.now(), by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Version %(n)s is a draft: change it, then open it.") % {"n": made.number}
        )
    return redirect("study-edit", key=study.key)
