"""An export that a worker wrote: one file, kept for a while."""

from pathlib import Path

from django.conf import settings
from django.db import models

from annotate.fields import KeyField
from annotate.media import media_folder
from studies.models.studies import StudyVersion


class Export(models.Model):
    """Asked for on a page, of a study so large that nobody waits for it there."""

    key = KeyField()
    version = models.ForeignKey(StudyVersion, on_delete=models.CASCADE, related_name="exports")
    # "zip" or "json", as in studies.exports.files.
    what = models.CharField(max_length=4)
    include = models.JSONField(default=list, blank=True)
    is_blinded = models.BooleanField(default=True)
    # Written while the study ran.
    is_interim = models.BooleanField(default=False)
    file_name = models.CharField(max_length=200, blank=True)
    n_bytes = models.PositiveBigIntegerField(default=0)
    job_key = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(db_index=True)
    written_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"export of {self.version}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def folder(self) -> Path:
        return media_folder("exports", self.key)

    @property
    def path(self) -> Path:
        return self.folder / self.file_name
