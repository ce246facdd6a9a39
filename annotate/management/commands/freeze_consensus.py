"""`manage.py freeze_consensus CAMPAIGN`: the next immutable version of a campaign's consensus."""

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_campaign, find_user
from annotate.services.consensus import draft_rules, freeze


class Command(GainsayCommand):
    help = "Freeze a campaign's consensus under the next version number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("campaign", help="key or exact name")
        parser.add_argument("--by", help="account that freezes it")
        parser.add_argument(
            "--headphones-only", action="store_true", help="only annotators who passed the check"
        )
        parser.add_argument("--min-mixing-years", type=float, help="only annotators with as many")
        parser.add_argument("--min-listening-s", type=float, help="only answers after as much")
        parser.add_argument("--without-simulated", action="store_true", help="only people")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        rules = draft_rules(campaign)
        try:
            if options["headphones_only"]:
                rules = replace(rules, headphones_only=True)
            if options["without_simulated"]:
                rules = replace(rules, include_simulated=False)
            for name in ("min_mixing_years", "min_listening_s"):
                if options[name] is not None:
                    rules = replace(rules, **{name: options[name]})
            by = find_user(options["by"]) if options["by"] else None
            consensus = freeze(campaign, by=by, now=timezone.now(), rules=rules)
        except ValueError as error:
            raise CommandError(str(error)) from None
        counts: dict[str, int] = {}
        for row in consensus.excerpts.all():
            counts[row.status] = counts.get(row.status, 0) + 1
        self.answer(
            {
                "campaign": campaign.key,
                "version": consensus.version,
                "content_hash": consensus.content_hash,
                "annotations": consensus.annotation_count,
                "excerpts": counts,
            },
            as_json=options["json"],
            lines=[
                f"{campaign}: version {consensus.version} frozen from "
                f"{consensus.annotation_count} annotations ({counts})",
                f"hash {consensus.content_hash}",
            ],
        )
