"""What is said after a training trial: about the task and the controls, never about which advice or
mix is better."""

from typing import Any

from django.utils.translation import gettext as _

from studies.models import Trial


def feedback_on(trial: Trial) -> dict[str, Any] | None:
    """Told once the answer is taken; None for every other kind of trial."""
    if trial.kind != Trial.Kind.TRAINING:
        return None
    heard_s = sum(trial.listened_s.values())
    if heard_s < 1.0:
        text = _(
            "Your answer is saved. You answered without listening: in the study, please press play "
            "and listen before you answer."
        )
    else:
        text = _(
            "Your answer is saved. That is all there is to it: no answer is right or wrong, what "
            "counts is your own judgement."
        )
    return {"right": None, "heard_s": round(heard_s, 1), "text": text}
