"""Coming in and going through the gates: who takes part, where they come back to, who may not."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import Max
from django.utils.crypto import salted_hmac

from annotate.fields import new_key, storable_text
from annotate.models.campaigns import hash_token
from annotate.services.together import write_together
from studies.models import PersonalData, PlatformPerson, Rater, RaterStep, Study, StudyVersion
from studies.models.raters import person_hash
from studies.protocol.spec import Crowd, Spec
from studies.services import lists
from studies.services.protocols import protocol_of
from studies.services.steps import (
    CALIBRATION,
    CONSENT,
    QUESTIONNAIRE,
    SCREENED_OUT,
    record_once,
    take_step,
)

TOKEN_SALT = "studies.participant"  # noqa: S105 - a name, no secret
PASS_SALT = "studies.pass"  # noqa: S105
LONGEST_ID = 200
PROLIFIC = ("PROLIFIC_PID", "SESSION_ID")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who comes in, and how they are marked: for ever."""

    person: str = ""
    session: str = ""
    language: str = ""
    run: str = Rater.Run.MAIN
    kind: str = Rater.Kind.PERSON
    about: dict[str, Any] = field(default_factory=dict)


def token_of(rater: Rater) -> str:
    """The token of a rater's address. It follows from the key by the site's secret, so that who
    comes back by the study's link is sent to the same place, and a copy of the database opens
    none."""
    digest = salted_hmac(TOKEN_SALT, rater.key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def crowd_ids(crowd: Crowd, parameters: Mapping[str, str]) -> tuple[str, str]:
    """Person and session as a platform's link gives them; "" where it does not."""
    person, session = crowd.person_parameter, crowd.session_parameter
    if crowd.platform == "prolific":
        person, session = person or PROLIFIC[0], session or PROLIFIC[1]

    def given(name: str) -> str:
        return storable_text(parameters.get(name, ""))[:LONGEST_ID].strip() if name else ""

    return given(person), given(session)


def make_pass(study: Study, *, run: str, kind: str = "person", **about: Any) -> str:
    """What a join link carries (?pass=...) to come in as a pilot or as a simulated rater: signed,
    so that nobody marks themselves, nor takes a mark away."""
    return signing.dumps(
        {"study": study.key, "run": run, "kind": kind, "about": about}, salt=PASS_SALT
    )


def read_pass(study: Study, text: str) -> Newcomer | None:
    """None for a pass that is forged, or of another study."""
    try:
        data = signing.loads(text, salt=PASS_SALT)
    except signing.BadSignature:
        return None
    if data["study"] != study.key:
        return None
    return Newcomer(run=data["run"], kind=data["kind"], about=data["about"])


def known_person(version: StudyVersion, person: str) -> Rater | None:
    """The rater whom this person of a platform is, in any version of the study."""
    found = (
        PlatformPerson.objects.filter(
            version__study=version.study_id, person_hash=person_hash(version, person)
        )
        .select_related("rater__version")
        .order_by("-version__number")
        .first()
    )
    return None if found is None else found.rater


def is_in_time(version: StudyVersion, newcomer: Newcomer) -> bool:
    """Whether somebody may begin now. Previews also see a draft, or a study that is paused."""
    if newcomer.run == Rater.Run.PREVIEW:
        return version.state != StudyVersion.State.CLOSED
    return version.state == StudyVersion.State.OPEN


def join(version: StudyVersion, newcomer: Newcomer, now: datetime) -> Rater:
    """The newcomer's rater: a new one, or that of the same person of a platform."""
    return write_together(lambda: _join(version, newcomer, now))


def _join(version: StudyVersion, newcomer: Newcomer, now: datetime) -> Rater:
    # Two who join at one instant wait for each other: each number once, each person once.
    StudyVersion.objects.select_for_update().only("pk").get(pk=version.pk)
    is_known = newcomer.person and newcomer.run == Rater.Run.MAIN
    if is_known and (known := known_person(version, newcomer.person)) is not None:
        return readmit(known)
    spec = protocol_of(version)
    last = version.raters.aggregate(last=Max("number"))["last"] or 0
    rater = Rater(
        key=new_key(),
        version=version,
        number=last + 1,
        kind=newcomer.kind,
        run=newcomer.run,
        about=newcomer.about,
        seed=secrets.randbits(32),
        language=newcomer.language if newcomer.language in spec.languages else spec.languages[0],
        created_at=now,
        last_seen_at=now,
    )
    rater.token_hash = hash_token(token_of(rater))
    rater.save()
    PersonalData.objects.create(rater=rater, person=newcomer.person, session=newcomer.session)
    if is_known:
        PlatformPerson.objects.create(
            version=version, person_hash=person_hash(version, newcomer.person), rater=rater
        )
    return rater


def readmit(rater: Rater) -> Rater:
    """The site's secret may have changed since: then the token is another one."""
    if not rater.may_enter(token_of(rater)):
        rater.token_hash = hash_token(token_of(rater))
        rater.save(update_fields=["token_hash"])
    return rater


def choose_language(rater: Rater, language: str) -> None:
    """Until the consent is given; one that the study does not offer changes nothing."""
    if language in protocol_of(rater.version).languages:
        Rater.objects.filter(pk=rater.pk, consented_at=None).update(language=language)


def consent(rater: Rater, now: datetime, device: Mapping[str, str]) -> bool:
    """Record the consent and give the rater a list; False, and nothing recorded, where every list
    is taken."""
    if lists.claim(rater, now) is None:
        return False

    def record() -> None:
        if record_once(rater, CONSENT, now):
            Rater.objects.filter(pk=rater.pk).update(consented_at=now, last_seen_at=now)
            PersonalData.objects.filter(rater=rater).update(device=dict(device))

    write_together(record)
    return True


def answer_questionnaire(rater: Rater, answers: Mapping[str, Any], now: datetime) -> None:
    """The first answers stay."""

    def record() -> None:
        if record_once(rater, QUESTIONNAIRE, now):
            PersonalData.objects.filter(rater=rater).update(questionnaire=dict(answers))

    write_together(record)
    lists.hold(rater, now)


def pass_on(rater: Rater, step: str, now: datetime) -> None:
    """A step without questions: volume, instructions, debriefing."""
    take_step(rater, step, now)
    if rater.state == Rater.State.ACTIVE:
        lists.hold(rater, now)


def calibrate(
    rater: Rater, now: datetime, *, device: str, level_db_spl: float, volume_db: float
) -> None:
    """The level that a meter read on this device; the last one counts."""
    rater.steps.create(
        step=CALIBRATION,
        at=now,
        passed=True,
        detail={"device": device, "level_db_spl": level_db_spl, "volume_db": volume_db},
    )
    lists.hold(rater, now)


def is_calibrated(rater: Rater, device: str) -> bool:
    """Whether this device was calibrated in this study, by whoever sat before it."""
    return bool(device) and bool(
        RaterStep.objects.filter(
            step=CALIBRATION,
            rater__version__study_id=rater.version.study_id,
            detail__device=device,
        ).exists()
    )


def end_early(rater: Rater, state: str, gate: str, now: datetime) -> None:
    """A gate whose policy is to exclude ends the way here; the whole list goes to somebody else."""

    def record() -> None:
        if record_once(rater, SCREENED_OUT, now, passed=False, policy="exclude", gate=gate):
            Rater.objects.filter(pk=rater.pk, state=Rater.State.ACTIVE).update(
                state=state, finished_at=now
            )
            lists.give_back(rater, now)

    write_together(record)


@dataclass(frozen=True, slots=True)
class Ending:
    """What somebody gets at the end: a code, and where to go back to."""

    code: str
    return_url: str


def ending(rater: Rater, spec: Spec) -> Ending:
    """By how the way ended; empty for everybody who is still on it or withdrew."""
    crowd = spec.crowd
    code = {
        Rater.State.COMPLETE: crowd.complete_code,
        Rater.State.SCREENED_OUT: crowd.screened_out_code,
        Rater.State.ATTENTION_FAILED: crowd.attention_failed_code,
    }.get(Rater.State(rater.state), "")
    url = crowd.return_url.replace("{code}", code) if code and crowd.return_url else ""
    return Ending(code, url)
