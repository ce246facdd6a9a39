"""Every page of the site as a web process answers it, and what that process has loaded.

    python -m tests.web_process prepare FOLDER    makes rows and writes FOLDER/addresses.json
    python -m tests.web_process request FOLDER    requests them all; prints codes and modules, JSON:
                                                  those at the start and those after all requests

Two processes: what makes the rows is the worker's and loads more. Neither is the tests' own, which
load what no web process may.
"""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(sys.argv[2])
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
os.environ["TEST_DATABASE_URL"] = f"sqlite:///{FOLDER / 'site.sqlite3'}"
os.environ["MEDIA_ROOT"] = str(FOLDER / "media")


def prepare() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from annotate.models import Excerpt
    from annotate.services import library
    from annotate.services.campaigns import create_campaign, open_campaign
    from modeling.layouts import find_songs
    from tests.annotate.conftest import NOW, write_song

    settings.MEDIA_ROOT = FOLDER / "media"
    call_command("migrate", verbosity=0)
    owner = get_user_model().objects.create_user("researcher")
    write_song(FOLDER / "A Song", seconds=1.5)
    list(library.import_songs(find_songs([FOLDER / "A Song"]).songs, now=NOW))
    campaign = create_campaign(
        owner=owner, name="Heard", now=NOW, excerpts=list(Excerpt.objects.all()), overlap=4
    )
    open_campaign(campaign=campaign, now=NOW)
    (FOLDER / "addresses.json").write_text(json.dumps(_addresses(campaign)))


def _addresses(campaign: object) -> dict[str, list[str]]:
    """Addresses by who asks for them, on rows that go with them."""
    from django.urls import reverse

    from annotate.services.assigning import next_assignment
    from annotate.services.consensus import compute_draft
    from annotate.simulation import simulate_annotators
    from tests.annotate.conftest import NOW, join

    simulate_annotators(campaign=campaign, count=3, seed=1, now=NOW)
    compute_draft(campaign, now=NOW)
    invitation = join(campaign)[0]
    assignment = next_assignment(annotator=invitation.annotator, now=NOW)
    replayed = campaign.annotators.first().assignments.first()
    item, token = assignment.item, invitation.token
    song, excerpt = item.excerpt.song, item.excerpt
    researcher = [
        *((name, []) for name in ("home", "songs", "campaigns", "campaign-new", "api-root")),
        *((f"api-{n}-list", []) for n in ("song", "excerpt", "campaign", "annotation")),
        *((name, []) for name in ("api-consensus-list", "api-schema", "healthz", "readyz")),
        ("song", [song.key]),
        ("song-stem", [song.key, "bass"]),
        ("excerpt-stem", [excerpt.key, "bass"]),
        *((name, [campaign.key]) for name in ("campaign", "people", "consensus")),
        *(("campaign-export", [campaign.key, format_]) for format_ in ("csv", "json")),
        *((name, []) for name in ("studies", "study-new", "study-import", "api-study-list")),
        *((name, [_study(campaign.owner, excerpt)]) for name in STUDY_PAGES),
        ("replay", [campaign.key, replayed.key]),
        ("consensus-item", [campaign.key, item.key]),
    ]
    annotator = [
        ("login", []),
        *((name, [token]) for name in ("queue", "welcome", "headphones")),
        ("mixer", [token, assignment.key]),
        ("stem-audio", [token, assignment.key, "vocals"]),
    ]
    return {
        "researcher": [reverse(name, args=args) for name, args in researcher],
        "annotator": [reverse(name, args=args) for name, args in annotator],
    }


STUDY_PAGES = (
    *("study-edit", "study-toml", "study-preview", "study-preview-trial", "study-preview-sound"),
    *("study-proof", "study-open", "study-share", "study-clone", "study-archive"),
    *("api-study-detail", "api-study-items"),
)


def _study(owner: object, excerpt: object) -> str:
    from studies.design.beginning import BLANK_SPEC
    from studies.protocol.reading import read_spec
    from studies.services.designing import create_study
    from tests.annotate.conftest import NOW

    items = {"listed": [{"excerpt": excerpt.key}]}
    return create_study(
        owner, read_spec(BLANK_SPEC | {"title": "A study", "items": items}), NOW
    ).key


def request() -> None:
    from config.wsgi import application

    assert application
    at_start = _packages()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    settings.MEDIA_ROOT = FOLDER / "media"
    codes = {}
    for who, addresses in json.loads((FOLDER / "addresses.json").read_text()).items():
        client = Client()
        if who == "researcher":
            client.force_login(get_user_model().objects.get())
        for address in addresses:
            answered = client.get(address)
            if answered.streaming:
                b"".join(answered.streaming_content)
            codes[address] = answered.status_code
    print(json.dumps({"codes": codes, "at_start": at_start, "loaded": _packages()}))  # noqa: T201


def _packages() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


if __name__ == "__main__":
    {"prepare": prepare, "request": request}[sys.argv[1]]()
