"""People who advise, by a link of their own, blind to the answer."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotate.fields import KeyField, StemValuesField
from annotate.models import Excerpt
from annotate.models.campaigns import hash_token
from studies.models.systems import Advice, System


class ExpertQuerySet(models.QuerySet["Expert"]):
    def by_token(self, token: str, now: datetime) -> "ExpertQuerySet":
        """Whom this link admits: not revoked, not expired."""
        return self.filter(token_hash=hash_token(token), revoked_at__isnull=True).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        )

    def visible_to(self, user: Any) -> "ExpertQuerySet":
        return self if user.is_superuser else self.filter(owner=user)


class Expert(models.Model):
    """One person, who is a system of their own: their advice stands beside the computed."""

    key = KeyField()
    system = models.OneToOneField(System, on_delete=models.PROTECT, related_name="expert")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="experts"
    )
    note = models.CharField(max_length=200, blank=True, help_text="only researchers see it")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ExpertQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.system.title


class ExpertTask(models.Model):
    """One problem mix for one expert. The problem never leaves the server but as sound."""

    key = KeyField()
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="tasks")
    excerpt = models.ForeignKey(Excerpt, on_delete=models.PROTECT, related_name="expert_tasks")
    problem_db = StemValuesField()
    advice = models.OneToOneField(
        Advice, null=True, blank=True, on_delete=models.PROTECT, related_name="expert_task"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["expert", "excerpt"], name="expert_hears_an_excerpt_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.expert}: {self.excerpt}"
