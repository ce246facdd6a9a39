"""Who is looked at together: the study's own people, and apart from them whoever is marked."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studies.models import Rater, StudyVersion

_PERSON = Q(kind=Rater.Kind.PERSON)


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    title: str | Promise
    condition: Q

    def of(self, version: StudyVersion, prefix: str = "") -> Q:
        """Its raters as a condition on rows that reach them by `prefix`."""
        return Q(**{f"{prefix}version": version}) & _prefixed(self.condition, prefix)


PEOPLE = Group("people", _("The study"), _PERSON & Q(run=Rater.Run.MAIN))
GROUPS = (
    PEOPLE,
    Group("pilot", _("Pilots"), _PERSON & Q(run=Rater.Run.PILOT)),
    Group("preview", _("Previews"), _PERSON & Q(run=Rater.Run.PREVIEW)),
    Group("simulated", _("Simulated"), Q(kind=Rater.Kind.SIMULATED)),
)


def group(key: object) -> Group:
    """The group of that key; the study's own people for any other."""
    return next((one for one in GROUPS if one.key == key), PEOPLE)


def group_of(kind: str, run: str) -> str:
    """Key of the group to which a rater belongs; "" for judges."""
    if kind == Rater.Kind.SIMULATED:
        return "simulated"
    if kind != Rater.Kind.PERSON:
        return ""
    return {Rater.Run.MAIN: "people", Rater.Run.PILOT: "pilot"}.get(Rater.Run(run), "preview")


def _prefixed(condition: Q, prefix: str) -> Q:
    given: list[Any] = list(condition.children)
    children: list[Any] = [
        _prefixed(one, prefix) if isinstance(one, Q) else (prefix + one[0], one[1]) for one in given
    ]
    return Q(*children, _connector=condition.connector, _negated=condition.negated)
