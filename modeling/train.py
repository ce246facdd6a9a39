"""Train both advisors, without Django.

    python -m modeling.train --preset tiny --data corpus --out checkpoints --seed 1
    python -m modeling.train --preset small --out modeling/checkpoints
    python -m modeling.train --preset gpu --out modeling/checkpoints --jobs 16

Songs are generated and cached in --data; what is there already is used. A run that was killed goes
on where it was with --resume; --minutes ends a run by itself, with status 3, to go on in the same
way. The outcome is one folder per advisor (weights and card) and the
fitted rules; progress goes to stderr, with --json the figures go to stdout.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from modeling.checkpoint import CheckpointError
from modeling.corpus import CorpusError
from modeling.training.deadline import Deadline, OutOfTimeError
from modeling.training.pipeline import Conduct, train_both
from modeling.training.presets import PRESETS
from modeling.training.songs import real_excerpts
from modeling.training.state import TrainingError

STOPPED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    given = _parser().parse_args(arguments)
    config = PRESETS[given.preset]
    if given.songs is not None:
        config = replace(config, n_songs=given.songs)
    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    torch.use_deterministic_algorithms(device.type == "cpu")
    try:
        figures = train_both(
            config,
            given.data,
            given.out,
            given.seed,
            Conduct(device, given.resume, given.jobs, Deadline(given.minutes), given.runs),
            real_excerpts(given.real, config.duration_s),
        )
    except OutOfTimeError as stop:
        sys.stderr.write(f"{stop}\n")
        return STOPPED
    except (CorpusError, TrainingError, CheckpointError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m modeling.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=sorted(PRESETS), default="tiny")
    parser.add_argument("--data", type=Path, default=Path("var/corpus"), help="cached songs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--songs", type=int, help="generated songs, instead of the preset's")
    parser.add_argument("--real", type=Path, nargs="+", default=[], help="songs to learn from too")
    parser.add_argument("--minutes", type=float, help="stop by then, to go on with --resume")
    parser.add_argument("--runs", type=Path, help="folder of what is not done; default: in --data")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--device", help="as torch names it; the GPU where there is one")
    parser.add_argument("--json", action="store_true", help="figures as one object on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
