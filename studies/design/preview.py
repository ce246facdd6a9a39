"""How a trial of a block will look: what the participant's page is given, with sample texts."""

import io
from functools import cache
from typing import Any

import numpy as np
import soundfile
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from analysis.vectors import STEMS
from studies.models import Study
from studies.protocol.answers import letters_of
from studies.protocol.spec import Block, Spec, in_language
from studies.services.planning import n_shown
from studies.trial_page import question_data

SAMPLE_RATE_HZ = 44_100
SAMPLE_S = 6.0


def sample_texts(count: int, language: str) -> list[str]:
    """Sample advice: what it says tells nothing about any system."""
    with translation.override(language):
        samples = [
            _("Bring the vocals up by about 3 dB: they sink behind the drums in the chorus."),
            _("Lower the bass by 2 dB, so that the low end no longer covers the rest."),
            _("Leave it as it is: the stems stand well against each other."),
            _("Lower the drums by 4 dB; everything else can stay."),
        ]
    return [samples[number % len(samples)] for number in range(count)]


def preview_page(study: Study, spec: Spec, block: Block, language: str) -> dict[str, Any]:
    """The one JSON object of studies.trial_page, made up: nothing that is answered is kept."""
    shown = n_shown(block)
    letters = letters_of(shown)
    address = reverse("study-preview-sound", args=[study.key])
    home = reverse("study-preview-trial", args=[study.key]) + f"?block={block.key}"
    heard = ["problem"] if block.is_about_advice else list(letters)
    sounds = dict.fromkeys(heard, address)
    if block.is_about_advice and block.hear_after == "from the start":
        sounds |= {f"after {letter}": address for letter in letters}
    if block.type == "mushra":
        sounds["reference"] = address
    if block.dry_stems and not block.is_about_advice:
        sounds |= {f"dry {stem}": address for stem in STEMS}
    gate = spec.gates.listening
    return {
        "key": "preview",
        "save_url": reverse("study-preview-save", args=[study.key]),
        "type": block.type,
        "kind": "main",
        "position": 1,
        "total": spec.order.trials_per_person + spec.order.repeats + spec.gates.attention.trials,
        "letters": letters,
        "phase": "before",
        "asked_after": False,
        "texts": dict(zip(letters, sample_texts(shown, block.advice.language), strict=True))
        if block.is_about_advice
        else {},
        "advice_language": block.advice.language,
        "sounds": sounds,
        "duration_s": SAMPLE_S,
        "questions": [question_data(block, one, language) for one in block.questions],
        "draft": {},
        "answers": None,
        "listening": {"seconds": gate.seconds, "policy": gate.policy, "what": heard},
        "listened_s": {},
        "back_url": None,
        "next_url": home,
        "withdraw_url": home,
        "page": 1,
        "feedback": None,
        "title": in_language(block.title, language),
        "instructions": in_language(block.instructions, language),
    }


@cache
def sample_flac() -> bytes:
    """A few seconds of soft chords: something to hear where nothing is rendered yet."""
    time_s = np.arange(int(SAMPLE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * time_s / 2.0)
    chord = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in (220.0, 277.2, 329.6))
    audio = 0.05 * swell * chord
    file = io.BytesIO()
    soundfile.write(
        file, np.stack([audio, audio], axis=1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16"
    )
    return file.getvalue()
