"""Stems that a visitor brought: theirs alone, for a while."""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField
from annotate.media import media_folder


def visitor_hash(token: str) -> str:
    """Visitors are random tokens in a signed cookie; only their hash is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class UploadQuerySet(models.QuerySet["Upload"]):
    def of_visitor(self, token: str, now: datetime) -> "UploadQuerySet":
        return self.current(now).filter(visitor_hash=visitor_hash(token))

    def current(self, now: datetime) -> "UploadQuerySet":
        return self.filter(expires_at__gt=now)

    def expired(self, now: datetime) -> "UploadQuerySet":
        return self.filter(expires_at__lte=now)


class Upload(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for the worker")
        READY = "ready", _("ready")
        FAILED = "failed", _("refused")

    key = KeyField()
    visitor_hash = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=200)
    # By stem, the name that the visitor's own file has: a REAPER project can point to it.
    file_names = models.JSONField(default=dict)
    # Counted against the limits: what was sent, then what is stored.
    n_bytes = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    fault = models.CharField(max_length=500, blank=True)
    notes = models.JSONField(default=list)
    job_key = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(fault=""), name="failed_upload_says_why"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @staticmethod
    def new_visitor() -> str:
        return secrets.token_urlsafe(32)

    @property
    def folder(self) -> Path:
        return media_folder("uploads", self.key)

    @property
    def received(self) -> Path:
        """The files as they were sent, until the worker has read them."""
        return self.folder / "received"

    @property
    def song_folder(self) -> Path:
        return self.folder / "song"

    @property
    def excerpt_folder(self) -> Path:
        """The window that is heard and advised on."""
        return self.folder / "excerpt"
