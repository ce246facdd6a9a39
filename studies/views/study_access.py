"""Who may see a study: its owner and the colleagues it is shared with. Everybody else meets 404; a
colleague whose right does not reach so far is told so."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotate.views.access import ResearcherRequest, render_page
from studies.models import Study, StudyVersion
from studies.services import designing

RIGHT_NAMES = {
    "view": gettext_lazy("look at this study"),
    "run": gettext_lazy("run this study"),
    "unblind": gettext_lazy("unblind this study"),
    "own": gettext_lazy("do what is its owner's alone"),
}


def reaches(right: str, needed: str) -> bool:
    """Whether a right ("" for none) includes another.

    >>> reaches("run", "view"), reaches("run", "own"), reaches("", "view")
    (True, False, False)
    """
    return designing.RIGHTS.index(right) >= designing.RIGHTS.index(needed)


def study_of(request: ResearcherRequest, key: str, may: str = "view") -> Study:
    """The study when this account may do that with it.

    Raises:
        Http404: the study is not shared with this account, or there is none.
        PermissionDenied: it is, but for less.
    """
    visible = Study.objects.visible_to(request.user).select_related("owner")
    study = get_object_or_404(visible, key=key)
    if not reaches(designing.may(request.user, study), may):
        raise PermissionDenied(
            _("This study is shared with you, but not to %(right)s. Its owner is %(owner)s.")
            % {"right": RIGHT_NAMES[may], "owner": study.owner}
        )
    return study


def render_study(
    request: ResearcherRequest,
    template: str,
    study: Study,
    context: dict[str, Any],
    *,
    tab: str,
    version: StudyVersion | None = None,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page of one study: the context gains what its head shows."""
    right = designing.may(request.user, study)
    head = {
        "study": study,
        "version": version or study.latest,
        "may": right,
        "may_run": reaches(right, "run"),
        "may_unblind": reaches(right, "unblind"),
        "is_own": right == "own",
        "tab": tab,
    }
    return render_page(request, template, head | context, part=part, status=status)
