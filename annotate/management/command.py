"""What all commands share: one JSON object on stdout, the rest on stderr, one-line faults."""

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from annotate.fields import storable_text
from annotate.models import Campaign


class GainsayCommand(BaseCommand):
    """`--json` prints one object; without it the same facts are lines to read."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def say(self, line: str) -> None:
        """A line for people, on stderr."""
        self.stderr.write(line, self.style.NOTICE)

    def answer(self, result: dict[str, Any], *, as_json: bool, lines: list[str]) -> None:
        if as_json:
            lines = [json.dumps(result, ensure_ascii=False)]
        for line in lines:
            # A path can hold bytes that are no text, which no terminal takes.
            self.stdout.write(storable_text(line))


def one_line(error: ValidationError) -> CommandError:
    """A validation's messages as the command's one line."""
    if hasattr(error, "error_dict"):
        parts = [f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
        return CommandError("; ".join(parts))
    return CommandError(" ".join(error.messages))


def find_campaign(name_or_key: str) -> Campaign:
    """By key, else by name. Raises CommandError when there is none, or more than one."""
    found = list(Campaign.objects.filter(key=name_or_key)) or list(
        Campaign.objects.filter(name=name_or_key)
    )
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(campaign.key for campaign in found)
        raise CommandError(f"{len(found)} campaigns are called {name_or_key!r}: give a key: {keys}")
    raise CommandError(f"no campaign {name_or_key!r}: give its key or its exact name")


def find_user(name: str) -> Any:
    """The account `name`. Raises CommandError and says how to make one."""
    users = get_user_model()
    user = users.objects.filter(**{users.USERNAME_FIELD: name}).first()
    if user is None:
        raise CommandError(f"no account {name!r}: make one with `manage.py createsuperuser`")
    return user
