"""`manage.py remove_expired_uploads`: what the worker also does by itself, every hour."""

from typing import Any

from django.utils import timezone

from annotate.management.command import GainsayCommand
from studies.services.uploads import remove_expired


class Command(GainsayCommand):
    help = "Remove visitors' stems whose time is over, and folders that lost their row."

    def handle(self, *args: Any, **options: Any) -> None:
        removed = remove_expired(timezone.now())
        self.answer({"removed": removed}, as_json=options["json"], lines=[f"removed {removed}"])
