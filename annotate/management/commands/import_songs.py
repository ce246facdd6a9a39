"""`manage.py import_songs PATH...`: take songs into the library."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from annotate.services import library, song_imports
from annotate.services.import_outcomes import Outcomes
from modeling.audio import AudioError
from modeling.layouts import LAYOUTS, find_songs
from modeling.progress import Progress


class Command(GainsayCommand):
    help = (
        "Import songs: MUSDB18 .stem.mp4 files, MUSDB18-HQ folders, or any folder with vocals, "
        "drums, bass and other as wav, flac, ogg, mp3 or aiff. Safe to run twice and to stop: "
        "what is in the library is skipped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument("--layout", choices=LAYOUTS, default="auto", help="default: auto")
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="songs at a time")
        parser.add_argument(
            "--background", action="store_true", help="let a worker do it, one song at a time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["jobs"] < 1:
            raise CommandError(f"--jobs {options['jobs']}: at least 1 is needed")
        if options["background"]:
            self._queue(options)
            return
        found = find_songs(options["paths"], layout=options["layout"])
        result = Outcomes()
        lines = []
        for problem in found.problems:
            result.refuse(str(problem.path), problem.reason)
            lines.append(f"failed    {problem}")
        with Progress(len(found.songs), "importing", unit="songs") as progress:
            outcomes = library.import_songs(found.songs, jobs=options["jobs"], now=timezone.now())
            for source, outcome in outcomes:
                result.add(source.path, outcome)
                lines.append(_line(outcome))
                progress.advance()
        self.answer(result.as_data(), as_json=options["json"], lines=lines)
        if result.failed and not (result.imported or result.skipped):
            first = result.failed[0]
            raise CommandError(f"nothing imported: {first['path']}: {first['reason']}")
        if result.failed:
            n_all = len(result.imported) + len(result.skipped) + len(result.failed)
            raise CommandError(f"{len(result.failed)} of {n_all} not imported")

    def _queue(self, options: dict[str, Any]) -> None:
        """Ask the worker for the same; what the paths hold is found out there."""
        missing = [path for path in options["paths"] if not path.exists()]
        if missing:
            raise CommandError(f"{missing[0]}: does not exist; check the path")
        paths = [str(path.resolve()) for path in options["paths"]]
        key = song_imports.ask_for_paths(paths, options["layout"])
        line = f"queued as job {key}; a worker does it (manage.py work)"
        self.answer({"job": key}, as_json=options["json"], lines=[line])


def _line(outcome: library.Imported | AudioError) -> str:
    if isinstance(outcome, AudioError):
        return f"failed    {outcome}"
    song = outcome.song
    if outcome.is_new:
        return "\n".join([f"imported  {song}", *(f"          {note}" for note in song.notes)])
    return f"skipped   {song}: already in the library"
