"""`manage.py create_campaign NAME`: a campaign from the songs of the library."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user, one_line
from annotate.models import Campaign
from annotate.services.campaigns import SONG_FILTERS, create_campaign, open_campaign
from annotate.services.people import Invitation, invite


class Command(GainsayCommand):
    help = "Create a campaign with the excerpts of all songs that match, and invite annotators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="what researchers see in lists")
        parser.add_argument("--owner", required=True, help="account that owns it")
        for name in SONG_FILTERS:
            parser.add_argument(f"--{name}", default="", help=f"only songs of this {name}")
        parser.add_argument("--overlap", type=int, default=6, help="annotators per excerpt")
        parser.add_argument("--repeats", type=int, default=1, help="repeats per annotator")
        parser.add_argument(
            "--headphone-check", choices=Campaign.HeadphoneCheck.values, default="huggins"
        )
        parser.add_argument("--instructions", default="")
        parser.add_argument("--seed", type=int, help="for the order, trims and starts")
        parser.add_argument("--open", action="store_true", help="open it at once")
        parser.add_argument("--invite", type=int, default=0, metavar="N", help="make N links")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_user(options["owner"])
        now = timezone.now()
        if Campaign.objects.filter(owner=owner, name=options["name"].strip()).exists():
            raise CommandError(
                f"{owner} has a campaign {options['name']!r} already: choose another"
            )
        try:
            # With its links or not at all.
            with transaction.atomic():
                campaign, invitations = _create(owner, options, now)
        except ValidationError as error:
            raise one_line(error) from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        links = [f"/a/{invitation.token}/" for invitation in invitations]
        self.answer(
            {
                "campaign": campaign.key,
                "excerpts": campaign.items.count(),
                "state": campaign.state,
                "links": links,
            },
            as_json=options["json"],
            lines=[f"campaign {campaign.key}: {campaign} ({campaign.state})", *links],
        )


def _create(
    owner: Any, options: dict[str, Any], now: datetime
) -> tuple[Campaign, list[Invitation]]:
    campaign = create_campaign(
        owner=owner,
        name=options["name"],
        now=now,
        song_filter={name: options[name] for name in SONG_FILTERS},
        seed=options["seed"],
        overlap=options["overlap"],
        repeats=options["repeats"],
        headphone_check=options["headphone_check"],
        instructions=options["instructions"],
    )
    count = options["invite"]
    invitations = invite(campaign=campaign, count=count, now=now) if count else []
    if options["open"]:
        open_campaign(campaign=campaign, now=now)
    return campaign, invitations
