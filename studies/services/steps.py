"""The participant's way: which step is due, and taking it.

What was taken lies in RaterStep rows, added and never changed; where somebody stands follows from
them, so any device goes on at the same place.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from annotate.services.together import write_together
from studies.models import Rater
from studies.protocol.spec import Spec

CONSENT = "consent"
QUESTIONNAIRE = "questionnaire"
VOLUME = "volume"
CALIBRATION = "calibration"
HEADPHONES = "headphones"
INSTRUCTIONS = "instructions"
TRIALS = "trials"
DEBRIEFING = "debriefing"
DONE = "done"
WITHDRAW = "withdraw"

# Taken within others: one attempt at the headphone check begun and finished, what a gate found.
HEADPHONES_BEGUN = "headphones begun"
HEADPHONES_ATTEMPT = "headphones attempt"
TRAINING = "training"
ATTENTION = "attention"
SCREENED_OUT = "screened out"
WITHDRAWN = "withdrawn"

Taken = Collection[str]


def due_step(rater: Rater, spec: Spec, taken: Taken, *, device_is_calibrated: bool) -> str:
    """The step at which this rater goes on; the name of its page."""
    if rater.state == Rater.State.WITHDRAWN:
        return WITHDRAW
    if rater.state == Rater.State.COMPLETE:
        return DEBRIEFING if spec.texts.debriefing and DEBRIEFING not in taken else DONE
    if rater.state != Rater.State.ACTIVE:
        return DONE
    gates = spec.gates
    asked = {
        CONSENT: True,
        QUESTIONNAIRE: bool(gates.questionnaire),
        VOLUME: gates.volume and not gates.calibration,
        # The level belongs to the device: it is due on each one before anything is heard there.
        CALIBRATION: gates.calibration and not device_is_calibrated,
        HEADPHONES: gates.headphones.check != "none",
        INSTRUCTIONS: True,
    }
    due = (
        step
        for step, is_asked in asked.items()
        if is_asked and (step == CALIBRATION or step not in taken)
    )
    return next(due, TRIALS)


def take_step(
    rater: Rater,
    step: str,
    now: datetime,
    *,
    passed: bool | None = None,
    policy: str = "",
    **detail: Any,
) -> bool:
    """Record a step that is taken once; False where it was taken before, by another tab say."""
    return write_together(
        lambda: record_once(rater, step, now, passed=passed, policy=policy, **detail)
    )


def record_once(
    rater: Rater,
    step: str,
    now: datetime,
    *,
    passed: bool | None = None,
    policy: str = "",
    **detail: Any,
) -> bool:
    """`take_step` as a part of a transaction. Two at one instant wait for each other."""
    Rater.objects.select_for_update().get(pk=rater.pk)
    if rater.steps.filter(step=step).exists():
        return False
    rater.steps.create(step=step, at=now, passed=passed, policy=policy, detail=detail)
    return True
