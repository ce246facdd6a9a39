"""Rows by what a person types at a command."""

from datetime import UTC, datetime

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from studies.models import Study, StudyVersion


def find_study(name_or_key: str) -> Study:
    """By key, else by title. Raises CommandError when there is none, or more than one."""
    found = list(Study.objects.filter(key=name_or_key)) or list(
        Study.objects.filter(title=name_or_key)
    )
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(study.key for study in found)
        raise CommandError(f"{len(found)} studies are called {name_or_key!r}: give a key: {keys}")
    raise CommandError(f"no study {name_or_key!r}: give its key or its exact title")


def frozen_version(study: Study, number: int | None) -> StudyVersion:
    """This version, else the latest that is frozen, else the draft. Raises CommandError."""
    versions = study.versions.select_related("study")
    if number is not None:
        found = versions.filter(number=number).first()
        if found is None:
            raise CommandError(f"--study-version {number}: {study} has no such version")
        return found
    frozen = versions.exclude(state=StudyVersion.State.DRAFT).order_by("-number").first()
    return frozen or versions.get(pk=study.latest.pk)


def moment(text: str | None) -> datetime:
    """The time that --now gives, else now. Raises CommandError."""
    if text is None:
        return timezone.now()
    try:
        given = parse_datetime(text)
    except ValueError:
        given = None
    if given is None:
        raise CommandError(f"--now {text[:40]}: give an ISO time such as 2026-03-02T10:00:00Z")
    return given if given.tzinfo else given.replace(tzinfo=UTC)
