"""A showing of an item to a rater, what was answered, and what happened meanwhile."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField
from studies.models.raters import Rater
from studies.models.studies import Item


class Trial(models.Model):
    """One showing. `sides` lists stimulus ids in the order shown: the first is A.

    The key is drawn anew for every rater and trial, so no two people can compare addresses.
    """

    class Kind(models.TextChoices):
        MAIN = "main", _("main")
        REPEAT = "repeat", _("repeat")
        TRAINING = "training", _("training")
        ATTENTION = "attention", _("attention check")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        # Text answers are locked, the mix after the advice is being heard.
        LOCKED = "locked", _("locked")
        ANSWERED = "answered", _("answered")
        FAILED = "failed", _("failed")

    key = KeyField()
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="trials")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="trials")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.MAIN)
    repeat_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    # Judges see both orders: 1 as people saw it, 2 turned round.
    order = models.PositiveSmallIntegerField(default=1)
    sides = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    failure = models.CharField(max_length=300, blank=True)
    # Seconds heard of each letter and of "problem"; of what comes after, "after A"...
    listened_s = models.JSONField(default=dict, blank=True)
    # Answers as they stand while somebody works, of the page load that began last; then of its
    # latest save.
    draft = models.JSONField(default=dict, blank=True)
    draft_page = models.PositiveBigIntegerField(default=0)
    draft_seq = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["rater", "position"]
        constraints = [
            models.UniqueConstraint(fields=["rater", "position"], name="trial_position_once"),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""), name="failed_trial_says_why"
            ),
        ]
        indexes = [models.Index(fields=["item", "kind", "state"])]

    def __str__(self) -> str:
        return f"{self.rater} trial {self.position}"


class Answer(models.Model):
    """One sending of a trial's answers, as it came: the same key again changes nothing."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="answers")
    idempotency_key = models.CharField(max_length=64)
    # "before" or "after" the mix that follows from the advice was heard.
    phase = models.CharField(max_length=6, default="before")
    revision = models.PositiveSmallIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "idempotency_key"], name="answer_key_once"),
            models.UniqueConstraint(
                fields=["trial", "phase", "revision"], name="answer_revision_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial} {self.phase} {self.revision}"


class Judgement(models.Model):
    """One answer to one question; an amended answer is a new revision.

    `value` by kind of question: choice: "A", "B", "tie", "both bad"; scale: a number, or
    {"A": number, ...}; ranking: letters, best first, equals in a list of their own; text: words.
    """

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="judgements")
    answer = models.ForeignKey(
        Answer, null=True, on_delete=models.CASCADE, related_name="judgements"
    )
    question = models.CharField(max_length=40)
    phase = models.CharField(max_length=6, default="before")
    revision = models.PositiveSmallIntegerField(default=1)
    value = models.JSONField()
    # Judges state how sure they are, from 0 to 1.
    confidence = models.FloatField(null=True)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "question", "phase", "revision"], name="judgement_revision_once"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True)
                | (Q(confidence__gte=0.0) & Q(confidence__lte=1.0)),
                name="judgement_confidence_0_to_1",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial}: {self.question}"


class TrialEvents(models.Model):
    """A batch of what happened on a trial's page: plays, switches, seconds, focus, device."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="event_batches")
    client = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    events = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "trial events"
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "client", "seq"], name="trial_event_batch_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trial} {self.client} {self.seq}"
