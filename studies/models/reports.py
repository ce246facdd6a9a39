"""What a worker wrote of a study when somebody asked for it: reports, and exports too large to wait
for."""

from pathlib import Path

from django.conf import settings
from django.db import models

from annotate.fields import KeyField
from annotate.media import media_folder
from studies.models.studies import StudyVersion


class Written(models.Model):
    """Asked for at one time of one version; there is something to read from `written_at` on."""

    key = KeyField()
    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="%(class)ss")
    # Extras that are left in: simulated, pilot, preview.
    include = models.JSONField(default=list, blank=True)
    is_blinded = models.BooleanField(default=True)
    # Asked for while the study ran.
    is_interim = models.BooleanField(default=False)
    job_key = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.version}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def folder(self) -> Path:
        return media_folder(f"{self._meta.model_name}s", self.key)


class Report(Written):
    """A folder that stays as it is."""

    # The rule set by which raters are left out; "" for the plan's.
    exclusions = models.SlugField(max_length=40, blank=True)
    seed = models.PositiveBigIntegerField(default=0)


class Export(Written):
    """One file, kept for a while."""

    # "zip" or "json", as in studies.exports.files.
    what = models.CharField(max_length=4)
    file_name = models.CharField(max_length=200, blank=True)
    n_bytes = models.PositiveBigIntegerField(default=0)

    @property
    def path(self) -> Path:
        return self.folder / self.file_name
