"""Asking for background work. The Job row lives in `config`, to the left of this package, so it is
reached through Django's registry and not by an import."""

from datetime import datetime
from typing import Any, Protocol

from django.apps import apps


class JobStoppedError(Exception):
    """Raised by a job's report where somebody asked the job to stop; it ends the job there. Who
    catches it to say what was done so far raises it again with that as `result`."""

    def __init__(self, result: object = None) -> None:
        super().__init__("stopped")
        self.result = result


class Report(Protocol):
    """How a job says how far it is: a share from 0 to 1 and a short message. Raises JobStoppedError
    where the job shall stop."""

    def __call__(self, progress: float, message: str = "") -> None: ...


def enqueue(
    kind: str, arguments: dict[str, Any], *, owner: Any = None, about: str = "", page: str = ""
) -> str:
    """Queue a job; returns the key under which its progress is shown. `about` and `page` tell its
    owner what it is about and where that is."""
    jobs: Any = apps.get_model("config", "Job")
    owner_id = getattr(owner, "pk", None)
    job = jobs.objects.enqueue(kind, arguments, owner_id=owner_id, about=about, page=page)
    return str(job.key)


def enqueue_once(
    kind: str, arguments: dict[str, Any], *, not_before: datetime | None = None
) -> None:
    """Queue a job unless the same one waits already (one that runs may have read older rows). What
    is asked for often and is in no hurry waits a little, so that one job does it for all."""
    jobs: Any = apps.get_model("config", "Job")
    if not jobs.objects.filter(kind=kind, arguments=arguments, state="queued").exists():
        jobs.objects.enqueue(kind, arguments, not_before=not_before)
