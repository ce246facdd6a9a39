"""`manage.py train_models`: both advisors, from songs to checkpoints with cards."""

import os
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from modeling.management.command import ModelingCommand
from modeling.training.presets import PRESETS


class Command(ModelingCommand):
    help = (
        "Train the baseline and the differential advisor on generated songs, and on real ones that "
        "are given. Songs are made once and kept in --data. A run that was stopped goes on with "
        "--resume, to the same weights."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--preset", choices=PRESETS, default="tiny",
            help="tiny: a smoke test; small: for two cores; gpu: for one GPU; default: tiny",
        )  # fmt: skip
        parser.add_argument(
            "--data", type=Path, default=settings.VAR_DIR / "corpus", metavar="DIR",
            help="folder of the songs' features, filled where songs are missing",
        )  # fmt: skip
        parser.add_argument(
            "--out", type=Path, default=settings.VAR_DIR / "checkpoints", metavar="DIR",
            help="folder of the checkpoints; earlier ones there are replaced when all is done",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="default: 1")
        parser.add_argument(
            "--songs", type=int, metavar="N", help="generated songs, instead of the preset's"
        )
        parser.add_argument(
            "--real",
            type=Path,
            nargs="+",
            default=[],
            metavar="PATH",
            help="songs to learn from, folders of features, or what make_pairs wrote",
        )
        parser.add_argument(
            "--minutes", type=float, metavar="M",
            help="stop by itself after so many minutes, with status 3, to go on with --resume",
        )  # fmt: skip
        parser.add_argument(
            "--runs", type=Path, metavar="DIR",
            help="folder of the state of what is not done; default: in --data",
        )  # fmt: skip
        parser.add_argument("--resume", action="store_true", help="go on where a run was stopped")
        parser.add_argument(
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            metavar="J",
            help="songs at a time; with two or more both advisors are trained at once",
        )
        parser.add_argument("--device", help="as torch names it; default: the GPU if there is one")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        figures = _trained(options)
        self.answer(figures, as_json=options["json"], lines=_lines(figures, options["out"]))


def _check(options: dict[str, Any]) -> None:
    if options["seed"] < 0:
        raise CommandError(f"--seed {options['seed']}: 0 or more is needed")
    if options["jobs"] < 1:
        raise CommandError(f"--jobs {options['jobs']}: at least 1 is needed")
    if options["songs"] is not None and options["songs"] < 2:
        raise CommandError(f"--songs {options['songs']}: at least 2 are needed, one to validate")


def _trained(options: dict[str, Any]) -> dict[str, Any]:
    # torch is loaded when a training starts, so that listing commands stays quick.
    import torch

    from modeling.checkpoint import CheckpointError
    from modeling.corpus import CorpusError
    from modeling.training.deadline import Deadline, OutOfTimeError
    from modeling.training.pipeline import Conduct, train_both
    from modeling.training.songs import real_excerpts
    from modeling.training.state import TrainingError

    config = PRESETS[options["preset"]]
    if options["songs"] is not None:
        config = replace(config, n_songs=options["songs"])
    try:
        device = torch.device(options["device"] or _best_device())
    except RuntimeError:
        raise CommandError(f"--device {options['device']}: unknown; try cpu or cuda") from None
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(device.type == "cpu")
    try:
        return train_both(
            config,
            options["data"],
            options["out"],
            options["seed"],
            Conduct(
                device,
                options["resume"],
                options["jobs"],
                Deadline(options["minutes"]),
                options["runs"],
            ),
            real_excerpts(options["real"], config.duration_s),
        )
    except OutOfTimeError as stop:
        raise CommandError(str(stop), returncode=3) from stop
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}; make room or allow it") from error
    except (CorpusError, TrainingError, CheckpointError, ValueError) as error:
        raise CommandError(str(error)) from error
    finally:
        torch.use_deterministic_algorithms(was_deterministic)


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _lines(figures: dict[str, Any], out: Path) -> list[str]:
    """The deciding figures, on songs that no advisor has seen."""
    lines = [f"wrote {out}/differential, {out}/baseline and {out}/rules"]
    for protocol, found in figures["tables"].items():
        lines.append(f"{protocol}: {found['n_cases']} cases of {found['n_songs']} generated songs")
        for name, metrics in found["systems"].items():
            error, joint = metrics["centred_mae_db"], metrics["joint"]
            lines.append(f"  {name:20}{_figure(error)} dB centred MAE   {_figure(joint)} joint")
    if figures["real_songs"]:
        lines.append("real songs, by weights that saw none of them (centred MAE of each, dB)")
        for song in figures["real_songs"]["left_out"]["songs"]:
            errors = song["centred_mae_db"]
            told = "   ".join(f"{name} {errors[name]:.2f}" for name in errors)
            lines.append(f"  {song['title']:20}{told}")
    lines.append("Figures on generated songs test the machinery, not the research question.")
    return lines


def _figure(figure: dict[str, Any]) -> str:
    if figure["estimate"] is None:
        return "-".rjust(20)
    return f"{figure['estimate']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]".rjust(20)
