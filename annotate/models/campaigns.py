"""A campaign: which excerpts, how many people each, who they are."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField
from annotate.models.songs import Excerpt


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: Any) -> "CampaignQuerySet":
        if not getattr(user, "is_active", False):
            return self.none()
        return self if getattr(user, "is_superuser", False) else self.filter(owner=user)


class Campaign(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class HeadphoneCheck(models.TextChoices):
        NONE = "none", _("none")
        HUGGINS = "huggins", _("Huggins pitch")
        ANTIPHASE = "antiphase", _("antiphase tones")

    key = KeyField()
    name = models.CharField(_("name"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="campaigns"
    )
    instructions = models.TextField(_("instructions for annotators"), blank=True)
    consent_text = models.TextField(_("consent text"), blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    overlap = models.PositiveSmallIntegerField(
        _("annotators per excerpt"),
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    repeats = models.PositiveSmallIntegerField(
        _("repeated excerpts per annotator"), default=1, validators=[MaxValueValidator(20)]
    )
    headphone_check = models.CharField(
        _("headphone check"),
        max_length=9,
        choices=HeadphoneCheck.choices,
        default=HeadphoneCheck.HUGGINS,
    )
    lease_minutes = models.PositiveSmallIntegerField(
        _("minutes until an untouched excerpt goes to somebody else"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
    )
    minimum_listening_s = models.PositiveSmallIntegerField(
        _("seconds of listening below which an answer is flagged"),
        default=10,
        validators=[MaxValueValidator(600)],
    )
    # Every mix is held at this loudness while faders move; lowered on opening until no balance
    # can clip (listening.md).
    target_loudness_lufs = models.FloatField(default=-23.0)
    seed = models.PositiveBigIntegerField(default=0)
    # The song filter it was made with, kept as it was given.
    song_filter = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(overlap__gte=1), name="campaign_overlap_positive"),
            models.UniqueConstraint(fields=["owner", "name"], name="campaign_name_once_per_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class CampaignExcerpt(models.Model):
    """An excerpt within a campaign: the item that annotators share."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="items")
    excerpt = models.ForeignKey(Excerpt, on_delete=models.PROTECT, related_name="campaign_items")
    key = KeyField()
    # How many first annotations are submitted: assignment goes to the least completed.
    completed = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "excerpt"], name="excerpt_once_a_campaign")
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.excerpt}"


class Decision(models.Model):
    """A researcher's word on one excerpt after looking at its annotations. The last one counts."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        ASK_MORE = "ask more", _("more annotations asked for")
        SET_ASIDE = "set aside", _("set aside")

    item = models.ForeignKey(CampaignExcerpt, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    reason = models.CharField(max_length=500, blank=True)
    extra = models.PositiveSmallIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(verdict="set aside") | ~Q(reason=""), name="set_aside_says_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.verdict}"


def hash_token(token: str) -> str:
    """Tokens are 256 random bits, so a plain hash is enough and can be looked up by index."""
    return hashlib.sha256(token.encode()).hexdigest()


class AnnotatorQuerySet(models.QuerySet["Annotator"]):
    def with_link(self, token: str) -> "AnnotatorQuerySet":
        """Whose link this is, whether or not it still admits."""
        return self.filter(token_hash=hash_token(token))

    def by_token(self, token: str, now: datetime) -> "AnnotatorQuerySet":
        """Whom this link admits: not revoked, not expired."""
        return self.with_link(token).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True
        )


class Annotator(models.Model):
    """One person in one campaign. The invite link is the person: it works on any device."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        SIMULATED = "simulated", _("simulated")
        IMPORTED = "imported", _("imported")

    class Device(models.TextChoices):
        HEADPHONES_OVER = "over-ear", _("over-ear headphones")
        HEADPHONES_IN = "in-ear", _("in-ear headphones")
        MONITORS = "monitors", _("studio monitors")
        SPEAKERS = "speakers", _("other loudspeakers")

    key = KeyField()
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="annotators")
    # A, B, C... within the campaign: results show letters, never names.
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.PERSON)
    note = models.CharField(max_length=200, blank=True, help_text="only researchers see it")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    # By themselves: their answers stay without them, and out of what is worked out.
    withdrawn_at = models.DateTimeField(null=True)
    consented_at = models.DateTimeField(null=True)
    mixing_years = models.PositiveSmallIntegerField(null=True, validators=[MaxValueValidator(80)])
    playback_device = models.CharField(max_length=10, choices=Device.choices, blank=True)
    headphone_passed = models.BooleanField(null=True)
    volume_set_at = models.DateTimeField(null=True)
    # Chosen, or that of the browser when they took part; "" until then.
    language = models.CharField(max_length=5, blank=True)
    seed = models.PositiveBigIntegerField(default=0)

    objects = AnnotatorQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "number"], name="annotator_number_once_a_campaign"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.letter}"

    @property
    def letter(self) -> str:
        """1 is A, 26 is Z, 27 is AA."""
        letters, rest = "", self.number
        while rest > 0:
            rest, place = divmod(rest - 1, 26)
            letters = chr(ord("A") + place) + letters
        return letters

    def is_admitted(self, token: str, now: datetime) -> bool:
        """Whether this link is theirs and still works; the same rule as `by_token`."""
        is_current = self.expires_at is None or self.expires_at > now
        is_theirs = secrets.compare_digest(self.token_hash, hash_token(token))
        return is_theirs and is_current and self.revoked_at is None

    @staticmethod
    def new_token() -> str:
        return secrets.token_urlsafe(32)
