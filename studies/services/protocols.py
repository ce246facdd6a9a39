"""A version's spec as it is used on every request: read once for a frozen version."""

from functools import lru_cache

from studies.models import StudyVersion
from studies.protocol.reading import read_spec
from studies.protocol.spec import Spec


def protocol_of(version: StudyVersion) -> Spec:
    """The spec of a version. What is frozen never changes, and is kept under its hash; a draft is
    read anew each time. Raises SpecError for a draft that cannot be read."""
    if version.protocol_hash:
        return _frozen(version.pk, version.protocol_hash)
    return read_spec(version.spec)


@lru_cache(maxsize=64)
def _frozen(version_id: int, _protocol_hash: str) -> Spec:
    return read_spec(StudyVersion.objects.values_list("spec", flat=True).get(pk=version_id))
