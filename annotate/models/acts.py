"""What was done that somebody may have to account for: lines that are added and never changed."""

from typing import Any, TypeVar

from django.conf import settings
from django.db import models

Row = TypeVar("Row", bound=models.Model)


class AppendOnlyError(Exception):
    """Somebody tried to change or delete what is kept as it was written."""


class AppendOnlyQuerySet(models.QuerySet[Row]):
    def update(self, **values: Any) -> int:
        raise AppendOnlyError("lines of the audit are never changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("lines of the audit are never deleted")

    def bulk_update(self, *rows: Any, **more: Any) -> int:
        raise AppendOnlyError("lines of the audit are never changed")


class AppendOnly(models.Model):
    """Written once: the site's code changes no line. Whoever holds the database can."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("lines of the audit are never changed")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("lines of the audit are never deleted")


class Act(AppendOnly):
    """Acts beside studies: links made and withdrawn, tokens, exports of campaigns, what was
    done with personal data. `about` names the thing by its key; nothing in it is personal."""

    act = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True)
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
        return f"{self.act} {self.about}".strip()
