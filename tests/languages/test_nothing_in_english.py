"""The whole way of an annotator and of a participant: each word comes from the catalogue or from
the study, and German has it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Assignment, Campaign
from annotate.services import people
from annotate.services.people import Invitation, invite
from config.away import DATABASE_AWAY
from config.rates import Rate
from studies.models import Rater, StudyVersion
from studies.services import freezing
from studies.services.participants import make_pass
from tests.annotate.conftest import NOW
from tests.annotate.test_annotator_pages import WELCOME
from tests.languages.pseudo_language import Brackets, brackets, unwrapped, wrapped
from tests.studies.study_cast import BLOCK_TYPES, block_data, open_study
from tests.studies.walking import FORM, Participant, batch, submission, trial_data

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}
TEXTS = {
    name: {"en": "English text", "de": wrapped(name)}
    for name in ("title", "consent", "welcome", "instructions", "debriefing", "contact")
}
GATES = {
    "questionnaire": ["mixing_years", "gear", "age_band", "hearing"],
    "volume": True,
    "headphones": {"check": "huggins", "policy": "warn"},
    "training": {"trials": 1},
    "attention": {"trials": 0, "required": 0},
    "listening": {"seconds": 0.5, "policy": "warn"},
}
CROWD = {
    "platform": "other", "person_parameter": "WHO",
    "return_url": "https://a.example/?c={code}", "complete_code": "123",
}  # fmt: skip


@pytest.fixture
def german() -> Iterator[Brackets]:
    with brackets() as stand_in:
        yield stand_in


@pytest.fixture
def client() -> Client:
    return Client(headers=GERMAN)


def has_no_english(german: Brackets, answers: list[Any]) -> None:
    """Every page is German by its words, its attribute and its header."""
    pages = [one for one in answers if one.get("Content-Type", "").startswith("text/html")]
    assert pages
    for page in (one for one in pages if one.content):
        assert unwrapped(page.text) == [], page.request["PATH_INFO"]
        assert '<html lang="de">' in page.text
        assert page["Content-Language"] == "de"
    told = [one.json() for one in answers if one.get("Content-Type") == "application/json"]
    errors = [one["error"] for one in told if "error" in one and not one["is_technical"]]
    assert [error for error in errors if unwrapped(error)] == []
    # Languages are called by their own names.
    assert german.lacking - set(dict(site.LANGUAGES).values()) == set()


# Annotators


@pytest.fixture
def invited(heard_campaign: Campaign) -> Invitation:
    texts = {"instructions": wrapped("instructions"), "consent_text": wrapped("consent")}
    Campaign.objects.filter(pk=heard_campaign.pk).update(headphone_check="huggins", **texts)
    heard_campaign.refresh_from_db()
    return invite(campaign=heard_campaign, count=1, now=NOW)[0]


def test_the_whole_way_of_an_annotator(
    invited: Invitation, german: Brackets, client: Client
) -> None:
    def at(name: str, *args: Any) -> str:
        return reverse(name, args=[invited.token, *args])

    seen = [client.get(at("welcome"))]
    seen.append(client.post(at("welcome"), WELCOME | {"mixing_years": "99", "consent": ""}))
    client.post(at("welcome"), WELCOME)
    for _ in range(2):
        seen.append(client.get(at("headphones")))
        client.post(at("headphones-start"))
        seen.append(client.get(at("headphones")))
        key = seen[-1].context["attempt"].key
        seen.append(client.post(at("headphones-answers", key), {"answers": "1,2"}))
        client.post(at("headphones-answers", key), {"answers": "1,1,1,1,1,1"})
    seen.append(client.get(at("queue")))
    mixer = client.post(at("next")).url
    seen.append(client.get(mixer))
    showing = Assignment.objects.get()
    save = at("save", showing.key)
    everything_off = dict.fromkeys(("vocals", "drums", "bass", "other"))
    answer = {"key": "key-of-an-answer", "faders_db": everything_off}
    sent = {"client": "clientone", "page": 1, "seq": 1, "submit": answer}
    seen.append(client.post(save, json.dumps(sent), content_type="application/json"))
    assert seen[-1].status_code == 400
    seen.append(client.post(save, "{", content_type="application/json"))
    seen.append(client.post(at("save", "nothing"), "{}", content_type="application/json"))
    for state in Assignment.State.values:
        Assignment.objects.update(state=state)
        seen += [client.get(at("queue")), client.get(at("queue") + "?finished")]
    for state_ in Campaign.State.values:
        Campaign.objects.update(state=state_)
        seen.append(client.get(at("queue")))
    seen.append(client.post(save, json.dumps(sent), content_type="application/json"))
    seen += [client.get(at("annotator-withdraw")), client.post(at("annotator-withdraw"))]
    seen.append(client.post(at("annotator-withdraw"), {"sure": "on"}))
    people.revoke(annotator=invited.annotator, now=NOW)
    seen.append(client.get(at("queue")))
    has_no_english(german, seen)


def test_the_other_headphone_check(invited: Invitation, german: Brackets, client: Client) -> None:
    Campaign.objects.update(headphone_check="antiphase", instructions="", consent_text="")
    seen = [client.get(reverse("welcome", args=[invited.token]))]
    Annotator.objects.update(consented_at=NOW, playback_device="in-ear")
    address = reverse("headphones", args=[invited.token])
    seen.append(client.get(address))
    client.post(reverse("headphones-start", args=[invited.token]))
    seen.append(client.get(address))
    has_no_english(german, seen)


# Participants


def in_german(type_: str, **changed: Any) -> dict[str, Any]:
    """A block whose every text is there in both languages."""
    block = block_data(type_, **changed)
    words = {"en": "English text", "de": wrapped(type_)}
    questions = [one | {"text": words, "help": words} for one in block["questions"]]
    for one in questions:
        if one["kind"] == "scale":
            one |= {"low_label": words, "high_label": words}
    return block | {"questions": questions, "title": words, "instructions": words}


def small_study(**changed: Any) -> StudyVersion:
    """One pair for each song, training, and every gate."""
    given: dict[str, Any] = {
        "blocks": [in_german("pairwise advice")],
        "gates": GATES,
        "crowd": CROWD,
    }
    return open_study(languages=["en", "de"], texts=TEXTS, **(given | changed))


def whole_study() -> StudyVersion:
    """A trial of every type."""
    blocks = [in_german(type_) for type_ in BLOCK_TYPES]
    blocks[0] |= {"hear_after": "after the answers"}
    blocks[1] |= {"systems": ["equal_loudness"]}
    blocks[1]["questions"][0] |= {"low": 0, "high": 100}
    blocks[2] |= {"dry_stems": True}
    blocks[2]["questions"].append(blocks[2]["questions"][0] | {"key": "second"})
    order = {"participants": 5, "trials_per_person": 6, "overlap": 1, "repeats": 0}
    return small_study(blocks=blocks, order=order, gates=GATES | {"training": {"trials": 0}})


def walk_trials(person: Participant) -> set[tuple[str, str]]:
    """Every trial, with what a page may do wrong on the way; which types and phases there were."""
    met = set()
    for _ in range(40):
        if person.step == "debriefing":
            return met
        if person.step != "t":
            person.take(person.step)
            continue
        trial = trial_data(person.seen[-1])
        met.add((trial["type"], trial["phase"]))
        person.save(trial, batch(trial, seq=7, submit=submission(trial, values={})))
        person.answer(trial)
        person.save(trial, batch(trial, seq=9, submit=submission(trial, key="another-key-of-it")))
        person.save(trial, batch(trial, seq=9, events=[]))
    raise AssertionError("the trials never end")


def test_the_whole_way_of_a_participant(db: None, german: Brackets, client: Client) -> None:
    version = whole_study()
    person = Participant(client)
    door = reverse("part-join", args=[version.study.key])
    person.get(door)
    person.join(version, "?WHO=one")
    person.get(person.where())
    person.post(person.at("consent"))
    person.take("consent")
    person.get(person.at("withdraw"))
    person.post(person.at("withdraw"))
    person.where()
    person.post(person.at("questionnaire"), FORM | {"mixing_years": 99})
    person.go_to("headphones")
    person.post(person.at("headphones-begin"))
    person.where()
    person.hear(right=False)
    person.where()
    person.hear(right=False)
    person.where()
    person.post(person.at("headphones-go-on"))
    assert len(walk_trials(person)) == 6
    person.finish()
    person.where()
    person.post(person.at("withdraw"), {"sure": "on"})
    person.where()
    has_no_english(german, person.seen)


def test_training_and_what_is_told_after_withdrawing(
    db: None, german: Brackets, client: Client
) -> None:
    person = Participant(client)
    person.join(small_study(), "?WHO=one")
    assert len(walk_trials(person)) == 1
    other = Participant(Client(headers=GERMAN))
    other.join(StudyVersion.objects.get(), "?WHO=another")
    other.go_to("t")
    trial = trial_data(other.seen[-1])
    assert trial["kind"] == "training"
    other.answer(trial | {"listening": {"what": []}})
    other.post(other.at("withdraw"), {"sure": "on"})
    other.save(trial, batch(trial, seq=10))
    has_no_english(german, person.seen + other.seen)


def test_the_ways_that_end_before_the_trials(db: None, german: Brackets, client: Client) -> None:
    gates = GATES | {"headphones": {"check": "antiphase", "policy": "exclude"}}
    version = small_study(gates=gates)
    person = Participant(client)
    person.join(version, "?WHO=one")
    person.go_to("headphones")
    for _ in range(2):
        person.where()
        person.hear(right=False)
    person.where()
    Rater.objects.update(state="attention failed")
    person.get(person.at("done"))
    door = reverse("part-join", args=[version.study.key])
    for run in ("pilot", "preview"):
        person.seen.append(client.get(f"{door}?pass={make_pass(version.study, run=run)}"))
    StudyVersion.objects.update(spec=version.spec | {"crowd": {}})
    for state in ("paused", "draft"):
        frozen = {"frozen_at": None} if state == "draft" else {}
        StudyVersion.objects.update(state=state, **frozen)
        person.seen.append(Client(headers=GERMAN).get(door))
    has_no_english(german, person.seen)


def test_a_lab_and_a_closed_study(db: None, german: Brackets, client: Client) -> None:
    version = small_study(gates=GATES | {"calibration": True})
    person = Participant(client)
    person.join(version, "?WHO=one")
    person.go_to("calibration")
    person.post(person.at("calibration"), {"level_db_spl": "500", "volume_db": ""})
    person.take("calibration")
    freezing.close(version, None, NOW)
    person.where()
    person.get(reverse("part-join", args=[version.study.key]))
    has_no_english(german, person.seen)


# Whoever has lost the way


@pytest.mark.parametrize(
    "address", ["/", "/login/", "/a/nobody/", "/s/nobody/", "/s/join/nothing/", "/nowhere/at/all/"]
)
def test_pages_before_one_is_known(
    db: None, german: Brackets, client: Client, address: str
) -> None:
    has_no_english(german, [client.get(address)])


@pytest.mark.parametrize("address", ["/login/", "/a/nobody/language/", "/s/nobody/withdraw/"])
def test_lost_cookies(db: None, german: Brackets, address: str) -> None:
    strict = Client(enforce_csrf_checks=True, headers=GERMAN)
    has_no_english(german, [strict.post(address)])


def test_a_wrong_password(db: None, german: Brackets, client: Client) -> None:
    has_no_english(german, [client.post("/login/", {"username": "nobody", "password": "wrong"})])


def test_too_many_tries(db: None, german: Brackets, client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {"link": Rate(1, 600)}
    cache.clear()
    seen = [client.get("/s/nobody/", headers={"Accept": "text/html"}) for _ in range(2)]
    cache.clear()
    assert seen[-1].status_code == 429
    has_no_english(german, seen)


def test_the_database_is_away(
    db: None, german: Brackets, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DATABASE_AWAY[0]("away on purpose")

    monkeypatch.setattr("studies.views.participant.joining.get_object_or_404", away)
    page = client.get(reverse("part-join", args=["any"]), headers={"Accept": "text/html"})
    assert page.status_code == 503
    has_no_english(german, [page])


def test_something_breaks(
    db: None, german: Brackets, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("studies.views.participant.joining.get_object_or_404", broken)
    client.raise_request_exception = False
    answered = client.get(reverse("part-join", args=["any"]))
    assert answered.status_code == 500
    has_no_english(german, [answered])
