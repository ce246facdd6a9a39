"""Whatever gives advice, and what it said. Both are written once and never changed."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analysis.vectors import STEMS
from annotate.fields import KeyField, StemValues, StemValuesField
from annotate.models import Excerpt
from studies.models.uploads import Upload


class SystemQuerySet(models.QuerySet["System"]):
    def newest(self) -> "SystemQuerySet":
        """The version of each system that spoke last: an older bundle may come back."""
        last = (
            System.objects.filter(name=models.OuterRef("name"))
            .order_by("-last_used_at", "-pk")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(last))

    def experts(self) -> "SystemQuerySet":
        return self.filter(kind=System.Kind.EXPERT)


class System(models.Model):
    """One version of one system: other weights or other rules are another row.

    `provenance` holds the registry's `version`, the fingerprint of the `checkpoint` that spoke
    (empty for a plain rule) and of the whole `bundle` that it lay in.
    """

    class Kind(models.TextChoices):
        COMPUTED = "computed", _("computed")
        EXPERT = "expert", _("human expert")

    key = KeyField()
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=100)
    title = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.COMPUTED)
    # What it declares to hear; nothing else is given to it.
    hears = models.JSONField(default=list)
    provenance = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    objects = SystemQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="system_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def problem_key(problem_db: StemValues) -> str:
    """A balance as text, so that it can be part of a unique constraint: 0.01 dB apart is another.

    >>> problem_key({"vocals": 3.0, "drums": 0.0, "bass": None, "other": -2.5})
    '3.00 0.00 off -2.50'
    """
    texts = []
    for stem in STEMS:
        value = problem_db[stem]
        texts.append("off" if value is None else f"{value:.2f}".replace("-0.00", "0.00"))
    return " ".join(texts)


class AdviceQuerySet(models.QuerySet["Advice"]):
    def on(self, stems: "Excerpt | Upload", problem_db: StemValues) -> "AdviceQuerySet":
        """What was said about these stems at this balance, by the newest version of each system."""
        source = {"upload": stems} if isinstance(stems, Upload) else {"excerpt": stems}
        return self.filter(
            system__in=System.objects.newest(),
            problem_key=problem_key(problem_db),
            manner="",
            **source,
        ).select_related("system")


class Advice(models.Model):
    """What a system said about one set of stems at one balance. Kept, so nothing is asked twice."""

    key = KeyField()
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="advice")
    excerpt = models.ForeignKey(
        Excerpt, null=True, blank=True, on_delete=models.PROTECT, related_name="advice"
    )
    upload = models.ForeignKey(
        Upload, null=True, blank=True, on_delete=models.CASCADE, related_name="advice"
    )
    # Where the stems stood, relative to the stems as imported; null where off or silent.
    problem_db = StemValuesField()
    problem_key = models.CharField(max_length=60, editable=False)
    # How it was asked for: "" with reasons and self-checks; a study may switch them off.
    manner = models.CharField(max_length=40, blank=True, default="")
    # modeling.advice.json_form
    content = models.JSONField()
    prose = models.TextField()
    provenance = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = AdviceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "advice"
        constraints = [
            models.CheckConstraint(
                condition=Q(excerpt__isnull=False, upload__isnull=True)
                | Q(excerpt__isnull=True, upload__isnull=False),
                name="advice_on_excerpt_or_upload",
            ),
            models.CheckConstraint(condition=~Q(prose=""), name="advice_says_something"),
            models.UniqueConstraint(
                fields=["system", "excerpt", "problem_key", "manner"],
                condition=Q(excerpt__isnull=False),
                name="advice_once_per_excerpt",
            ),
            models.UniqueConstraint(
                fields=["system", "upload", "problem_key", "manner"],
                condition=Q(upload__isnull=False),
                name="advice_once_per_upload",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} on {self.excerpt or self.upload}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.problem_key = problem_key(self.problem_db)
        super().save(*args, **kwargs)
