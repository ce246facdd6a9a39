"""A real study with a trial of each type, for browser tests: made in a child process."""

import shutil
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from annotate.media import media_folder
from annotate.models import Excerpt
from tests.studies.study_cast import BLOCK_TYPES, block_data, open_study, rater_with_list


def make(owner: str) -> str:
    """The path of somebody who has a list of trials and has taken no step yet."""
    now = timezone.now()
    blocks: list[dict[str, Any]] = [block_data(one) for one in BLOCK_TYPES]
    blocks[0] |= {"hear_after": "after the answers"}
    blocks[1] |= {"systems": ["equal_loudness"]}
    blocks[2] |= {"dry_stems": True}
    gates = {
        "questionnaire": [],
        "volume": False,
        "headphones": {"check": "none"},
        "training": {"trials": 0},
        "attention": {"trials": 0, "required": 0},
        "listening": {"seconds": 0.5, "policy": "exclude"},
    }
    order = {"participants": 5, "trials_per_person": 6, "overlap": 1, "repeats": 0}
    version = open_study(
        get_user_model().objects.get(username=owner),
        now=now, blocks=blocks, gates=gates, order=order, songs=6,
    )  # fmt: skip
    keep_files()
    rater = rater_with_list(version, now=now)
    return f"/s/{rater.token}/"


def keep_files() -> None:
    """The cast's sounds end with the process that made them: here a server will serve them, and
    another process may make another study of the same songs."""
    for folder in (media_folder("stimuli"), *media_folder("excerpts").glob("*")):
        if folder.is_symlink():
            shared = folder.resolve()
            folder.unlink()
            shutil.copytree(shared, folder)
    put_away()


def put_away() -> None:
    """The cast's excerpts leave the library: other tests of the same site make campaigns of all
    songs, and only the generated ones, which have a licence, are whole."""
    cast = Excerpt.objects.filter(song__licence="", retired_at__isnull=True)
    cast.update(retired_at=timezone.now())
