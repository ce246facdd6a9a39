"""A study, its versions, who may do what with it, and what was done."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField, StemValuesField
from annotate.models import Excerpt
from annotate.models.acts import AppendOnly, AppendOnlyQuerySet
from studies.models.systems import Advice, System


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: Any) -> "StudyQuerySet":
        """Own studies and those shared with this account."""
        if not getattr(user, "is_active", False):
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(Q(owner=user) | Q(members__user=user)).distinct()


class Study(models.Model):
    """What stays through all versions: its name, its owner, its colleagues."""

    key = KeyField()
    title = models.CharField(_("title"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies"
    )
    cloned_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.title

    @property
    def latest(self) -> "StudyVersion":
        """The version that is worked on or run."""
        return self.versions.order_by("-number")[0]


class StudyMember(models.Model):
    """A colleague; each right includes those before it, and unblinding includes running."""

    class May(models.TextChoices):
        VIEW = "view", _("view")
        RUN = "run", _("run")
        UNBLIND = "unblind", _("unblind")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="study_memberships"
    )
    may = models.CharField(max_length=7, choices=May.choices, default=May.VIEW)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="member_once_a_study")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.may}"


class StudyVersion(models.Model):
    """One protocol. A draft changes freely; freezing hashes it, and it never changes again."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        PAUSED = "paused", _("paused")
        CLOSED = "closed", _("closed")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # studies.protocol.spec.Spec.as_data()
    spec = models.JSONField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    # Of the spec with its items, stimuli and trial lists; of the plan alone.
    protocol_hash = models.CharField(max_length=64, blank=True)
    plan_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["study"], condition=Q(state="draft"), name="one_draft_a_study"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", frozen_at__isnull=True)
                | (~Q(state="draft") & Q(frozen_at__isnull=False) & ~Q(protocol_hash="")),
                name="version_frozen_unless_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study} v{self.number}"

    @property
    def is_frozen(self) -> bool:
        return self.state != self.State.DRAFT


class Item(models.Model):
    """What is compared: an excerpt at its problem balance, with what the systems made of it.

    One item belongs to one block; its stimuli are that block's. Raters share items.
    """

    class Kind(models.TextChoices):
        MAIN = "main", _("main")
        TRAINING = "training", _("training")
        ATTENTION = "attention", _("attention check")

    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    block = models.CharField(max_length=40)
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.MAIN)
    excerpt = models.ForeignKey(Excerpt, on_delete=models.PROTECT, related_name="study_items")
    # Relative to the stems as imported; null where silent.
    reference_db = StemValuesField()
    problem_db = StemValuesField()
    error_db = StemValuesField()
    # For training and attention checks: the right answer by question, told by stimulus number.
    answer = models.JSONField(null=True, blank=True)
    # The stems to hear beside mixes, {stem: rendering as of a stimulus}; null until rendered.
    dry_stems = models.JSONField(null=True, blank=True)
    # Systems that were fitted on this song, when the study was told to allow it.
    seen_by = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="item_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.version} i{self.number:03d}"


class Stimulus(models.Model):
    """One of the things an item compares: an advice as text, or a mix, or both (the mix that
    follows from the advice). `file` is the folder of its rendering under the media folder."""

    class Role(models.TextChoices):
        SYSTEM = "system", _("system")
        PROBLEM = "problem", _("problem mix")
        REFERENCE = "reference", _("reference")
        ANCHOR = "anchor", _("anchor")
        CONTROL = "control", _("control")

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="stimuli")
    number = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.SYSTEM)
    # The name as the spec gives it; the row says which version spoke.
    name = models.CharField(max_length=64, blank=True)
    system = models.ForeignKey(System, null=True, on_delete=models.PROTECT, related_name="+")
    advice = models.ForeignKey(Advice, null=True, on_delete=models.PROTECT, related_name="+")
    # What people read. It is the advice's prose unless proof-reading replaced it.
    text = models.TextField(blank=True)
    balance_db = StemValuesField(null=True)
    # {"loudness_lufs", "target_lufs", "gain_db", "true_peak_dbtp", "duration_s", "n_bytes",
    #  "sha256"}; null until it is rendered.
    rendering = models.JSONField(null=True)

    class Meta:
        ordering = ["item", "number"]
        verbose_name_plural = "stimuli"
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="stimulus_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.item}.{self.number}"


class ExclusionRules(models.Model):
    """A named set of rules (studies.protocol.spec.Rule), recorded and never changed."""

    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="exclusions")
    name = models.SlugField(max_length=40)
    title = models.CharField(max_length=200)
    rules = models.JSONField()
    is_primary = models.BooleanField(default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="exclusion_name_once"),
            models.UniqueConstraint(
                fields=["version"], condition=Q(is_primary=True), name="one_primary_exclusion"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AuditLine(AppendOnly):
    """Something that matters was done: opening, unblinding, an export, an exclusion, a withdrawal.
    Lines are added and never changed; they hold no personal data."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="audit")
    version_number = models.PositiveIntegerField(null=True)
    act = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.study}: {self.act}"
