"""The duty to balance one excerpt, everything done on the way, and the answers."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField, StemValuesField
from annotate.models.campaigns import Annotator, CampaignExcerpt

FADER_LOW_DB, FADER_HIGH_DB = -40.0, 12.0


class Assignment(models.Model):
    """One showing of one excerpt to one annotator, with its own hidden trims and random start."""

    class State(models.TextChoices):
        ACTIVE = "active", _("in progress")
        SUBMITTED = "submitted", _("submitted")
        DECLINED = "declined", _("cannot judge")

    key = KeyField()
    item = models.ForeignKey(CampaignExcerpt, on_delete=models.CASCADE, related_name="assignments")
    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, related_name="assignments")
    # 0 is the first time; repeats for self-consistency count from 1 and fill no slot.
    repeat = models.PositiveSmallIntegerField(default=0)
    # Which of the item's places it was made for: decides its trims and start.
    slot_number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    # The level at which each stem is served, relative to the stem as imported: all stems at one
    # loudness, then the hidden trim. Faders stand on top of it.
    served_gain_db = StemValuesField()
    trim_db = StemValuesField()
    start_db = StemValuesField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Where the desk stands, so that a reload or another device goes on from there.
    desk = models.JSONField(default=dict)
    # Page load (server's ms) and number within it: a stale save never overwrites a newer one.
    desk_page = models.BigIntegerField(default=0)
    desk_seq = models.PositiveIntegerField(default=0)
    listened_s = models.FloatField(default=0.0)
    moves = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "annotator", "repeat"], name="assignment_once_per_repeat"
            )
        ]
        indexes = [models.Index(fields=["annotator", "state"], name="assignment_annotator_state")]

    def __str__(self) -> str:
        return f"{self.item} for {self.annotator.letter}"


class SlotQuerySet(models.QuerySet["Slot"]):
    def free(self, now: datetime) -> "SlotQuerySet":
        """Never taken, given back, or held under a lease that has run out."""
        return self.filter(Q(assignment__isnull=True) | Q(is_filled=False, leased_until__lt=now))

    def take(self, slot_id: int, assignment: Assignment, *, until: datetime, now: datetime) -> bool:
        """Exactly one of all who ask at this instant gets True."""
        return bool(
            self.free(now).filter(pk=slot_id).update(assignment=assignment, leased_until=until)
        )


class Slot(models.Model):
    """One of an item's places. There are as many as the overlap asks, so it cannot be exceeded."""

    item = models.ForeignKey(CampaignExcerpt, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    assignment = models.OneToOneField(
        Assignment, null=True, on_delete=models.SET_NULL, related_name="slot"
    )
    leased_until = models.DateTimeField(null=True)
    is_filled = models.BooleanField(default=False)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["item", "number"]
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="slot_number_once_per_item"),
            models.CheckConstraint(
                condition=Q(is_filled=False) | Q(assignment__isnull=False),
                name="filled_slot_has_assignment",
            ),
        ]
        indexes = [models.Index(fields=["item", "is_filled"], name="slot_item_filled")]

    def __str__(self) -> str:
        return f"{self.item} #{self.number}"


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def current(self) -> "AnnotationQuerySet":
        """The last revision of each assignment; earlier ones stay stored."""
        latest = (
            Annotation.objects.filter(assignment=models.OuterRef("assignment"))
            .order_by("-revision")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(latest))


class Annotation(models.Model):
    """One answer: where the faders stood. Amending adds a revision; nothing is ever updated."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="annotations")
    revision = models.PositiveSmallIntegerField(default=1)
    idempotency_key = models.CharField(max_length=64)
    # Null: the fader was off, or the stem silent. Both null together mean "cannot judge".
    fader_db = StemValuesField(null=True)
    balance_db = StemValuesField(null=True)
    cannot_judge_reason = models.CharField(max_length=500, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True, max_length=2000)
    listened_s = models.FloatField(default=0.0)
    moves = models.PositiveIntegerField(default=0)
    # Its lease had run out and the slot had gone to somebody else: kept, but not asked for.
    is_surplus = models.BooleanField(default=False)
    submitted_at = models.DateTimeField()

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="revision_once"),
            models.UniqueConstraint(
                fields=["assignment", "idempotency_key"], name="submission_once"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__range=(1, 5)),
                name="confidence_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(balance_db__isnull=False) | ~Q(cannot_judge_reason=""),
                name="balance_or_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} r{self.revision}"


class EventBatch(models.Model):
    """What the desk sent in one go: fader moves, plays, listening. One row per batch."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, related_name="event_batches"
    )
    # A page load's own random id and its running number: a batch sent twice is stored once.
    client = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    events = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "client", "seq"], name="event_batch_once")
        ]

    def __str__(self) -> str:
        return f"{self.assignment} {self.client}/{self.seq}"


class HeadphoneAttempt(models.Model):
    """One go at the headphone check: the answers stay on the server until it is over."""

    annotator = models.ForeignKey(
        Annotator, on_delete=models.CASCADE, related_name="headphone_attempts"
    )
    key = KeyField()
    kind = models.CharField(max_length=9)
    seed = models.PositiveBigIntegerField()
    answers = models.JSONField(default=list)
    passed = models.BooleanField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.annotator} {self.kind}"
