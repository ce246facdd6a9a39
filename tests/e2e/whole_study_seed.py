"""Real frozen studies with people at every step, for browser tests: made in a child process, told
as one line of JSON."""

import json
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.test.utils import setup_test_environment
from django.utils import timezone

from studies.models import StudyVersion, TrialList
from studies.services import freezing
from tests.e2e.trial_seed import keep_files
from tests.studies.study_cast import block_data, open_study, rater_with_list
from tests.studies.test_finishing import answer_due
from tests.studies.walking import NO_TRAINING, Participant

HOST = {"host": "127.0.0.1"}
GATES = {
    "questionnaire": ["mixing_years", "gear", "age_band", "hearing"],
    "volume": True,
    "headphones": {"check": "huggins", "policy": "warn"},
    "training": {"trials": 1},
    "attention": {"trials": 1, "required": 1, "policy": "exclude"},
    "listening": {"seconds": 0.2, "policy": "warn"},
}
TEXTS = {
    "welcome": "Two short pieces of advice on a mix, and which of them you would rather follow.",
    "consent": "You listen to short excerpts and say what you think of them.\n\nWhat you answer is"
    " stored without your name, and kept for ten years.",
    "instructions": "You hear a mix and read two pieces of advice on it. Say which one you would"
    " rather follow.",
    "debriefing": "We wanted to know whose advice people would rather follow.",
    "contact": "Questions? Write to the researchers:\nstudies@example.org",
}
CROWD = {
    "platform": "prolific",
    "person_parameter": "PROLIFIC_PID",
    "return_url": "https://platform.example/submissions/complete?cc={code}",
    "complete_code": "C1DONE99",
    "screened_out_code": "S2OUT",
    "attention_failed_code": "A3FAIL",
}


def make(owner_name: str) -> str:
    owner = get_user_model().objects.get(username=owner_name)
    setup_test_environment()
    version = study(owner)
    told = {name: f"{join(version)}?PROLIFIC_PID={name}" for name in ("whole", "touched")}
    told |= people(version)
    for name in ("killed", "expired", "devices"):
        told[name] = arrived(version, "t")
    told["form"] = arrived(version, "questionnaire")
    told |= gates_closed(owner)
    keep_files()
    return json.dumps(told)


def study(owner: Any) -> StudyVersion:
    """Pairs of advice, heard once the first answers are locked, then mixes by two criteria."""
    pairs = block_data("pairwise advice", hear_after="after the answers", title="Advice")
    criteria = [
        {"key": key, "kind": "scale", "text": text, "low": 0, "high": 100,
         "low_label": "worst imaginable", "high_label": "best imaginable"}
        for key, text in (("clarity", "Clarity"), ("excitement", "Excitement"))
    ]  # fmt: skip
    mixes = block_data("multi-stimulus", title="Mixes", questions=criteria, dry_stems=True)
    return open_study(
        owner, now=timezone.now(), title="Advice and mixes", blocks=[pairs, mixes], gates=GATES,
        order={"participants": 24, "trials_per_person": 4, "overlap": 1, "repeats": 0},
        texts=TEXTS, crowd=CROWD,
    )  # fmt: skip


def people(version: StudyVersion) -> dict[str, str]:
    """The address of somebody at each step of a study with every gate."""
    steps = ("consent", "questionnaire", "volume", "headphones", "instructions", "t", "debriefing")
    told = {f"at {step}": arrived(version, step) for step in steps}
    told["at headphones, begun"] = with_check(version, 0, is_begun=True)
    told["at headphones, again"] = with_check(version, 1)
    told["at headphones, warned"] = with_check(version, 2)
    told["at t, mixes"] = at_mixes(version)
    told["at t, after"] = heard_after(version)
    told["at done"] = finished(version, rightly=True)
    told["at done, attention"] = finished(version, rightly=False)
    told["withdrawn"] = withdrawn(version)
    told["place lost"] = place_lost(version)
    return told


def join(version: StudyVersion) -> str:
    return f"/s/join/{version.study.key}/"


def comer(version: StudyVersion) -> Participant:
    """Somebody who has just come in."""
    person = Participant(Client(headers=HOST))
    person.join(version, f"?PROLIFIC_PID=seed-{version.raters.count()}")
    return person


def arrived(version: StudyVersion, step: str) -> str:
    return person_at(version, step).home


def person_at(version: StudyVersion, step: str) -> Participant:
    person = comer(version)
    while (due := person.step) != step:
        if due == "t":
            answer_due(person, rightly=True)
        else:
            person.take(due)
    return person


def with_check(version: StudyVersion, failed: int, *, is_begun: bool = False) -> str:
    person = person_at(version, "headphones")
    for _ in range(failed):
        person.hear(right=False)
    if is_begun:
        person.post(person.at("headphones-begin"))
    return person.home


def at_mixes(version: StudyVersion) -> str:
    person = person_at(version, "t")
    while person.trial()["type"] != "multi-stimulus":
        answer_due(person, rightly=True)
    return person.home


def heard_after(version: StudyVersion) -> str:
    """The first answers of a trial are locked; now the mixes can be heard."""
    person = person_at(version, "t")
    answer_due(person, rightly=True)
    return person.home


def finished(version: StudyVersion, *, rightly: bool) -> str:
    person = person_at(version, "t")
    while person.step == "t":
        answer_due(person, rightly=rightly)
    if person.step == "debriefing":
        person.take("debriefing")
    return person.home


def withdrawn(version: StudyVersion) -> str:
    person = person_at(version, "t")
    person.post(person.at("withdraw"), {"sure": "on"})
    return person.at("withdraw")


def place_lost(version: StudyVersion) -> str:
    person = person_at(version, "t")
    TrialList.objects.filter(rater=person.rater).update(
        rater=None, leased_until=timezone.now() - timedelta(days=1)
    )
    return person.at("trials")


def gates_closed(owner: Any) -> dict[str, str]:
    """Studies that let nobody in, each for a reason of its own."""
    now = timezone.now()
    made = {}
    for what in ("full", "paused", "closed"):
        version = open_study(
            owner, now=now, title=f"A study that is {what}", songs=2, gates=NO_TRAINING,
            order={"participants": 1, "trials_per_person": 2, "overlap": 1, "repeats": 0},
            texts=TEXTS,
        )  # fmt: skip
        made[what] = join(version)
        if what == "full":
            rater_with_list(version, now=now)
        elif what == "paused":
            freezing.pause(version, owner, now)
        else:
            rater: Any = rater_with_list(version, now=now)
            made["closed on the way"] = f"/s/{rater.token}/"
            freezing.close(version, owner, now)
    return made
