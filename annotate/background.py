"""Asking for background work. The Job row lives in `config`, to the left of this package, so it is
reached through Django's registry and not by an import."""

from typing import Any, Protocol

from django.apps import apps


class Report(Protocol):
    """How a job says how far it is: a share from 0 to 1 and a short message."""

    def __call__(self, progress: float, message: str = "") -> None: ...


def enqueue(kind: str, arguments: dict[str, Any], *, owner: Any = None) -> str:
    """Queue a job; returns the key under which its progress is shown."""
    jobs: Any = apps.get_model("config", "Job")
    return str(jobs.objects.enqueue(kind, arguments, owner_id=getattr(owner, "pk", None)).key)


def enqueue_once(kind: str, arguments: dict[str, Any]) -> None:
    """Queue a job unless the same one waits already (one that runs may have read older rows)."""
    jobs: Any = apps.get_model("config", "Job")
    if not jobs.objects.filter(kind=kind, arguments=arguments, state="queued").exists():
        jobs.objects.enqueue(kind, arguments)
