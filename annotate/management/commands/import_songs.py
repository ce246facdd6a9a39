"""`manage.py import_songs PATH...`: take songs into the library."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand
from annotate.services import library
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

    def handle(self, *args: Any, **options: Any) -> None:
        if options["jobs"] < 1:
            raise CommandError(f"--jobs {options['jobs']}: at least 1 is needed")
        found = find_songs(options["paths"], layout=options["layout"])
        result: dict[str, list[dict[str, Any]]] = {"imported": [], "skipped": [], "failed": []}
        lines = []
        for problem in found.problems:
            result["failed"].append({"path": str(problem.path), "reason": problem.reason})
            lines.append(f"failed    {problem}")
        with Progress(len(found.songs), "importing", unit="songs") as progress:
            outcomes = library.import_songs(found.songs, jobs=options["jobs"], now=timezone.now())
            for source, outcome in outcomes:
                lines.append(_record(result, source.path, outcome))
                progress.advance()
        self.answer(result, as_json=options["json"], lines=lines)
        if result["failed"] and not (result["imported"] or result["skipped"]):
            first = result["failed"][0]
            raise CommandError(f"nothing imported: {first['path']}: {first['reason']}")
        if result["failed"]:
            raise CommandError(
                f"{len(result['failed'])} of {sum(map(len, result.values()))} not imported"
            )


def _record(
    result: dict[str, list[dict[str, Any]]], path: Path, outcome: library.Imported | AudioError
) -> str:
    """File what came of a song; returns the line that says so."""
    if isinstance(outcome, AudioError):
        result["failed"].append({"path": str(path), "reason": _reason(path, outcome)})
        return f"failed    {outcome}"
    song = outcome.song
    entry = {"path": str(path), "key": song.key, "title": song.title, "artist": song.artist}
    if outcome.is_new:
        result["imported"].append({**entry, "notes": song.notes})
        return "\n".join([f"imported  {song}", *(f"          {note}" for note in song.notes)])
    result["skipped"].append(entry)
    return f"skipped   {song}: already in the library"


def _reason(path: Path, fault: AudioError) -> str:
    """The fault of the song at `path`, with the file it is about where that is another one."""
    if fault.path == path:
        return fault.reason
    name = fault.path.name if path in fault.path.parents else str(fault.path)
    return f"{name} {fault.reason}"
