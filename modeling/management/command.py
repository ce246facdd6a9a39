"""What the commands of this package share: one JSON object on stdout, the rest on stderr."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class ModelingCommand(BaseCommand):
    """`--json` prints one object; without it the same facts are lines to read."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def say(self, line: str) -> None:
        """A line for people, on stderr."""
        self.stderr.write(line, self.style.NOTICE)

    def answer(self, result: dict[str, Any], *, as_json: bool, lines: list[str]) -> None:
        """The result, in one form or the other."""
        if as_json:
            lines = [json.dumps(result, ensure_ascii=False, allow_nan=False)]
        for line in lines:
            # A path can hold bytes that are no text, which no terminal takes.
            self.stdout.write(line.encode("utf-8", "replace").decode("utf-8"))
