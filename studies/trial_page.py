"""What a trial's page is given: texts, sounds by number, questions, where the answers stand.

Nothing else goes to a participant's browser: no name of a system, no id of a stimulus, no kind of
an attention check or a repeat. Letters are places on the screen; what stands at a place is
known to the server alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from analysis.vectors import STEMS
from studies.models import Trial
from studies.protocol.answers import is_per_letter, letters_of
from studies.protocol.spec import Block, Question, Spec, in_language
from studies.services.protocols import protocol_of
from studies.services.study_rendering import sounds_of
from studies.services.training_feedback import feedback_on

AFTER = "after "
DRY = "dry "


@dataclass(frozen=True, slots=True)
class Place:
    """Where a trial stands among those that a person sees, and what is before and behind it.
    Training trials are counted by themselves."""

    position: int
    total: int
    back_key: str | None


def phase_of(trial: Trial) -> str:
    """ "before", "after" (the text answers are locked), or "done"."""
    if trial.state == Trial.State.OPEN:
        return "before"
    return "after" if trial.state == Trial.State.LOCKED else "done"


def answer_phase(block: Block, trial: Trial) -> str:
    """In which phase an answer counts that is sent now: the due one, or the last to amend it."""
    is_last = trial.state == Trial.State.ANSWERED and is_asked_after(block)
    return "after" if is_last or trial.state == Trial.State.LOCKED else "before"


def is_asked_after(block: Block) -> bool:
    """Whether the questions come a second time, with the mixes that follow from the advice."""
    return block.is_about_advice and block.hear_after == "after the answers"


def sounds_now(block: Block, trial: Trial) -> dict[str, int]:
    """Everything that may be heard of this trial now, by its number in addresses. What comes later
    stands behind, so that numbers never change."""
    letters = letters_of(len(trial.sides))
    order = ["problem", *letters, "reference", *(f"{DRY}{stem}" for stem in STEMS)]
    order += [f"{AFTER}{letter}" for letter in letters]
    rendered = sounds_of(trial, block)
    hears_after = _hears_after(block, trial)
    return {
        name: number
        for number, name in enumerate(order, 1)
        if name in rendered and (hears_after or not name.startswith(AFTER))
    }


def _hears_after(block: Block, trial: Trial) -> bool:
    if not block.is_about_advice or block.hear_after == "never":
        return False
    if block.hear_after == "from the start":
        return True
    return trial.locked_at is not None


def listened_to(block: Block, trial: Trial, phase: str) -> list[str]:
    """The sounds of which each must be heard for the listening gate."""
    letters = letters_of(len(trial.sides))
    if not block.is_about_advice:
        return letters
    return [f"{AFTER}{letter}" for letter in letters] if phase == "after" else ["problem"]


def trial_page(
    trial: Trial,
    token: str,
    language: str,
    now: datetime,
    *,
    place: Place,
    answers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The page's one JSON object. `trial` comes with its item and the rater's version; `answers` is
    what was submitted last in this phase."""
    spec = protocol_of(trial.rater.version)
    block = spec.block(trial.item.block)
    phase = phase_of(trial)
    letters = letters_of(len(trial.sides))
    args = [token, trial.key]
    return {
        "key": trial.key,
        "save_url": reverse("part-save", args=args),
        "type": block.type,
        "kind": "training" if trial.kind == Trial.Kind.TRAINING else "main",
        "position": place.position,
        "total": place.total,
        "letters": letters,
        "phase": phase,
        # Whether there is, or was, a second asking: on a page that is done, answers amend that one.
        "asked_after": is_asked_after(block) and trial.state != Trial.State.FAILED,
        "texts": _texts(block, trial),
        "advice_language": block.advice.language,
        "sounds": {
            name: reverse("part-sound", args=[*args, number])
            for name, number in sounds_now(block, trial).items()
        },
        "duration_s": trial.item.excerpt.duration_s,
        "questions": [question_data(block, one, language) for one in block.questions],
        "draft": trial.draft,
        "answers": None if answers is None else dict(answers),
        "listening": _listening(spec, block, trial, phase),
        "listened_s": trial.listened_s,
        "back_url": None
        if place.back_key is None
        else reverse("part-trial", args=[token, place.back_key]),
        "next_url": reverse("part-home", args=[token]),
        "withdraw_url": reverse("part-withdraw", args=[token]),
        # A clock that was set back must not make this page load look older than an earlier one.
        "page": max(int(now.timestamp() * 1000), trial.draft_page + 1),
        "feedback": feedback_on(trial) if answers is not None else None,
        # Whether an answer that was submitted may be changed as long as this page is open.
        "may_amend": spec.order.back != "never" and trial.kind != Trial.Kind.TRAINING,
        "title": in_language(block.title, language),
        "instructions": in_language(block.instructions, language),
    }


def _texts(block: Block, trial: Trial) -> dict[str, str]:
    if not block.is_about_advice:
        return {}
    texts = {one.pk: one.text for one in trial.item.stimuli.all()}
    letters = letters_of(len(trial.sides))
    return {letter: texts[side] for letter, side in zip(letters, trial.sides, strict=True)}


def question_data(block: Block, question: Question, language: str) -> dict[str, Any]:
    return {
        "key": question.key,
        "kind": question.kind,
        "text": in_language(question.text, language),
        "help": in_language(question.help, language),
        "required": question.required,
        "low": question.low,
        "high": question.high,
        "step": question.step,
        "low_label": in_language(question.low_label, language),
        "high_label": in_language(question.high_label, language),
        "tie": question.tie,
        "both_bad": question.both_bad,
        "max_length": question.max_length,
        "per_letter": is_per_letter(block, question),
    }


def _listening(spec: Spec, block: Block, trial: Trial, phase: str) -> dict[str, Any]:
    gate = spec.gates.listening
    return {
        "seconds": gate.seconds,
        "policy": gate.policy,
        "what": listened_to(block, trial, phase),
    }
