"""`manage.py evaluate_models`: every row on any folder of stems, with a report."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from modeling.management.command import ModelingCommand

SHOWN = ("centred_mae_db", "applied_residual_db", "joint", "specificity")


class Command(ModelingCommand):
    help = (
        "Put errors into songs, ask every system, and write a report: tables (CSV, JSON), figures "
        "(SVG) and one HTML page. Songs that a checkpoint saw in training are refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--songs", type=Path, nargs="+", required=True, metavar="PATH",
            help="folders of songs, in any layout that import_songs knows",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, required=True, metavar="S", help="draws the errors")
        parser.add_argument(
            "--out", type=Path, required=True, metavar="DIR",
            help="folder of the report; an earlier report there is replaced",
        )  # fmt: skip
        parser.add_argument(
            "--checkpoints", type=Path, default=settings.CHECKPOINTS, metavar="DIR",
            help="folder of trained models; default: those of the site",
        )  # fmt: skip
        parser.add_argument(
            "--cases", type=int, default=8, metavar="N", help="usual errors a song; default: 8"
        )
        parser.add_argument(
            "--allow-seen", action="store_true", help="also songs seen in training, all marked"
        )
        parser.add_argument("--audio", action="store_true", help="FLACs of the worst 20 cases")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError(f"--seed {options['seed']}: 0 or more is needed")
        if options["cases"] < 1:
            raise CommandError(f"--cases {options['cases']}: at least 1 is needed")
        found = _evaluated(options)
        for line in found["left_out"]:
            self.say(f"left out: {line}")
        for row, reason in found["missing"].items():
            self.say(f"missing: {row}: {reason}")
        result = {
            "systems": found["protocols"]["usual"]["systems"],
            "differences": found["protocols"]["usual"]["differences"],
            "published": found["protocols"]["published"]["systems"],
            "missing": found["missing"],
            "left_out": found["left_out"],
            "seen_in_training": found["seen_in_training"],
            "report": str(options["out"] / "report.html"),
        }
        self.answer(result, as_json=options["json"], lines=_lines(found, options["out"]))


def _evaluated(options: dict[str, Any]) -> dict[str, Any]:
    # torch and matplotlib are loaded when an evaluation starts, so that listing commands is quick.
    from modeling.checkpoint import CheckpointError
    from modeling.corpus import CorpusError
    from modeling.report.run import EvaluationError, evaluate
    from modeling.report.write import ReportError
    from modeling.rules import RulesError

    try:
        return evaluate(
            options["songs"],
            options["checkpoints"],
            options["out"],
            seed=options["seed"],
            per_song=options["cases"],
            allow_seen=options["allow_seen"],
            with_audio=options["audio"],
        )
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}; make room or allow it") from error
    except (EvaluationError, ReportError, CheckpointError, RulesError, CorpusError) as error:
        raise CommandError(str(error)) from error


def _lines(found: dict[str, Any], out: Path) -> list[str]:
    usual = found["protocols"]["usual"]
    lines = [f"{usual['n_cases']} cases of {usual['n_songs']} songs; 95 % intervals over songs"]
    lines.append(" " * 20 + "".join(f"{name:>22}" for name in SHOWN))
    for name, figures in usual["systems"].items():
        mark = " (seen)" if name in found["seen_in_training"] else ""
        lines.append(f"{name + mark:<27}" + " ".join(_figure(figures[m]) for m in SHOWN))
    return [*lines, f"wrote {out}/report.html"]


def _figure(figure: dict[str, Any]) -> str:
    if figure["estimate"] is None:
        return "-".rjust(19)
    return f"{figure['estimate']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]".rjust(19)
