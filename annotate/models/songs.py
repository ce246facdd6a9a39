"""Songs, their stems, and the excerpts that people hear."""

from pathlib import Path

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analysis.vectors import STEMS
from annotate.fields import KeyField, StemValues, StemValuesField
from annotate.media import media_folder

ROLE_CHOICES = [
    ("vocals", _("vocals")),
    ("drums", _("drums")),
    ("bass", _("bass")),
    ("other", _("other")),
]


class SongQuerySet(models.QuerySet["Song"]):
    def search(self, words: str) -> "SongQuerySet":
        found = self
        for word in words.split():
            found = found.filter(
                Q(title__icontains=word) | Q(artist__icontains=word) | Q(genre__icontains=word)
            )
        return found

    def matching(
        self, *, genre: str = "", artist: str = "", split: str = "", licence: str = ""
    ) -> "SongQuerySet":
        """The filter of campaigns, pairs, studies and reports: empty means any."""
        wanted = {"genre": genre, "artist": artist, "split": split, "licence": licence}
        return self.filter(**{f"{field}__iexact": v for field, v in wanted.items() if v})


class Song(models.Model):
    key = KeyField()
    title = models.CharField(max_length=200)
    artist = models.CharField(max_length=200, blank=True)
    genre = models.CharField(max_length=100, blank=True, db_index=True)
    split = models.CharField(max_length=20, blank=True, db_index=True)
    licence = models.CharField(max_length=100, blank=True, db_index=True)
    source = models.CharField(max_length=500, blank=True)
    is_generated = models.BooleanField(default=False)
    # Imported from annotations made elsewhere: known by name and loudness only.
    has_audio = models.BooleanField(default=True)
    fingerprint = models.CharField(max_length=64, unique=True)
    # Cheap key of the files it came from, so that a second import need not decode again.
    source_key = models.CharField(max_length=64, blank=True, db_index=True)
    duration_s = models.FloatField(default=0.0)
    notes = models.JSONField(default=list)
    imported_at = models.DateTimeField()

    objects = SongQuerySet.as_manager()

    class Meta:
        ordering = ["artist", "title", "pk"]

    def __str__(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title

    @property
    def folder(self) -> Path:
        return media_folder("songs", self.key)


class Stem(models.Model):
    song = models.ForeignKey(Song, on_delete=models.CASCADE, related_name="stems")
    role = models.CharField(max_length=8, choices=ROLE_CHOICES)
    # Null where the stem is silent: no number pretends to be one.
    loudness_lufs = models.FloatField(null=True)
    peak_dbfs = models.FloatField(null=True)
    activity = models.FloatField(default=0.0, help_text="share of time in which it sounds")
    source_rate_hz = models.PositiveIntegerField(null=True)
    source_channels = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["song", "role"], name="one_stem_per_role"),
            models.CheckConstraint(condition=Q(role__in=STEMS), name="stem_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.song}: {self.role}"


class ExcerptQuerySet(models.QuerySet["Excerpt"]):
    def usable(self) -> "ExcerptQuerySet":
        return self.filter(retired_at__isnull=True)


class Excerpt(models.Model):
    """A window of a song. Its window never changes once cut: adjusting makes a new one."""

    class Origin(models.TextChoices):
        AUTOMATIC = "automatic", _("chosen automatically")
        BY_HAND = "by hand", _("adjusted by hand")
        IMPORTED = "imported", _("imported with its annotations")

    key = KeyField()
    song = models.ForeignKey(Song, on_delete=models.CASCADE, related_name="excerpts")
    label = models.CharField(max_length=100, blank=True)
    start_s = models.FloatField(default=0.0)
    duration_s = models.FloatField(default=0.0)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.AUTOMATIC)
    reasons = models.JSONField(default=list)
    loudness_lufs = StemValuesField()
    peak_dbfs = StemValuesField()
    activity = StemValuesField()
    # The highest mix loudness at which no setting of the faders can clip.
    safe_target_lufs = models.FloatField(null=True)
    has_audio = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = ExcerptQuerySet.as_manager()

    class Meta:
        ordering = ["song__artist", "song__title", "start_s", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start_s__gte=0) & Q(duration_s__gte=0), name="excerpt_window_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.song} @ {self.start_s:.1f} s"

    @property
    def folder(self) -> Path:
        return media_folder("excerpts", self.key)

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s

    def active(self) -> dict[str, bool]:
        loudness: StemValues = self.loudness_lufs
        return {stem: loudness[stem] is not None for stem in STEMS}
