"""`manage.py export_report STUDY --out DIR`: the results section of a study, as a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from analysis.report.write import ReportError
from analysis.study_parts import ExportError
from annotate.management.command import GainsayCommand
from studies.exports.files import note_export
from studies.exports.scope import EXTRAS, Scope
from studies.management.finding import find_study, frozen_version, moment
from studies.services import reports
from studies.services.refusing import Refused


class Command(GainsayCommand):
    help = (
        "Write a study's report into DIR: report.html, figures, tables, report.json, codebook, and "
        "the export that it was made from (`analyze` makes the same from that alone). Systems are "
        "labels unless --unblind is given, which the audit keeps. While a study runs the report is "
        "marked as interim."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("study", metavar="STUDY", help="key or title")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--exclusions", default="", metavar="NAME", help="default: the plan's")
        parser.add_argument(
            "--study-version", type=int, metavar="N", help="default: the latest frozen one"
        )
        parser.add_argument("--unblind", action="store_true", help="systems by name")
        parser.add_argument(
            "--reason", default="at the command line", help="why it is unblinded, for the audit"
        )
        parser.add_argument(
            "--include", default="", metavar="WHAT", help=f"any of {','.join(EXTRAS)}"
        )
        parser.add_argument("--seed", type=int, default=0, help="draws the resamples")
        parser.add_argument(
            "--now", metavar="ISO", help="the time stamp, so that two reports can be the same"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = frozen_version(find_study(options["study"]), options["study_version"])
        include = frozenset(word for word in options["include"].split(",") if word)
        scope = Scope(version, moment(options["now"]), not options["unblind"], include)
        folder: Path = options["out"]
        try:
            reports.check(version, options["exclusions"], include)
            reports.write_folder(
                scope, folder, exclusions=options["exclusions"], seed=options["seed"]
            )
        except (Refused, ReportError, ExportError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}") from None
        if not scope.is_blinded:
            reports.note_names(scope, reason=options["reason"])
        note_export(scope, "report")
        page = folder / reports.PAGE
        result = {
            "report": str(page),
            "blinded": scope.is_blinded,
            "interim": scope.is_interim,
            "protocol_hash": version.protocol_hash,
        }
        self.answer(result, as_json=options["json"], lines=[str(page)])
