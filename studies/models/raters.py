"""Whoever answers: people, simulated raters, judges. What is personal lies apart."""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotate.fields import KeyField
from annotate.models.campaigns import hash_token
from studies.models.studies import StudyVersion


class TrialList(models.Model):
    """One person's whole way through the items, made when the study was frozen.

    A list is a place: it is held by one rater under a lease, and filled when that rater completes.
    Who drops out, withdraws or is rejected gives the whole list back.

    `trials` is [{"item": number, "kind": "main|repeat|training|attention", "sides": [stimulus
    numbers in the order shown], "repeat_of": position or null}, ...] in the order shown.
    """

    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="lists")
    number = models.PositiveIntegerField()
    trials = models.JSONField()
    rater = models.OneToOneField(
        "Rater", null=True, blank=True, on_delete=models.SET_NULL, related_name="held_list"
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    is_filled = models.BooleanField(default=False)
    # How many raters completed it, through all givings back.
    completed = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="list_number_once"),
            models.CheckConstraint(
                condition=Q(is_filled=False) | Q(rater__isnull=False), name="filled_list_has_rater"
            ),
        ]
        indexes = [models.Index(fields=["version", "is_filled", "leased_until"])]

    def __str__(self) -> str:
        return f"{self.version} list {self.number}"


class RaterQuerySet(models.QuerySet["Rater"]):
    def by_token(self, token: str) -> "RaterQuerySet":
        return self.filter(token_hash=hash_token(token))

    def people(self) -> "RaterQuerySet":
        return self.filter(kind=Rater.Kind.PERSON)

    def counted(self) -> "RaterQuerySet":
        """The study itself: neither previews nor pilots."""
        return self.filter(run=Rater.Run.MAIN)


class Rater(models.Model):
    """One who answers in one version. Kind and run are set once and never changed."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        SIMULATED = "simulated", _("simulated")
        JUDGE = "judge", _("LLM judge")
        RUBRIC = "rubric", _("rubric rater, knows the answer")

    class Run(models.TextChoices):
        MAIN = "main", _("main")
        PILOT = "pilot", _("pilot")
        PREVIEW = "preview", _("preview")

    class State(models.TextChoices):
        ACTIVE = "active", _("at work")
        COMPLETE = "complete", _("complete")
        SCREENED_OUT = "screened out", _("screened out")
        ATTENTION_FAILED = "attention failed", _("attention failed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    key = KeyField()
    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="raters")
    # 1, 2, 3... in the version: exports say r001.
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.PERSON)
    run = models.CharField(max_length=7, choices=Run.choices, default=Run.MAIN)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    # Only people and simulated raters come by a link.
    token_hash = models.CharField(max_length=64, unique=True, null=True)
    seed = models.PositiveBigIntegerField(default=0)
    language = models.CharField(max_length=5, default="en")
    # Which list it is or was: kept when the list is given back.
    list_number = models.PositiveIntegerField(null=True)
    # Simulated raters: how they answer ("good", "noisy", ...). Judges: name, model, family, what
    # they were given, prompt and its hash.
    about = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    consented_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RaterQuerySet.as_manager()

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="rater_number_once")
        ]
        indexes = [models.Index(fields=["version", "kind", "run", "state"])]

    def __str__(self) -> str:
        return f"{self.version} r{self.number:03d}"

    def may_enter(self, token: str) -> bool:
        return self.token_hash is not None and secrets.compare_digest(
            self.token_hash, hash_token(token)
        )

    @staticmethod
    def new_token() -> str:
        return secrets.token_urlsafe(32)


def person_hash(version: StudyVersion, person: str) -> str:
    """One person of a platform in one study: the same person comes back to the same place. Keyed
    with the site's secret, so that the hash tells nobody who it was."""
    text = f"{settings.SECRET_KEY}\0{version.study_id}\0{person}"
    return hashlib.sha256(text.encode()).hexdigest()


class PersonalData(models.Model):
    """What tells who somebody is, and their own words about themselves; deleted on withdrawal."""

    rater = models.OneToOneField(Rater, on_delete=models.CASCADE, related_name="personal")
    # The platform's id of the person and of the session, as they came.
    person = models.CharField(max_length=200, blank=True)
    session = models.CharField(max_length=200, blank=True)
    questionnaire = models.JSONField(default=dict, blank=True)
    device = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"personal data of {self.rater}"


class PlatformPerson(models.Model):
    """That a platform's person has come to this study. It outlives withdrawal, as a hash, so that
    nobody takes part twice."""

    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="+")
    person_hash = models.CharField(max_length=64)
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "person_hash"], name="person_once_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.rater}"


class RaterStep(models.Model):
    """A step taken on the way (consent, questionnaire, volume, headphones, training, trials,
    debriefing, withdrawal), and what a gate found. Added, never changed."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=20)
    # A gate's verdict, and whether it let the person on.
    passed = models.BooleanField(null=True)
    policy = models.CharField(max_length=7, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["rater", "step"])]

    def __str__(self) -> str:
        return f"{self.rater}: {self.step}"


class Review(models.Model):
    """A researcher's word on one participant. The last one counts; a rejection gives the list
    back."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="reviews")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reason = models.CharField(max_length=500, blank=True)
    by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(verdict="rejected") | ~Q(reason=""), name="rejection_says_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rater}: {self.verdict}"
