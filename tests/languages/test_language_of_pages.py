"""Which language a page speaks, and that it is kept with the person and changes words alone."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.exports import annotation_rows
from annotate.models import Annotator, Assignment, Campaign
from annotate.services import people, saving
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation, invite
from studies.exports.scope import Scope
from studies.exports.tables import rater_rows
from studies.models import Rater, StudyVersion
from studies.protocol.hashing import content_hash
from studies.protocol.reading import read_spec
from tests.annotate.conftest import NOW, answer, batch
from tests.annotate.test_annotator_pages import WELCOME
from tests.languages.pseudo_language import brackets, unwrapped
from tests.studies.study_cast import block_data, make_study, open_study, study_data
from tests.studies.walking import Participant, trial_data

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}
FRENCH = {"accept-language": "fr"}
BOTH: dict[str, Any] = {
    "languages": ["en", "de"],
    "texts": {
        "title": {"en": "Listening", "de": "Zuhören"},
        "consent": {"en": "Freely.", "de": "Freiwillig."},
        "contact": "Ask us.",
    },
}


@pytest.fixture
def german() -> Client:
    return Client(headers=GERMAN)


def language_of(page: Any) -> str:
    """As the page says, which is what its header says."""
    found = re.search(r'<html lang="(\w+)">', page.text)
    assert found
    assert page["Content-Language"] == found[1]
    return found[1]


# Researchers


@pytest.mark.parametrize("name", ["songs", "campaigns", "studies", "campaign-new", "study-new"])
def test_a_researchers_page_is_english_whatever_the_browser_asks_for(
    researcher: Any, german: Client, name: str
) -> None:
    german.force_login(researcher)
    page = german.get(reverse(name))
    assert page.status_code == 200
    assert language_of(page) == "en"
    with brackets():
        again = german.get(reverse(name))
    assert "⟦" not in again.text


def test_visitors_are_met_in_the_language_of_their_browser(db: None, german: Client) -> None:
    assert language_of(german.get("/")) == "de"
    assert language_of(Client(headers=FRENCH).get("/")) == "en"
    assert "Accept-Language" in german.get("/")["Vary"]
    lost = german.get("/nowhere/at/all/")
    assert (lost.status_code, language_of(lost)) == (404, "de")
    assert language_of(german.get("/advise/")) == "en"


def test_one_request_leaves_no_language_to_the_next(db: None, german: Client) -> None:
    german.get("/")
    assert language_of(Client().get("/")) == "en"


# Annotators


@pytest.fixture
def invited(campaign: Campaign) -> Invitation:
    return invite(campaign=campaign, count=1, now=NOW)[0]


def at(invited: Invitation, name: str, *args: Any) -> str:
    return reverse(name, args=[invited.token, *args])


def test_an_annotator_chooses_a_language_and_finds_it_on_every_device(
    invited: Invitation, german: Client
) -> None:
    welcome = at(invited, "welcome")
    page = german.get(welcome)
    assert language_of(page) == "de"
    assert 'value="de" lang="de" aria-current="true">Deutsch</button>' in page.text
    chosen = german.post(at(invited, "annotator-language"), {"language": "en"})
    assert chosen.url == welcome
    assert language_of(german.get(welcome)) == "en"
    other = Client(headers=GERMAN)
    assert language_of(other.get(welcome)) == "en"
    other.post(welcome, WELCOME)
    assert Annotator.objects.get().language == "en"


def test_the_language_in_which_somebody_takes_part_is_kept(
    invited: Invitation, german: Client
) -> None:
    german.post(at(invited, "welcome"), WELCOME)
    Annotator.objects.update(headphone_passed=True)
    assert language_of(Client().get(at(invited, "queue"))) == "de"


def test_a_language_that_the_site_does_not_speak_is_refused(
    invited: Invitation, client: Client
) -> None:
    assert client.post(at(invited, "annotator-language"), {"language": "xx"}).status_code == 400
    assert Annotator.objects.get().language == ""
    assert client.get(at(invited, "annotator-language")).status_code == 405


def test_refusals_speak_the_persons_language(heard_campaign: Campaign) -> None:
    invited = invite(campaign=heard_campaign, count=1, now=NOW)[0]
    Annotator.objects.update(consented_at=NOW, headphone_passed=True, language="de")
    client = Client(enforce_csrf_checks=True)
    lost = client.post(at(invited, "next"))
    assert (lost.status_code, language_of(lost)) == (403, "de")
    mixer = Client().post(at(invited, "next")).url
    assert language_of(Client().get(mixer)) == "de"
    Campaign.objects.update(state="closed")
    save = at(invited, "save", Assignment.objects.get().key)
    sent = {"client": "clientone", "page": 1, "seq": 1}
    told = Client().post(save, sent, content_type="application/json")
    assert (
        told.json()["error"] == "Diese Kampagne ist geschlossen: Es lässt sich nichts mehr ändern."
    )
    people.revoke(annotator=invited.annotator, now=NOW)
    gone = Client().get(at(invited, "queue"))
    assert (gone.status_code, language_of(gone)) == (404, "de")


def test_the_language_of_an_answer_is_exported(annotator: Annotator) -> None:
    showing = next_assignment(annotator=annotator, now=NOW)
    assert showing is not None
    people.choose_language(annotator=annotator, language="de")
    saving.save(assignment=showing, payload=batch(submit=answer()), now=NOW)
    rows = list(annotation_rows(Campaign.objects.get()))
    assert [row["language"] for row in rows] == ["de"]


# Participants


def test_a_participant_may_change_the_language_until_the_consent(db: None, german: Client) -> None:
    person = Participant(german)
    person.join(open_study(**BOTH))
    page = person.get(person.where())
    assert language_of(page) == "de"
    assert "Freiwillig." in page.text
    assert '<p class="lede">Zuhören</p>' in page.text
    person.post(person.at("consent") + "?language", {"language": "xx"})
    person.post(person.at("consent") + "?language", {"language": "en"})
    assert "Freely." in person.get(person.where()).text
    person.post(person.at("consent") + "?language", {"language": "de"})
    person.take("consent")
    person.post(person.at("consent") + "?language", {"language": "en"})
    assert person.rater.language == "de"
    exported = [row["language"] for row in rater_rows(Scope(person.rater.version, NOW))]
    assert exported == ["de"]
    other_device = Participant(Client(headers=FRENCH), person.home)
    assert language_of(other_device.get(other_device.where())) == "de"
    lost = Client(enforce_csrf_checks=True).post(person.at("withdraw"))
    assert (lost.status_code, language_of(lost)) == (403, "de")


def test_a_study_in_one_language_is_in_that_language(db: None, german: Client) -> None:
    version = open_study()
    door = german.get(reverse("part-join", args=[version.study.key]))
    assert language_of(door) == "en"
    assert "Deutsch" not in door.text


def test_the_browsers_order_of_languages_counts(db: None) -> None:
    version = open_study(**BOTH)
    door = reverse("part-join", args=[version.study.key])
    page = Client(headers={"accept-language": "en;q=0.3, fr, de-CH;q=0.8"}).get(door)
    assert language_of(page) == "de"


def test_what_is_in_another_language_than_its_page_says_so(db: None, german: Client) -> None:
    person = Participant(german)
    person.join(open_study(**BOTH))
    consent = person.get(person.where()).text
    assert '<div class="stack" lang="en"><p>Ask us.</p></div>' in consent
    assert '<div class="stack"><p>Freiwillig.</p></div>' in consent
    person.go_to("t")
    page = person.seen[-1].text
    assert len(re.findall(r'<div class="advice-text" lang="en">', page)) == 2
    assert re.search(r'<span lang="en">Which advice is better\?</span>', page)
    english = Participant(Client())
    english.join(StudyVersion.objects.get())
    english.go_to("t")
    assert ' lang="en"' not in english.seen[-1].text.replace('<html lang="en">', "")


def test_advice_of_a_block_is_marked_as_the_spec_says(db: None, german: Client) -> None:
    block = block_data("pairwise advice") | {"advice": {"language": "de"}}
    person = Participant(german)
    person.join(open_study(blocks=[block], **BOTH))
    person.go_to("t")
    assert '<div class="advice-text">' in person.seen[-1].text


def test_the_language_changes_words_alone(db: None, german: Client) -> None:
    person = Participant(german)
    person.join(open_study(**BOTH))
    person.go_to("t")
    first = trial_data(person.seen[-1])
    Rater.objects.update(language="en")
    second = trial_data(person.get(person.where()))
    worded = {"title", "instructions", "questions", "page"}
    assert {k: v for k, v in first.items() if k not in worded} == {
        k: v for k, v in second.items() if k not in worded
    }
    sizes = [len(german.get(url).content) for url in first["sounds"].values() if url]
    assert sizes == [len(german.get(url).content) for url in second["sounds"].values() if url]


# Numbers


def test_people_read_a_comma_and_programs_a_point(db: None, german: Client) -> None:
    scale = {"key": "helpful", "kind": "scale", "text": "How?", "low": 0, "high": 2, "step": 0.5}
    block = block_data("rated advice") | {"questions": [scale]}
    listening = {"seconds": 2.5, "policy": "warn"}
    gates = {
        "questionnaire": [], "volume": False, "headphones": {"check": "none"},
        "training": {"trials": 0}, "attention": {"trials": 0, "required": 0},
        "listening": listening,
    }  # fmt: skip
    person = Participant(german)
    person.join(open_study(blocks=[block], gates=gates, **BOTH))
    person.go_to("t")
    page = person.seen[-1].text
    assert 'value="0.5"><span>0,5</span>' in page
    assert "mindestens 2,5 s" in page
    given = trial_data(person.seen[-1])
    assert (given["questions"][0]["step"], given["listening"]["seconds"]) == (0.5, 2.5)
    # No attribute of the page holds a number with a comma, but for what is read out.
    attributes = re.findall(r'\b(?:value|min|max|step|data-[a-z-]+|aria-value\w+)="([^"]*)"', page)
    assert attributes
    assert [one for one in attributes if re.fullmatch(r"-?\d+,\d+", one)] == []


def test_a_level_of_the_lab_is_typed_as_the_browser_sends_it(db: None, german: Client) -> None:
    gates = {"questionnaire": [], "calibration": True, "headphones": {"check": "none"}}
    person = Participant(german)
    person.join(open_study(gates=gates | {"listening": {"seconds": 0}}, **BOTH))
    person.go_to("calibration")
    again = person.post(person.at("calibration"), {"level_db_spl": "74.5", "volume_db": "1"})
    assert 'value="74.5"' in again.text
    assert 'max="100"' in again.text


# Specs


def test_a_text_that_lacks_a_language_is_named_in_one_line(db: None) -> None:
    for consent in ({"en": "Freely."}, {"en": "Freely.", "de": " "}):
        data = study_data(languages=["en", "de"], texts={"consent": consent})
        with pytest.raises(ValueError, match=r"^texts.consent: no text for language 'de'"):
            read_spec(data)


def test_the_hash_of_a_protocol_covers_every_language(db: None) -> None:
    data = study_data(**BOTH)
    changed = {**data, "texts": data["texts"] | {"consent": {"en": "Freely.", "de": "Anders."}}}
    hashes = [content_hash(read_spec(one).as_data()) for one in (data, changed)]
    assert hashes[0] != hashes[1]


def test_the_preview_speaks_each_language_of_the_study(researcher: Any, german: Client) -> None:
    study = make_study(researcher, **BOTH)
    german.force_login(researcher)
    address = reverse("study-preview-trial", args=[study.key])
    assert language_of(german.get(f"{address}?language=de")) == "de"
    assert language_of(german.get(f"{address}?language=en")) == "en"
    assert language_of(german.get(reverse("study-preview", args=[study.key]))) == "en"
    with brackets():
        page = german.get(f"{address}?language=de").text
    # Texts of the study that are there once for all are marked, and so is the sample of advice.
    assert unwrapped(page) == []
