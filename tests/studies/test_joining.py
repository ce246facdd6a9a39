"""Coming in: by the plain link, from a platform, as preview or pilot; the same person comes back to
the same place, nobody comes twice, and who cannot begin is told kindly."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studies.models import PersonalData, PlatformPerson, Rater, StudyVersion
from studies.services import freezing
from studies.services.participants import make_pass
from tests.annotate.conftest import NOW
from tests.studies.study_cast import open_study, prepared_study
from tests.studies.walking import Participant, arrived

PROLIFIC = {"platform": "prolific", "complete_code": "DONE1"}
ANNA = "?PROLIFIC_PID=anna&SESSION_ID=first"


@pytest.fixture
def version(db: None) -> StudyVersion:
    return open_study()


@pytest.fixture
def crowd(db: None) -> StudyVersion:
    return open_study(crowd=PROLIFIC)


def address(version: StudyVersion, query: str = "") -> str:
    return reverse("part-join", args=[version.study.key]) + query


def test_looking_at_a_study_stores_nothing(version: StudyVersion, client: Client) -> None:
    page = client.get(address(version))
    assert page.status_code == 200
    assert version.study.title in page.text
    assert not Rater.objects.exists()


def test_beginning_makes_a_rater_of_the_study_itself(version: StudyVersion) -> None:
    person = Participant()
    person.join(version)
    rater = person.rater
    assert (rater.kind, rater.run, rater.state, rater.number) == ("person", "main", "active", 1)
    assert person.step == "consent"


def test_a_plain_link_leads_the_same_browser_back_to_its_place(version: StudyVersion) -> None:
    person = arrived(version, "instructions")
    assert person.client.get(address(version)).url == person.home
    assert person.client.post(address(version)).url == person.home
    assert Rater.objects.count() == 1


def test_another_browser_by_a_plain_link_is_another_person(version: StudyVersion) -> None:
    assert arrived(version, "consent").home != arrived(version, "consent").home
    assert list(Rater.objects.values_list("number", flat=True)) == [1, 2]


def test_a_platforms_person_returns_to_the_same_place_on_any_device(crowd: StudyVersion) -> None:
    first, second = Participant(), Participant()
    first.join(crowd, ANNA)
    first.go_to("t")
    second.join(crowd, "?PROLIFIC_PID=anna&SESSION_ID=second")
    assert second.home == first.home
    assert second.where() == first.where()
    assert Rater.objects.count() == 1


def test_a_platforms_person_who_finished_gets_the_end_and_no_second_turn(
    crowd: StudyVersion,
) -> None:
    person = Participant()
    person.join(crowd, ANNA)
    person.finish()
    again = Participant()
    again.join(crowd, ANNA)
    assert again.step == "done"
    assert Rater.objects.count() == 1


def test_who_withdrew_is_not_asked_again(crowd: StudyVersion) -> None:
    person = Participant()
    person.join(crowd, ANNA)
    person.post(person.at("withdraw"), {"sure": "on"})
    again = Participant()
    again.join(crowd, ANNA)
    assert again.home == person.home
    assert "You have withdrawn" in again.get(again.where()).text


def test_nobody_takes_part_in_two_versions_of_a_study(crowd: StudyVersion) -> None:
    from studies.services import designing

    person = Participant()
    person.join(crowd, ANNA)
    person.finish()
    freezing.close(crowd, None, NOW)
    newer = designing.new_version(crowd.study, NOW)
    StudyVersion.objects.filter(pk=newer.pk).update(
        state="open", frozen_at=NOW, protocol_hash="0" * 64
    )
    again = Participant()
    again.join(crowd, ANNA)
    assert again.home == person.home
    assert Rater.objects.count() == 1


def test_a_platforms_ids_are_personal_data_and_the_hash_tells_nobody(crowd: StudyVersion) -> None:
    Participant().join(crowd, ANNA)
    personal = PersonalData.objects.get()
    assert (personal.person, personal.session) == ("anna", "first")
    assert "anna" not in PlatformPerson.objects.get().person_hash


def test_a_platforms_link_without_a_person_is_told_so(crowd: StudyVersion, client: Client) -> None:
    assert "not complete" in client.get(address(crowd)).text
    assert client.post(address(crowd)).status_code == 409
    assert not Rater.objects.exists()


@pytest.mark.parametrize("pid", ["x" * 5000, "nul\x00byte", "<script>alert(1)</script>", "é 漢"])
def test_odd_ids_lose_nobody(crowd: StudyVersion, pid: str) -> None:
    from urllib.parse import quote

    for _ in range(2):
        answered = Participant().join(crowd, f"?PROLIFIC_PID={quote(pid)}")
        assert answered.status_code == 302
    assert Rater.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "told"), [("paused", "taking a break"), ("closed", "closed"), ("draft", "not open")]
)
def test_a_study_that_is_not_open_says_so_kindly(
    version: StudyVersion, client: Client, state: str, told: str
) -> None:
    if state == "draft":
        version = prepared_study()
    else:
        {"paused": freezing.pause, "closed": freezing.close}[state](version, None, NOW)
    assert told in client.get(address(version)).text
    refused = client.post(address(version))
    assert refused.status_code == 409
    assert told in refused.text
    assert not Rater.objects.exists()


def test_a_full_study_says_so_and_counts_nobody_in_excess(version: StudyVersion) -> None:
    people = [arrived(version, "instructions") for _ in range(6)]
    assert len({person.rater.list_number for person in people}) == 6
    late = Participant()
    refused = late.join(version)
    assert refused.status_code == 409
    assert "All places are taken" in refused.text
    assert Rater.objects.count() == 6


def test_who_consents_when_the_last_place_went_is_told_and_nothing_is_recorded(
    version: StudyVersion,
) -> None:
    late = arrived(version, "consent")
    for _ in range(6):
        arrived(version, "instructions")
    refused = late.post(late.at("consent"), {"consent": "on"})
    assert refused.status_code == 409
    assert late.rater.consented_at is None
    assert not late.rater.steps.exists()


def test_a_preview_is_for_those_with_a_right_and_marked_for_ever(
    version: StudyVersion, stranger: Any
) -> None:
    person = Participant()
    for user in (None, stranger):
        if user is not None:
            person.client.force_login(user)
        assert person.client.get(address(version, "?preview")).status_code == 404
        assert person.join(version, "?preview").status_code == 404
    person.client.force_login(version.study.owner)
    person.join(version, "?preview")
    person.finish()
    assert person.rater.run == "preview"
    assert person.rater.state == "complete"
    assert not version.lists.exclude(rater=None).exists()


def test_a_draft_can_be_previewed_from_beginning_to_end(db: None) -> None:
    version = prepared_study()
    person = Participant()
    person.client.force_login(version.study.owner)
    person.join(version, "?preview")
    person.finish()
    assert person.rater.state == "complete"


def test_a_pilot_comes_by_a_signed_pass_and_takes_nobodys_place(version: StudyVersion) -> None:
    person = Participant()
    person.join(version, f"?pass={make_pass(version.study, run='pilot')}")
    person.finish()
    assert person.rater.run == "pilot"
    assert not version.lists.exclude(rater=None).exists()


def test_a_simulated_rater_is_marked_with_its_manner(version: StudyVersion) -> None:
    given = make_pass(version.study, run="main", kind="simulated", manner="good")
    person = Participant()
    person.join(version, f"?pass={given}")
    assert (person.rater.kind, person.rater.about) == ("simulated", {"manner": "good"})


def test_forged_passes_and_passes_of_another_study_are_no_address(
    version: StudyVersion, client: Client
) -> None:
    other = open_study()
    for given in ("forged", make_pass(other.study, run="pilot"), ""):
        assert client.post(address(version, f"?pass={given}")).status_code == 404
    assert not Rater.objects.exists()


def test_an_unknown_study_is_no_address(client: Client, db: None) -> None:
    assert client.get(reverse("part-join", args=["nothing-here"])).status_code == 404


def test_the_language_is_chosen_at_the_door_and_kept_on_the_way(db: None) -> None:
    texts = {
        "consent": {"en": "Do you agree?", "de": "Sind Sie einverstanden?"},
        "debriefing": {"en": "Bye", "de": "Auf Wiedersehen"},
    }
    version = open_study(languages=["en", "de"], texts=texts)
    person = Participant()
    door = person.get(address(version, "?language=de"))
    assert '<html lang="de">' in door.text
    assert "?language=en" in door.text
    person.home = person.post(address(version, "?language=de")).url
    consent = person.get(person.where())
    assert "Sind Sie einverstanden?" in consent.text
    assert '<html lang="de">' in consent.text
    assert person.rater.language == "de"


def test_the_browsers_language_is_a_first_guess(db: None) -> None:
    texts = {"consent": {"en": "Do you agree?", "de": "Sind Sie einverstanden?"}}
    version = open_study(languages=["en", "de"], texts=texts)
    page = Client(headers={"accept-language": "de-AT,de;q=0.9"}).get(address(version))
    assert '<html lang="de">' in page.text


def test_a_secret_that_changed_still_lets_the_same_person_back(
    crowd: StudyVersion, settings: Any
) -> None:
    first = Participant()
    first.join(crowd, ANNA)
    known = PlatformPerson.objects.get()
    old = first.rater.token_hash
    Rater.objects.update(token_hash="0" * 64)
    again = Participant()
    again.join(crowd, ANNA)
    assert again.rater.pk == known.rater_id
    assert again.rater.token_hash == old
