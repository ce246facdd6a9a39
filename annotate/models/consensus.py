"""The frozen consensus: numbered, immutable, made again never."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField, StemValuesField
from annotate.models.campaigns import Campaign, CampaignExcerpt


class ConsensusDraft(models.Model):
    """What the consensus would be now, worked out in the background after each submission."""

    campaign = models.OneToOneField(
        Campaign, on_delete=models.CASCADE, related_name="consensus_draft"
    )
    rules = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    annotation_count = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField(null=True)
    # How the standard error came down: [{"n": annotations, "se_db": {stem: dB or null}}], oldest
    # first, under the present rules.
    growth = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.campaign} (draft)"


class FrozenError(Exception):
    """A frozen consensus cannot be changed: freeze a new version."""


class FrozenQuerySet(models.QuerySet[Any]):
    """Reads and adds, and changes nothing."""

    def update(self, **values: Any) -> int:
        raise FrozenError("what is frozen stays as it is: freeze a new version instead")

    def delete(self) -> Any:
        raise FrozenError("what is frozen stays")


class Frozen(models.Model):
    """Rows that are written once."""

    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise FrozenError(f"{self} is frozen: freeze a new version instead")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise FrozenError(f"{self} is frozen and stays")


class Consensus(Frozen):
    key = KeyField()
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="consensuses")
    version = models.PositiveIntegerField()
    rules = models.JSONField()
    seed = models.PositiveBigIntegerField()
    annotation_count = models.PositiveIntegerField()
    excluded = models.JSONField(default=list)
    agreement = models.JSONField()
    software = models.JSONField()
    # SHA-256 over rules, the annotations used and the values: the same input freezes to the same.
    content_hash = models.CharField(max_length=64)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    frozen_at = models.DateTimeField()

    class Meta:
        ordering = ["campaign", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "version"], name="consensus_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign} v{self.version}"


class ConsensusExcerpt(Frozen):
    class Status(models.TextChoices):
        CONSENSUS = "consensus", _("consensus")
        TOO_FEW = "too few", _("too few annotations")
        SET_ASIDE = "set aside", _("set aside")

    consensus = models.ForeignKey(Consensus, on_delete=models.PROTECT, related_name="excerpts")
    item = models.ForeignKey(CampaignExcerpt, on_delete=models.PROTECT, related_name="consensuses")
    status = models.CharField(max_length=9, choices=Status.choices)
    n = models.PositiveSmallIntegerField()
    balance_db = StemValuesField(null=True)
    low_db = StemValuesField(null=True)
    high_db = StemValuesField(null=True)
    spread_db = StemValuesField(null=True)
    off_share = StemValuesField(null=True)
    top_share = StemValuesField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["consensus", "item"], name="consensus_item_once"),
            models.CheckConstraint(
                condition=Q(balance_db__isnull=False) | ~Q(status="consensus"),
                name="consensus_has_balance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consensus}: {self.item.excerpt}"
