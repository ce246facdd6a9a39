"""All that is stored of one participant, for themselves (docs/ethics-and-data-protection.md).

Answers stand as they were given, with the letters of the page. Which letter was which system, which
trial was a check or a repeat, and what a gate found are the study's and not in it.
"""

from typing import Any

from annotate.services.person_export import FORMAT, iso
from studies.models import PersonalData, Rater
from studies.protocol.spec import in_language
from studies.services.protocols import protocol_of
from studies.services.steps import ATTENTION, TRAINING

# What these found is nowhere on the pages either.
CHECKS = (TRAINING, ATTENTION)


def person_data(rater: Rater) -> dict[str, Any]:
    """Plain values, in the order in which it was done."""
    spec = protocol_of(rater.version)
    personal = PersonalData.objects.filter(rater=rater).first() or PersonalData()
    last = rater.reviews.last()
    trials = rater.trials.prefetch_related("judgements", "event_batches").order_by("position")
    return {
        "format": FORMAT,
        "kind": "participant",
        "study": spec.title,
        "you_are_shown_as": f"r{rater.number:03d}",
        "language": rater.language,
        "state": rater.state,
        "came_at": iso(rater.created_at),
        "consented_at": iso(rater.consented_at),
        "consent_text": in_language(spec.texts.consent, rater.language),
        "last_seen_at": iso(rater.last_seen_at),
        "finished_at": iso(rater.finished_at),
        "platform_person": personal.person,
        "platform_session": personal.session,
        "questionnaire": personal.questionnaire,
        "device": personal.device,
        "steps": [
            {"step": one.step, "at": iso(one.at)} for one in rater.steps.exclude(step__in=CHECKS)
        ],
        "reviewed": None
        if last is None
        else {"verdict": last.verdict, "reason": last.reason, "at": iso(last.at)},
        "trials": [
            {
                "number": number,
                "seen_at": iso(trial.seen_at),
                "finished_at": iso(trial.finished_at),
                "listened_s": trial.listened_s,
                "draft": trial.draft,
                "not_answered_because": trial.failure,
                "answers": [
                    {
                        "question": one.question,
                        "phase": one.phase,
                        "revision": one.revision,
                        "value": one.value,
                        "at": iso(one.submitted_at),
                    }
                    for one in trial.judgements.all()
                ],
                "noted_by_the_page": [one.events for one in trial.event_batches.all()],
            }
            for number, trial in enumerate(trials, 1)
        ],
    }
