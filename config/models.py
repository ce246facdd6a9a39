"""Background work: one row per job, taken by `manage.py work`."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MAX_ATTEMPTS = 3


def new_key() -> str:
    """A public id that says nothing; hexadecimal, so that it never begins with "-"."""
    return secrets.token_hex(12)


class JobQuerySet(models.QuerySet["Job"]):
    def enqueue(
        self, kind: str, arguments: dict[str, Any], *, owner_id: int | None = None
    ) -> "Job":
        if kind not in settings.JOB_KINDS:
            raise ValueError(f"no job of kind {kind!r}: known are {sorted(settings.JOB_KINDS)}")
        return self.create(kind=kind, arguments=arguments, owner_id=owner_id)

    def enqueue_due(self, now: datetime) -> None:
        """Queue what workers do by themselves, where its last time is long enough ago. Two workers
        that look at one instant may both queue it, which does no harm."""
        for kind, every_s in settings.JOB_PERIODIC_S.items():
            if not self.filter(kind=kind, created_at__gt=now - timedelta(seconds=every_s)).exists():
                self.enqueue(kind, {})

    def takeable(self, now: datetime) -> "JobQuerySet":
        """Queued, or running under a worker that has stopped telling that it lives."""
        stale = now - timedelta(seconds=settings.JOB_STALE_S)
        return self.filter(
            Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__lt=stale)
        )

    def take_next(self, *, worker: str, now: datetime) -> "Job | None":
        """Claim the oldest job. The conditional UPDATE must change exactly one row, so two workers
        that saw the same job cannot both have it (SELECT FOR UPDATE does nothing on SQLite)."""
        for job in self.takeable(now).order_by("pk")[:10]:
            claimed = (
                self.takeable(now)
                .filter(pk=job.pk, attempts=job.attempts)
                .update(
                    state=Job.State.RUNNING,
                    attempts=F("attempts") + 1,
                    worker=worker,
                    heartbeat_at=now,
                    started_at=now,
                )
            )
            if claimed:
                job.refresh_from_db()
                return job
        return None


class Job(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    kind = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "heartbeat_at"], name="job_state_heartbeat")]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0.0) & Q(progress__lte=1.0), name="job_progress_0_to_1"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}
