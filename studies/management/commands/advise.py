"""`manage.py advise PATH`: what the systems say about four stems. Needs no rows."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from annotate.management.command import GainsayCommand
from annotate.media import media_folder
from modeling.advice.json_form import to_json
from modeling.audio import AudioError
from modeling.endpoint.request import EndpointError
from modeling.progress import Progress
from modeling.systems.interface import BUNDLED_CHECKPOINTS, SystemFailedError
from studies.asking import Reply, ask, askable, seed_of, window_of
from studies.llm import configured_endpoint
from studies.reading import LONGEST_S, read_stems


class Command(GainsayCommand):
    help = (
        "Advice on four stems: a folder with vocals, drums, bass and other (wav, flac, ogg, mp3 or "
        "aiff) or a MUSDB18 .stem.mp4. Of a longer song its best 20 to 30 s are heard."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", type=Path, metavar="PATH", help="folder or .stem.mp4")
        parser.add_argument("--system", metavar="NAME", help="this one only; default: all")
        parser.add_argument(
            "--checkpoints", type=Path, default=BUNDLED_CHECKPOINTS, metavar="DIR",
            help="folder of trained models; default: the bundled ones",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, help="draws the words; default: from the stems")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        try:
            asked = askable(options["system"])
            with tempfile.TemporaryDirectory(prefix="gainsay-advise-") as folder:
                with Progress(1.0, "reading") as progress:
                    read = read_stems(
                        path,
                        Path(folder),
                        longest_s=LONGEST_S,
                        progress=lambda share: progress.advance(share - progress.done),
                    )
                stems = window_of(read.excerpt, title=read.title)
                seed = options["seed"]
                seed = seed_of(read.title) if seed is None else seed
                with configured_endpoint(media_folder("endpoint"), seed) as endpoint:
                    replies = list(
                        ask(
                            stems,
                            asked,
                            seed=seed,
                            checkpoints=options["checkpoints"],
                            endpoint=endpoint,
                        )
                    )
        except (AudioError, SystemFailedError, EndpointError, ValueError) as error:
            raise CommandError(str(error)) from None
        for note in read.notes:
            self.say(note)
        result = {
            "title": read.title,
            "notes": list(read.notes),
            "systems": {r.system.name: to_json(r.advice) for r in replies if r.advice},
            "refused": {r.system.name: r.refusal for r in replies if r.advice is None},
        }
        lines = [line for reply in replies for line in _lines(reply)]
        self.answer(result, as_json=options["json"], lines=lines)
        if not result["systems"]:
            raise CommandError(replies[0].refusal)


def _lines(reply: Reply) -> list[str]:
    """A reply as text; a refusal goes without advice and says why."""
    said = reply.advice.prose if reply.advice else f"no advice: {reply.refusal}"
    return [f"{reply.system.title} ({reply.system.name})", f"  {said}", ""]
