"""`manage.py export_study_data STUDY --out DIR`: a study's answers for analysis."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from studies.exports.files import WHO_NAME, note_export, write_folder
from studies.exports.scope import EXTRAS, Scope
from studies.management.finding import find_study, frozen_version, moment
from studies.services import unblinding


class Command(GainsayCommand):
    help = (
        "Write a study's answers into DIR: study.json (all of it), tables as CSV with a codebook, "
        "and who-is-who.csv, which holds personal data. Systems are labels unless --unblind is "
        "given, which is written into the audit. Simulated raters, pilots and previews are left "
        "out unless they are named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", metavar="STUDY", help="key or title")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument(
            "--study-version", type=int, metavar="N", help="default: the latest frozen one"
        )
        parser.add_argument("--unblind", action="store_true", help="systems by name as well")
        parser.add_argument(
            "--reason", default="at the command line", help="why it is unblinded, for the audit"
        )
        parser.add_argument(
            "--include", default="", metavar="WHAT", help=f"any of {','.join(EXTRAS)}"
        )
        parser.add_argument(
            "--now", metavar="ISO", help="the time stamp, so that two exports can be the same"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = frozen_version(find_study(options["study"]), options["study_version"])
        include = frozenset(word for word in options["include"].split(",") if word)
        unknown = sorted(include - set(EXTRAS))
        if unknown:
            raise CommandError(f"--include {unknown[0]}: give any of {','.join(EXTRAS)}")
        scope = Scope(version, moment(options["now"]), not options["unblind"], include)
        folder: Path = options["out"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            paths = write_folder(scope, folder)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}") from None
        if not scope.is_blinded:
            unblinding.note_look(version, "export", reason=options["reason"], now=scope.now)
        note_export(scope, "folder")
        self.say(f"{folder / WHO_NAME} holds personal data: keep it apart from the rest")
        result = {
            "files": [str(path) for path in paths],
            "blinded": scope.is_blinded,
            "interim": scope.is_interim,
            "protocol_hash": version.protocol_hash,
            "plan_hash": version.plan_hash,
        }
        self.answer(result, as_json=options["json"], lines=[str(path) for path in paths])
