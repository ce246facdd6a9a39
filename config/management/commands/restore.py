"""`manage.py restore FILE`: a backup into an empty database and media folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from annotate.management.command import GainsayCommand
from config.backups import archive, database, media
from config.backups.archive import BackupError, Manifest
from modeling.progress import Progress


class Command(GainsayCommand):
    help = (
        "Read a file that `backup` wrote, check every byte of it, then put its database and media "
        "in place: all, or nothing is changed. Stop web and workers first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="also where database or media folder hold something, which is then lost",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            if not options["replace"]:
                _refuse_what_is_not_empty()
            manifest = self._restore(file)
        except (BackupError, OSError, DatabaseError) as error:
            raise CommandError(" ".join(str(error).split())) from error
        behind = sorted(database.code_migrations() - set(manifest.migrations))
        result = {
            "file": str(file),
            "made_at": manifest.made_at,
            "media_files": manifest.media_files,
            "migrations_to_apply": behind,
        }
        lines = [f"{file} of {manifest.made_at}: database and {manifest.media_files} media files"]
        if behind:
            lines.append("it is of an older version: run `manage.py migrate` now")
        self.answer(result, as_json=options["json"], lines=lines)

    def _restore(self, file: Path) -> Manifest:
        root = Path(settings.MEDIA_ROOT)
        n_bytes = file.stat().st_size
        with media.staging(root) as folder:
            unpacked = folder / "new"
            unpacked.mkdir()
            with Progress(n_bytes / 1e6, "reading", unit="MB", stream=self._stderr()) as bar:
                manifest = archive.unpack(file, unpacked, lambda n: bar.advance(n / 1e6))
            _refuse_what_does_not_fit(file, manifest)
            snapshot = unpacked / database.file_name()
            with media.replaced(root, unpacked / archive.MEDIA, folder / "old"):
                self.say("putting the database in place")
                database.load(snapshot)
        return manifest

    def _stderr(self) -> Any:
        return self.stderr._out


def _refuse_what_is_not_empty() -> None:
    root = Path(settings.MEDIA_ROOT)
    if found := media.strangers(root):
        raise BackupError(f"{root} is not empty ({found[0].name}): --replace would remove that")
    if tables := database.filled_tables():
        raise BackupError(f"the database is not empty ({tables[0]}): --replace would remove that")


def _refuse_what_does_not_fit(file: Path, manifest: Manifest) -> None:
    if manifest.engine != connection.vendor:
        raise BackupError(f"{file} is of {manifest.engine}, the database is {connection.vendor}")
    if database.file_name() not in manifest.files:
        raise BackupError(f"{file} is damaged: {database.file_name()} is missing")
    if unknown := database.unknown_migrations(manifest.migrations):
        raise BackupError(f"{file} is of a newer version, which has {unknown[0]}: upgrade first")
