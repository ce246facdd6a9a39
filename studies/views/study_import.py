"""A study as a file: its spec alone, or an archive with the audio that it needs."""

import json
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from annotate.background import enqueue
from annotate.fields import new_key
from annotate.media import media_folder
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.work import job_of, show_job
from studies.models import Study
from studies.protocol.reading import SpecError, read_spec
from studies.services import audit, designing
from studies.services.refusing import Refused
from studies.services.study_files import export_study
from studies.study_forms import ImportStudyForm
from studies.views.study_access import study_of

LARGEST_SPEC_BYTES = 2_000_000
LARGEST_ARCHIVE_BYTES = 4_000_000_000
IMPORT = "studies/study_import.html"


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_(request: ResearcherRequest) -> HttpResponse:
    """The file; for an archive the page then follows the worker, who decodes its audio."""
    form = ImportStudyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _take(form.cleaned_data["file"], request)
        except (SpecError, Refused) as error:
            form.add_error("file", str(error))
    job = job_of(request)
    if job is not None and job.state == "done":
        response: HttpResponse = redirect("study-edit", key=job.result["study"])
        if request.htmx:
            # htmx would put the builder where the job's line stands.
            response = HttpResponse(headers={"HX-Redirect": response["Location"]})
        return response
    status = 400 if form.is_bound else 200
    context = {"form": form, "job": job}
    return render_page(request, IMPORT, context, part="state", status=status)


def _take(file: Any, request: ResearcherRequest) -> HttpResponseRedirect:
    """Raises SpecError or Refused, one line that names the file."""
    name = str(file.name)[:100]
    if not name.lower().endswith(".zip"):
        return redirect("study-edit", key=_from_spec(file, name, request.user).key)
    if file.size > LARGEST_ARCHIVE_BYTES:
        raise Refused(f"{name}: larger than {LARGEST_ARCHIVE_BYTES // 10**9} GB; import_study can")
    key = f"{new_key()}.zip"
    folder = media_folder("study-imports")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / key).open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    arguments = {"file": key, "owner": request.user.pk}
    page = reverse("study-import")
    job = enqueue("import_study", arguments, owner=request.user, about=name, page=page)
    return show_job(page, job)


def _from_spec(file: Any, name: str, owner: Any) -> Study:
    if file.size > LARGEST_SPEC_BYTES:
        raise SpecError(f"{name}: larger than {LARGEST_SPEC_BYTES // 10**6} MB: no spec is")
    try:
        text = file.read().decode("utf-8")
        data = json.loads(text) if name.lower().endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{name}: {error}") from None
    try:
        return designing.create_study(owner, read_spec(data), timezone.now())
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None


@researcher_required
@require_safe
def archive(request: ResearcherRequest, key: str) -> HttpResponse | FileResponse:
    """The spec with its audio, to go on with elsewhere."""
    study = study_of(request, key, may="own")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "study.zip"
        try:
            export_study(study, path)
        except Refused as error:
            messages.error(request, str(error))
            return redirect("study-clone", key=study.key)
        # The open file outlives its folder.
        file = path.open("rb")
    audit.note(study, "archive exported", by=request.user, now=timezone.now())
    name = f"{study.key}-v{study.latest.number}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
