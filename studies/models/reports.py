"""A report that was written: a folder that stays as it is."""

from pathlib import Path

from django.conf import settings
from django.db import models

from annotate.fields import KeyField
from annotate.media import media_folder
from studies.models.studies import StudyVersion


class Report(models.Model):
    """One report of one version, from the answers that there were at one time."""

    key = KeyField()
    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="reports")
    # The rule set by which raters are left out; "" for the plan's.
    exclusions = models.SlugField(max_length=40, blank=True)
    include = models.JSONField(default=list, blank=True)
    is_blinded = models.BooleanField(default=True)
    # Written while the study ran.
    is_interim = models.BooleanField(default=False)
    seed = models.PositiveBigIntegerField(default=0)
    job_key = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"report of {self.version}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def folder(self) -> Path:
        return media_folder("reports", self.key)
