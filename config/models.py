"""Background work: one row per job, and one per worker that lives."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config import sending
from config.job_words import words_of

MAX_ATTEMPTS = 3


def new_key() -> str:
    """A public id that says nothing; hexadecimal, so that it never begins with "-"."""
    return secrets.token_hex(12)


class JobQuerySet(models.QuerySet["Job"]):
    def enqueue(
        self,
        kind: str,
        arguments: dict[str, Any],
        *,
        owner_id: int | None = None,
        about: str = "",
        page: str = "",
        not_before: datetime | None = None,
    ) -> "Job":
        """Of what can wait until `not_before` no worker is told now: housekeeping does it then."""
        if kind not in settings.JOB_KINDS:
            raise ValueError(f"no job of kind {kind!r}: known are {sorted(settings.JOB_KINDS)}")
        job = self.create(
            **{"kind": kind, "arguments": arguments, "owner_id": owner_id},
            **{"about": about[:200], "page": page[:300], "not_before": not_before},
        )
        if not_before is None:
            sending.send_after_commit(job)
        return job

    def own(self, user_id: int) -> "JobQuerySet":
        return self.filter(owner_id=user_id)

    def ask_to_stop(self, job: "Job", now: datetime) -> bool:
        """A waiting job is stopped at once; a running one the next time it says how far it is.
        False where it was over already."""
        one = self.filter(pk=job.pk)
        stopped = one.filter(state=Job.State.QUEUED).update(
            state=Job.State.STOPPED, finished_at=now
        )
        # Whoever took it between the two statements is asked like any other.
        asked = one.filter(state=Job.State.RUNNING).update(stop_asked=True)
        return bool(stopped or asked)

    def queue_again(self, job: "Job") -> bool:
        """Queue a failed or stopped job once more, under its own key: what it did is done, and it
        goes on from there. False where it cannot be."""
        if not job.can_be_retried:
            return False
        again = self.filter(pk=job.pk, state=job.state, attempts=job.attempts).update(
            state=Job.State.QUEUED,
            stop_asked=False,
            attempts_before=F("attempts"),
            progress=0.0,
            message="",
            error="",
            result=None,
            finished_at=None,
            not_before=None,
        )
        if again:
            sending.send_after_commit(job)
        return bool(again)

    def enqueue_due(self, now: datetime) -> None:
        """Queue what workers do by themselves, where its last time is long enough ago. Two workers
        that look at one instant may both queue it, which does no harm."""
        for kind, every_s in settings.JOB_PERIODIC_S.items():
            if not self.filter(kind=kind, created_at__gt=now - timedelta(seconds=every_s)).exists():
                self.enqueue(kind, {})

    def takeable(self, now: datetime) -> "JobQuerySet":
        """Queued and due, or running under a worker that has stopped telling that it lives."""
        stale = now - timedelta(seconds=settings.JOB_STALE_S)
        due = Q(not_before=None) | Q(not_before__lte=now)
        return self.filter(
            Q(due, state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__lt=stale)
        )

    def in_turn(self) -> "JobQuerySet":
        """The oldest first, and after all others those that nobody waits for."""
        unhurried = Q(kind__in=settings.JOB_UNHURRIED, owner=None)
        last = Case(When(unhurried, then=1), default=0)
        return self.order_by(last, "pk")

    def sent_before(self, moment: datetime) -> "JobQuerySet":
        """Those whose last message to the broker is older; a new row's was sent as it was made."""
        return self.alias(sent=Coalesce("sent_at", "created_at")).filter(sent__lt=moment)

    def take_next(self, *, worker: str, now: datetime) -> "Job | None":
        """Claim the oldest job; one that nobody waits for only where there is no other."""
        for job in self.takeable(now).in_turn()[:10]:
            if taken := self._take(job, worker, now):
                return taken
        return None

    def take(self, job_id: int, *, worker: str, now: datetime) -> "Job | None":
        """Claim this job; None where it is done, gone, not due, or another's."""
        job = self.takeable(now).filter(pk=job_id).first()
        return None if job is None else self._take(job, worker, now)

    def _take(self, job: "Job", worker: str, now: datetime) -> "Job | None":
        """The conditional UPDATE must change exactly one row, so two workers that saw the same job
        cannot both have it (SELECT FOR UPDATE does nothing on SQLite)."""
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
        if not claimed:
            return None
        job.refresh_from_db()
        return job


class Job(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    kind = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # For people: what it is about ("Song by Artist", a study's title), and the page of it.
    about = models.CharField(max_length=200, blank=True)
    page = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # How many there were when somebody last asked for it by hand. `attempts` itself only grows, so
    # that no two attempts are ever taken for each other.
    attempts_before = models.PositiveSmallIntegerField(default=0)
    stop_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
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
    def words(self) -> str:
        """What it does, for people."""
        return words_of(self.kind)

    @property
    def address(self) -> str:
        """The page of it, which then shows this job; "" where there is none."""
        if not self.page:
            return ""
        return f"{self.page}{'&' if '?' in self.page else '?'}job={self.key}"

    @property
    def is_unhurried(self) -> bool:
        return self.kind in settings.JOB_UNHURRIED and self.owner_id is None

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.STOPPED}

    @property
    def is_given_up(self) -> bool:
        """Its workers died so often that it may be the job that kills them."""
        return self.attempts - self.attempts_before > MAX_ATTEMPTS

    @property
    def can_be_retried(self) -> bool:
        if self.state == self.State.FAILED:
            return self.kind not in settings.JOB_NOT_RETRIED
        return self.state == self.State.STOPPED

    @property
    def is_last_attempt(self) -> bool:
        return self.attempts - self.attempts_before >= MAX_ATTEMPTS


class WorkerQuerySet(models.QuerySet["Worker"]):
    def seen(self, name: str, now: datetime) -> None:
        """This worker lives. Those that were killed long ago are forgotten."""
        self.update_or_create(name=name, defaults={"seen_at": now})
        self.filter(seen_at__lt=now - timedelta(days=1)).delete()

    def alive(self, now: datetime) -> "WorkerQuerySet":
        return self.filter(seen_at__gte=now - timedelta(seconds=settings.JOB_STALE_S))


class Worker(models.Model):
    """A process that does jobs, as long as it tells that it lives."""

    name = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
