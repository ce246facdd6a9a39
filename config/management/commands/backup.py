"""`manage.py backup TARGET`: everything that the site knows, as one file."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from annotate.management.command import GainsayCommand
from config.backups import archive, database
from config.backups.archive import BackupError, Manifest
from modeling.progress import Progress


class Command(GainsayCommand):
    help = (
        "Write database and media into one file, while the site runs. Whatever was acknowledged "
        "before it started is in it. TARGET is a new file, or a folder, where the file is named "
        "by the time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("target", type=Path, metavar="TARGET")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        target: Path = options["target"]
        if target.is_dir():
            target = target / f"gainsay-{now:%Y%m%dT%H%M%SZ}.tar"
        if target.exists():
            raise CommandError(f"{target} exists already: it is left as it is")
        if not target.parent.is_dir():
            raise CommandError(f"{target.parent} is no folder: make it first")
        try:
            made = self._write(target, now.isoformat())
        except (BackupError, OSError, DatabaseError) as error:
            raise CommandError(" ".join(str(error).split())) from error
        n_bytes = target.stat().st_size
        result = {"file": str(target), "bytes": n_bytes, "media_files": made.media_files}
        line = f"{target}: database and {made.media_files} media files, {n_bytes / 1e6:.1f} MB"
        self.answer(result, as_json=options["json"], lines=[line])

    def _write(self, target: Path, made_at: str) -> Manifest:
        media = Path(settings.MEDIA_ROOT)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            snapshot = Path(folder) / database.file_name()
            self.say("reading the database")
            # First the database: media of every row in it was written before that row.
            manifest = Manifest(made_at, connection.vendor, database.applied_migrations())
            database.dump(snapshot)
            n_bytes = sum(p.stat().st_size for p in archive.media_files(media) if p.exists())
            with Progress(n_bytes / 1e6, "writing", unit="MB", stream=self._stderr()) as bar:
                return archive.write(
                    target, snapshot, media, manifest, lambda n: bar.advance(n / 1e6)
                )

    def _stderr(self) -> Any:
        return self.stderr._out
