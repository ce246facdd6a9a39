"""The list of studies, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from studies.models import Rater, Study, StudyMember, StudyVersion, TrialList


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study in the list; counts are of its latest version."""

    study: Study
    version: StudyVersion
    may: str
    filled: int
    places: int
    people: int


def study_lines(studies: Iterable[Study], user: Any) -> list[StudyLine]:
    """Each study with its latest version and how far that is."""
    studies = list(studies)
    ids = [study.pk for study in studies]
    latest: dict[int, StudyVersion] = {}
    for version in StudyVersion.objects.filter(study__in=ids).order_by("number").defer("spec"):
        latest[version.study_id] = version
    versions = [version.pk for version in latest.values()]
    lists: dict[int, Any] = {
        row["version"]: row
        for row in TrialList.objects.filter(version__in=versions)
        .order_by()
        .values("version")
        .annotate(places=Count("*"), filled=Count("version", filter=Q(is_filled=True)))
    }
    people: dict[int, int] = {
        row["version"]: row["n"]
        for row in Rater.objects.filter(version__in=versions, kind=Rater.Kind.PERSON)
        .exclude(run=Rater.Run.PREVIEW)
        .order_by()
        .values("version")
        .annotate(n=Count("*"))
    }
    shared = dict(StudyMember.objects.filter(study__in=ids, user=user).values_list("study", "may"))
    return [
        StudyLine(
            study=study,
            version=latest[study.pk],
            may="own" if study.owner_id == user.pk else shared.get(study.pk, "own"),
            filled=lists.get(latest[study.pk].pk, {}).get("filled", 0),
            places=lists.get(latest[study.pk].pk, {}).get("places", 0),
            people=people.get(latest[study.pk].pk, 0),
        )
        for study in studies
        if study.pk in latest
    ]
