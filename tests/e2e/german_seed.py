"""A study in English and German with a trial of each type, its texts as long as those of a real
one: made in a child process."""

from copy import deepcopy
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from studies.protocol.reading import preset
from tests.e2e.trial_seed import keep_files
from tests.studies.study_cast import BLOCK_TYPES, block_data, open_study

# Whose texts each type of trial borrows.
PRESETS = {
    "pairwise advice": "advice-pairwise",
    "rated advice": "advice-rated",
    "multi-stimulus": "mixes-multi-stimulus",
    "mushra": "mixes-mushra",
}
ORDER_IT = {
    "key": "order", "kind": "ranking",
    "text": {"en": "Put these in order.", "de": "Bringen Sie diese Mixe in eine Reihenfolge."},
}  # fmt: skip


def make(owner: str) -> str:
    """The path of the study's door."""
    blocks = [_block(type_) for type_ in BLOCK_TYPES]
    blocks[0] |= {"hear_after": "after the answers"}
    blocks[1] |= {"systems": ["equal_loudness"]}
    blocks[2] |= {"dry_stems": True}
    gates = {
        "questionnaire": ["mixing_years", "gear", "age_band", "hearing"],
        "headphones": {"check": "huggins", "policy": "warn"},
        "training": {"trials": 0},
        "attention": {"trials": 0, "required": 0},
        "listening": {"seconds": 2.5, "policy": "warn"},
    }
    order = {"participants": 5, "trials_per_person": 6, "overlap": 1, "repeats": 0}
    texts = preset("advice-rated")["texts"] | {
        "title": {
            "en": "Listening to mixes and advice on them",
            "de": "Lautstärkeverhältnisse in Musikausschnitten beurteilen",
        },
        "contact": {"en": "Questions? studies@example.org", "de": "Fragen? studies@example.org"},
    }
    version = open_study(
        get_user_model().objects.get(username=owner),
        now=timezone.now(), languages=["en", "de"], blocks=blocks, gates=gates, order=order,
        texts=texts, songs=6,
    )  # fmt: skip
    keep_files()
    return reverse("part-join", args=[version.study.key])


def _block(type_: str) -> dict[str, Any]:
    block = block_data(type_)
    if type_ not in PRESETS:
        return block | {"questions": [ORDER_IT]}
    borrowed = deepcopy(preset(PRESETS[type_])["blocks"][0])
    return block | {name: borrowed[name] for name in ("title", "instructions", "questions")}
