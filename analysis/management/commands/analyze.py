"""`manage.py analyze`: the report of a study from its export alone, or of others' ratings."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Make the report of an export (gainsay-study JSON), of a long table of ratings (CSV or "
        "JSON: rater, item, system, scale, value), or of rated mixing sessions. No database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="export, long table or sessions"
        )
        parser.add_argument(
            "--out", type=Path, required=True, metavar="DIR",
            help="folder of the report; an earlier report there is replaced",
        )  # fmt: skip
        parser.add_argument(
            "--exclusions", metavar="NAME",
            help="recorded rule set to use; default: the primary one; none: no exclusions",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: 0")
        parser.add_argument(
            "--now", metavar="ISO", help="time stamp to print; default: the present time"
        )
        parser.add_argument(
            "--include-simulated", action="store_true",
            help="count simulated raters as people; every figure is marked",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError(f"--seed {options['seed']}: 0 or more is needed")
        now = _moment(options["now"])
        found = _written(options, now)
        result = {"report": str(options["out"] / "report.html"), **_summary(found)}
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False))
            return
        for line in _lines(found):
            self.stdout.write(line)
        self.stdout.write(f"wrote {result['report']}")


def _moment(text: str | None) -> str:
    """In UTC and in one form, as export_report prints it, so that both give the same report."""
    try:
        given = datetime.now(UTC).replace(microsecond=0) if text is None else _parsed(text)
    except ValueError as error:
        raise CommandError(f"--now {text}: give a time such as 2026-01-31T12:00:00Z") from error
    return given.isoformat().replace("+00:00", "Z")


def _parsed(text: str) -> datetime:
    given = datetime.fromisoformat(text)
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


def _written(options: dict[str, Any], now: str) -> dict[str, Any]:
    # matplotlib is loaded when a report is made, so that listing commands is quick.
    from analysis.long_table import read_table, to_export
    from analysis.report.build import Options
    from analysis.report.sessions import is_sessions, write_session_report
    from analysis.report.write import ReportError, write_report
    from analysis.study_parts import ExportError

    path, out = options["file"], options["out"]
    chosen = Options(now, options["seed"], options["exclusions"], options["include_simulated"])
    try:
        if is_sessions(path):
            return write_session_report(path, out, chosen)
        if _is_table(path):
            return write_report(to_export(read_table(path), path.stem), out, chosen)
        return write_report(path, out, chosen)
    except (ExportError, ReportError) as error:
        raise CommandError(str(error)) from error


def _is_table(path: Path) -> bool:
    """CSV by its name, or a JSON list."""
    if path.suffix.lower() == ".csv":
        return True
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(4000).lstrip()[:1] == "["
    except OSError:
        return False


def _summary(found: dict[str, Any]) -> dict[str, Any]:
    """What a script wants to know at once; the rest stands in report.json."""
    if "groups" in found:
        return {"ratings": found["n_ratings"], "distance": found["distance"]}
    last = found["flow"][-1]
    return {
        "raters": last["n_raters"],
        "trials": last["n_trials"],
        "exclusions": found["exclusions"]["name"],
        "primary": found["primary"],
    }


def _lines(found: dict[str, Any]) -> list[str]:
    from analysis.report.markup import figure_text, p_text

    if "groups" in found:
        one = found["distance"]
        songs = f"{found['n_mixes']} mixes of {found['n_songs']} songs"
        return [
            f"{found['n_ratings']} ratings of {songs}",
            "distance from the consensus and rating, Spearman within groups: "
            f"{figure_text(one['correlation'])}, {p_text(one['p'])}",
        ]
    last, primary = found["flow"][-1], found["primary"]
    lines = [
        f"{last['n_raters']} raters, {last['n_trials']} trials; "
        f"exclusions: {found['exclusions']['name']}"
    ]
    if "cannot" in primary:
        lines.append(f"primary outcome: {primary['cannot']}")
    else:
        lines.append(
            f"primary: {primary['first']} against {primary['second']}: "
            f"{figure_text(primary['estimate'])} {primary['unit']}, {p_text(primary['p'])}"
        )
    return lines
