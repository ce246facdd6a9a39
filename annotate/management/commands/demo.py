"""`manage.py demo`: everything that a first look needs, made here and printed once."""

import secrets
from argparse import ArgumentParser
from datetime import timedelta
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from annotate.management.command import GainsayCommand
from annotate.models import Campaign
from annotate.services.campaigns import create_campaign, open_campaign
from annotate.services.consensus import compute_draft
from annotate.services.people import invite
from annotate.simulation import simulate_annotators

CAMPAIGN = "Demo: generated songs"
OWNER = "demo"
MOST_ANNOTATORS = 20
# No checkpoint was trained on songs of this seed, so the demo may study the bundled advisors.
SEED = 2026
# On each excerpt, for whoever follows the links.
FREE_PLACES = 2
INSTRUCTIONS = (
    "Set the four faders until the excerpt sounds balanced to you, as a finished mix would. "
    "There is no right answer to find: your ear is what is asked for."
)


class Command(GainsayCommand):
    help = (
        "Make generated songs, a campaign with simulated annotators (marked simulated for ever), "
        "an account and invite links. Safe to run twice: what is there is kept, and a new password "
        "and new links are printed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--songs", type=int, default=8, help="generated songs")
        parser.add_argument("--annotators", type=int, default=5, help="simulated annotators")
        parser.add_argument("--jobs", type=int, default=2, help="songs composed at a time")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where it will run")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["annotators"] <= MOST_ANNOTATORS:
            raise CommandError(
                f"--annotators {options['annotators']}: from 1 to {MOST_ANNOTATORS} are possible"
            )
        if options["songs"] < 1:
            raise CommandError(f"--songs {options['songs']}: at least 1 is needed")
        call_command(
            "make_demo_songs",
            count=options["songs"],
            seed=SEED,
            jobs=options["jobs"],
            stdout=StringIO(),
            stderr=self.stderr,
        )
        owner, password = _account()
        campaign = Campaign.objects.filter(owner=owner, name=CAMPAIGN).first()
        if campaign is None:
            campaign = self._campaign(owner, options["annotators"])
        now = timezone.now()
        links = [
            f"{options['url']}/a/{invitation.token}/"
            for invitation in invite(campaign=campaign, count=2, now=now, note="demo link")
        ]
        self.answer(
            {
                "user": OWNER,
                "password": password,
                "site": f"{options['url']}/",
                "campaign": f"{options['url']}/campaigns/{campaign.key}/",
                "annotate": links,
            },
            as_json=options["json"],
            lines=[
                "",
                "Gainsay is ready. These are shown once; run it again for new ones.",
                f"  annotate as a first person    {links[0]}",
                f"  annotate as a second person   {links[1]}",
                f"  the campaign's dashboard      {options['url']}/campaigns/{campaign.key}/",
                f"  sign in as                    {OWNER}",
                f"  with the password             {password}",
                "",
                "The annotators in this campaign are simulated and marked so wherever they show.",
            ],
        )

    @transaction.atomic
    def _campaign(self, owner: Any, annotators: int) -> Campaign:
        """Whole or not at all: a demo that is stopped half way begins again."""
        now = timezone.now()
        campaign = create_campaign(
            owner=owner,
            name=CAMPAIGN,
            now=now,
            song_filter={"licence": "CC0-1.0"},
            seed=SEED,
            overlap=annotators + FREE_PLACES,
            repeats=1,
            instructions=INSTRUCTIONS,
        )
        open_campaign(campaign=campaign, now=now)
        self.say(f"{annotators} simulated annotators at work")
        for number in range(annotators):
            simulate_annotators(
                campaign=campaign, count=1, seed=SEED + number, now=now - timedelta(days=1)
            )
            compute_draft(campaign, now=timezone.now())
        return campaign


def _account() -> tuple[Any, str]:
    """The demo's researcher with a fresh password, which is printed and kept nowhere."""
    password = secrets.token_urlsafe(12)
    owner, _ = get_user_model().objects.get_or_create(username=OWNER)
    owner.set_password(password)
    owner.save(update_fields=["password"])
    return owner, password
