"""Which version of a study a running page shows."""

from django.http import Http404

from annotate.views.access import ResearcherRequest
from studies.models import Study, StudyVersion


def shown_version(request: ResearcherRequest, study: Study) -> StudyVersion:
    """The one that ?version= names, else the latest that was frozen, else the draft. 404 for one
    that does not exist."""
    versions = study.versions.select_related("study").order_by("-number")
    wanted = request.GET.get("version") or request.POST.get("version")
    if wanted:
        found = versions.filter(number=int(wanted)).first() if wanted.isdecimal() else None
        if found is None:
            raise Http404
        return found
    return versions.exclude(state=StudyVersion.State.DRAFT).first() or versions[0]


def version_numbers(study: Study) -> list[int]:
    """Numbers of all versions, the latest first."""
    return list(study.versions.order_by("-number").values_list("number", flat=True))
