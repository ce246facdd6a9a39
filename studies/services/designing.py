"""Making studies: drafts, versions, clones, and who may do what with them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from studies import asking
from studies.models import Study, StudyMember, StudyVersion, System
from studies.protocol.reading import read_spec
from studies.protocol.spec import Spec
from studies.services import audit
from studies.services.refusing import Refused

RIGHTS = ("", "view", "run", "unblind", "own")


@transaction.atomic
def create_study(owner: Any, spec: Spec, now: datetime, cloned_from: Study | None = None) -> Study:
    """A study with its first draft.

    Raises:
        Refused: the spec names a system that does not exist.
    """
    check_systems(spec)
    study = Study.objects.create(
        title=spec.title, owner=owner, cloned_from=cloned_from, created_at=now
    )
    version = StudyVersion.objects.create(
        study=study, number=1, spec=spec.as_data(), created_at=now
    )
    audit.note(study, "created", by=owner, version=version, now=now)
    return study


@transaction.atomic
def save_draft(version: StudyVersion, spec: Spec, now: datetime) -> None:
    """Replace a draft's spec.

    Raises:
        Refused: the version is frozen, or the spec names a system that does not exist.
    """
    check_systems(spec)
    row = StudyVersion.objects.select_for_update().select_related("study").get(pk=version.pk)
    if row.is_frozen:
        raise Refused(f"{row} is frozen and never changes: make a new version")
    row.spec = version.spec = spec.as_data()
    row.save(update_fields=["spec"])
    Study.objects.filter(pk=row.study_id).update(title=spec.title)


@transaction.atomic
def new_version(study: Study, now: datetime, by: Any = None) -> StudyVersion:
    """A draft that begins as a copy of the last version.

    Raises:
        Refused: there is a draft already.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    last = study.latest
    if not last.is_frozen:
        raise Refused(f"{last} is a draft already: change that one")
    number = study.versions.aggregate(last=Max("number"))["last"] + 1
    version = StudyVersion.objects.create(
        study=study, number=number, spec=last.spec, created_at=now
    )
    audit.note(study, "new version", by=by, version=version, now=now)
    return version


def clone_study(study: Study, owner: Any, title: str, now: datetime) -> Study:
    """Another study with the spec of the latest version, and nobody's answers."""
    data = study.latest.spec | {"title": title}
    return create_study(owner, read_spec(data), now, cloned_from=study)


@transaction.atomic
def share(study: Study, user: Any, may: str, by: Any, now: datetime) -> StudyMember:
    """Give a colleague a right, or another one than before.

    Raises:
        Refused: there is no such right, or they own the study.
    """
    if may not in StudyMember.May.values:
        raise Refused(f"{may!r} is no right: {', '.join(StudyMember.May.values)}")
    if user.pk == study.owner_id:
        raise Refused(f"{user} owns this study and may do everything already")
    member, _ = StudyMember.objects.update_or_create(study=study, user=user, defaults={"may": may})
    audit.note(study, "shared", by=by, now=now, user=user.get_username(), may=may)
    return member


@transaction.atomic
def unshare(study: Study, user: Any, by: Any, now: datetime) -> None:
    """Take a colleague's right away; nothing where there is none."""
    if study.members.filter(user=user).delete()[0]:
        audit.note(study, "unshared", by=by, now=now, user=user.get_username())


def may(user: Any, study: Study) -> str:
    """The highest right of an account: "", "view", "run", "unblind" or "own"."""
    if not getattr(user, "is_active", False):
        return ""
    if user.is_superuser or user.pk == study.owner_id:
        return "own"
    member = study.members.filter(user=user).first()
    return "" if member is None else str(member.may)


def may_at_least(user: Any, study: Study, right: str) -> bool:
    """Whether an account has this right or a higher one."""
    return RIGHTS.index(may(user, study)) >= RIGHTS.index(right)


def known_systems() -> list[str]:
    """Names that a study's spec can give: computed systems and human experts."""
    experts = System.objects.experts().values_list("name", flat=True)
    return [one.name for one in asking.askable()] + sorted(set(experts))


def check_systems(spec: Spec) -> None:
    """Raises Refused, one line, for a system that does not exist."""
    known = known_systems()
    for number, block in enumerate(spec.blocks):
        for name in block.systems:
            if name not in known:
                raise Refused(
                    f"blocks[{number}] ({block.key}).systems: no system {name!r}; "
                    f"known are {', '.join(known)}"
                )
