"""The way through the gates: what is due comes first, is asked once, and is resumed anywhere."""

from typing import Any

import pytest
from django.test import Client

from studies.models import PersonalData, Rater, StudyVersion, TrialList
from studies.services import freezing
from studies.services.participants import end_early
from tests.annotate.conftest import NOW
from tests.studies.study_cast import open_study
from tests.studies.walking import Participant, arrived

GATES: dict[str, Any] = {
    "questionnaire": ["mixing_years", "gear", "age_band", "hearing"],
    "volume": True,
    "headphones": {"check": "antiphase", "policy": "record"},
    "training": {"trials": 1},
    "attention": {"trials": 0},
    "listening": {"seconds": 0, "policy": "record"},
}
CROWD = {
    "platform": "other",
    "person_parameter": "who",
    "return_url": "https://crowd.example/done?cc={code}",
    "complete_code": "COMPLETE-1",
    "screened_out_code": "SCREENED-2",
    "attention_failed_code": "ATTENTION-3",
}


def gated(**changed: Any) -> StudyVersion:
    return open_study(gates=GATES | changed)


def test_the_steps_come_in_order_and_end_with_the_completion_page(db: None) -> None:
    person = Participant()
    person.join(gated())
    person.post(person.at("consent"), {"consent": "on"})
    assert person.step == "questionnaire"
    answers = {"mixing_years": 7, "gear": "in-ear", "age_band": "not said", "hearing": "none"}
    person.post(person.at("questionnaire"), answers)
    assert PersonalData.objects.get().questionnaire == answers
    assert person.step == "volume"
    person.post(person.at("volume"))
    assert person.step == "headphones"
    person.hear(right=True)
    assert person.step == "instructions"
    person.post(person.at("instructions"))
    assert person.step == "t"
    person.go_to("debriefing")
    assert person.rater.state == "complete"
    person.post(person.at("debriefing"))
    assert person.step == "done"


def test_only_the_questions_that_are_asked_are_shown(db: None) -> None:
    person = arrived(gated(questionnaire=["gear"]), "questionnaire")
    page = person.get(person.where())
    assert list(page.context["form"].fields) == ["gear"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("mixing_years", "-1"), ("mixing_years", "many"), ("gear", "gramophone"), ("age_band", "")],
)
def test_an_answer_that_is_none_is_asked_again_and_nothing_is_stored(
    db: None, field: str, value: str
) -> None:
    person = arrived(gated(), "questionnaire")
    full = {"mixing_years": 7, "gear": "in-ear", "age_band": "65+", "hearing": "none"}
    again = person.post(person.at("questionnaire"), full | {field: value})
    assert again.status_code == 400
    assert list(again.context["form"].errors) == [field]
    assert PersonalData.objects.get().questionnaire == {}


def test_consent_must_be_given(db: None) -> None:
    person = arrived(gated(), "consent")
    assert person.post(person.at("consent")).status_code == 400
    assert person.rater.consented_at is None
    assert not TrialList.objects.exclude(rater=None).exists()


def test_a_step_is_taken_once_however_often_it_is_sent(db: None) -> None:
    person = arrived(gated(), "consent")
    for _ in range(3):
        person.post(person.at("consent"), {"consent": "on"})
    full = {"mixing_years": 7, "gear": "in-ear", "age_band": "65+", "hearing": "none"}
    person.post(person.at("questionnaire"), full)
    person.post(person.at("questionnaire"), full | {"mixing_years": 70})
    assert PersonalData.objects.get().questionnaire["mixing_years"] == 7
    assert list(person.rater.steps.values_list("step", flat=True)) == ["consent", "questionnaire"]


def test_every_page_that_is_not_due_leads_to_the_one_that_is(db: None) -> None:
    person = arrived(gated(), "volume")
    for step in ("consent", "questionnaire", "headphones", "instructions", "trials"):
        assert person.get(person.at(step)).url == person.at("volume"), step
    for step in ("debriefing", "done", "calibration"):
        assert person.get(person.at(step)).url == person.at("volume"), step


def test_looking_at_any_page_stores_nothing(db: None, django_assert_max_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for step in ("consent", "questionnaire", "volume", "headphones", "instructions", "t"):
        person = arrived(open_study(gates=GATES), step)
        address = person.where()
        with CaptureQueriesContext(connection) as queries:
            assert person.get(address).status_code == 200
            person.get(person.at("withdraw"))
        written = [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]
        assert written == [], step
        assert len(queries) <= 20, step


def test_a_link_resumes_on_any_device_at_the_due_step_in_the_same_order(db: None) -> None:
    person = arrived(gated())
    order = list(person.rater.trials.values_list("key", flat=True))
    person.take("t")
    elsewhere = Participant(Client(), person.home)
    assert elsewhere.where() == person.where()
    assert elsewhere.trial()["key"] == order[1]
    elsewhere.take("t")
    assert person.trial()["key"] == order[2]
    assert list(person.rater.trials.values_list("key", flat=True)) == order


def test_a_link_that_was_never_given_out_is_the_plain_404(db: None, client: Client) -> None:
    person = arrived(gated())
    forged = ("x" * 43, person.token[:-1] + ("A" if person.token[-1] != "A" else "B"))
    for token in forged:
        for tail in ("", "consent/", "done/", "withdraw/", "t/abc/"):
            assert client.get(f"/s/{token}/{tail}").status_code == 404


def test_every_page_keeps_its_address_to_itself(db: None) -> None:
    person = arrived(gated())
    person.finish()
    pages = [one for one in person.seen if one.headers["Content-Type"].startswith("text/html")]
    assert len(pages) > 10
    for page in pages:
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "no-store" in page.headers["Cache-Control"]


# The headphone check


def checked(policy: str, **more: Any) -> Participant:
    version = gated(headphones={"check": "antiphase", "policy": policy})
    person = arrived(version, "headphones")
    person.hear(right=False)
    assert person.step == "headphones"
    return person


def test_two_failed_checks_are_recorded_and_one_goes_on(db: None) -> None:
    person = checked("record")
    person.hear(right=False)
    assert person.step == "instructions"
    gate = person.rater.steps.get(step="headphones")
    assert (gate.passed, gate.policy, gate.detail) == (False, "record", {"attempts": 2})


def test_a_second_attempt_can_pass(db: None) -> None:
    person = checked("exclude")
    person.hear(right=True)
    assert person.step == "instructions"
    assert person.rater.steps.get(step="headphones").passed is True


def test_with_the_policy_to_warn_one_is_told_and_goes_on(db: None) -> None:
    person = checked("warn")
    person.hear(right=False)
    assert "make sure that you wear headphones" in person.get(person.where()).text
    person.post(person.at("headphones-begin"))
    assert person.get(person.where()).context["attempt"] is None
    person.post(person.at("headphones-go-on"))
    assert person.step == "instructions"
    assert person.rater.steps.get(step="headphones").policy == "warn"


def test_nobody_goes_on_warned_who_was_not(db: None) -> None:
    person = checked("warn")
    person.post(person.at("headphones-go-on"))
    assert person.step == "headphones"


def test_with_the_policy_to_exclude_one_is_screened_out_and_the_list_goes_back(db: None) -> None:
    person = checked("exclude")
    assert TrialList.objects.filter(rater=person.rater).exists()
    person.hear(right=False)
    assert person.step == "done"
    assert person.rater.state == "screened out"
    assert not TrialList.objects.exclude(rater=None).exists()


def test_a_finished_attempt_keeps_its_first_judgement(db: None) -> None:
    person = checked("exclude")
    first = person.rater.steps.get(step="headphones attempt").detail["key"]
    for _ in range(3):
        person.post(person.at("headphones-answers", first), {"answers": "1,1,1,1,1,1"})
    assert person.rater.steps.filter(step="headphones attempt").count() == 1
    assert person.step == "headphones"


@pytest.mark.parametrize("answers", ["", "1,2,3", "1,2,3,1,2,4", "1,2,3,1,2,x", "1,2,3,1,2,3,1"])
def test_answers_that_are_none_cost_no_attempt(db: None, answers: str) -> None:
    person = arrived(gated(), "headphones")
    person.post(person.at("headphones-begin"))
    key = person.get(person.at("headphones")).context["attempt"].key
    address = person.at("headphones-answers", key)
    assert person.post(address, {"answers": answers}).status_code == 400
    assert not person.rater.steps.filter(step="headphones attempt").exists()


@pytest.mark.parametrize("check", ["huggins", "antiphase"])
def test_the_sounds_of_either_check_are_alike_and_tell_nothing(db: None, check: str) -> None:
    person = arrived(gated(headphones={"check": check, "policy": "record"}), "headphones")
    person.post(person.at("headphones-begin"))
    page = person.get(person.at("headphones"))
    sounds = [person.get(address) for address in page.context["sounds"]]
    assert len({len(one.content) for one in sounds}) == 1
    assert len({one.content for one in sounds}) == 6
    for one in sounds:
        assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(one.headers)
    seed = person.rater.steps.get(step="headphones begun").detail["seed"]
    assert str(seed) not in page.text


def test_another_persons_attempt_is_no_address(db: None) -> None:
    version = gated()
    one, other = arrived(version, "headphones"), arrived(version, "headphones")
    one.post(one.at("headphones-begin"))
    key = one.get(one.at("headphones")).context["attempt"].key
    assert other.post(other.at("headphones-answers", key), {}).status_code == 404
    assert other.get(other.at("headphones-sound", key, 1)).status_code == 404


# Calibration


def test_a_lab_device_is_calibrated_once_for_everybody_who_sits_at_it(db: None) -> None:
    version = gated(calibration=True, headphones={"check": "none"})
    person = arrived(version, "calibration")
    kept = person.post(person.at("calibration"), {"level_db_spl": "74.5", "volume_db": "-6"})
    assert "This device is calibrated" in kept.text
    assert person.step == "instructions"
    detail = person.rater.steps.get(step="calibration").detail
    assert (detail["level_db_spl"], detail["volume_db"]) == (74.5, -6.0)
    following = Participant(person.client)
    following.join(version)
    following.go_to("instructions")
    assert following.home != person.home
    assert not following.rater.steps.filter(step="calibration").exists()


def test_another_device_is_calibrated_anew_even_in_the_middle(db: None) -> None:
    person = arrived(gated(calibration=True, headphones={"check": "none"}))
    elsewhere = Participant(Client(), person.home)
    assert elsewhere.step == "calibration"
    elsewhere.take("calibration")
    assert elsewhere.step == "t"


@pytest.mark.parametrize("level", ["", "loud", "nan", "inf", "20", "140"])
def test_a_level_that_no_meter_reads_is_asked_again(db: None, level: str) -> None:
    person = arrived(gated(calibration=True, headphones={"check": "none"}), "calibration")
    sent = {"level_db_spl": level, "volume_db": "-6"}
    assert person.post(person.at("calibration"), sent).status_code == 400
    assert person.step == "calibration"


# The end


def test_each_ending_has_its_own_code_and_way_back(db: None) -> None:
    version = open_study(crowd=CROWD)
    codes = {}
    for state in ("complete", "screened out", "attention failed"):
        person = Participant()
        person.join(version, f"?who={state.replace(' ', '-')}")
        if state == "complete":
            person.finish()
        else:
            person.go_to("instructions")
            end_early(person.rater, state, "headphones", NOW)
        page = person.get(person.where())
        codes[state] = page.context["ending"].code
        assert f"https://crowd.example/done?cc={codes[state]}" in page.text
    assert codes == {
        "complete": "COMPLETE-1",
        "screened out": "SCREENED-2",
        "attention failed": "ATTENTION-3",
    }


def test_no_code_is_told_before_the_server_has_every_answer(db: None) -> None:
    person = Participant()
    person.join(open_study(crowd=CROWD), "?who=anna")
    person.finish()
    told = [n for n, one in enumerate(person.seen) if b"COMPLETE-1" in one.content]
    last_save = max(n for n, one in enumerate(person.seen) if b"saved_seq" in one.content)
    assert told
    assert min(told) > last_save


def test_a_study_that_closes_on_the_way_says_so_on_every_page(db: None) -> None:
    version = gated()
    person = arrived(version)
    trial = person.trial()
    freezing.close(version, None, NOW)
    for address in (person.home, person.at("trials"), person.at("trial", trial["key"])):
        answered = person.get(address)
        answered = person.get(answered.url) if answered.status_code == 302 else answered
        assert answered.status_code == 410
        assert "This study is closed" in answered.text
    for sound in trial["sounds"].values():
        assert person.get(sound).status_code == 404


def test_who_finished_gets_the_code_also_after_closing(db: None) -> None:
    version = open_study(crowd=CROWD)
    person = Participant()
    person.join(version, "?who=anna")
    person.finish()
    freezing.close(version, None, NOW)
    assert "COMPLETE-1" in person.get(person.where()).text


def test_who_is_at_work_goes_on_while_the_study_is_paused(db: None) -> None:
    version = gated()
    person = arrived(version)
    freezing.pause(version, None, NOW)
    person.finish()
    assert person.rater.state == "complete"


def test_a_place_that_went_to_somebody_else_is_told_and_can_be_asked_for_again(db: None) -> None:
    person = arrived(gated())
    other = arrived(person.rater.version, "consent").rater
    own = TrialList.objects.filter(rater=person.rater)
    pk = own.get().pk
    own.update(rater=other)
    lost = person.get(person.at("trials"))
    assert lost.status_code == 409
    assert "gone to somebody else" in lost.text
    assert person.post(person.at("trials")).status_code == 409
    TrialList.objects.filter(pk=pk).update(rater=None, leased_until=None)
    assert person.post(person.at("trials")).status_code == 302
    assert TrialList.objects.get(pk=pk).rater == person.rater


def test_html_in_a_studys_texts_is_shown_as_text(db: None) -> None:
    nasty = "<script>alert(1)</script> & <b>bold</b>"
    texts = dict.fromkeys(("consent", "welcome", "instructions", "debriefing", "contact"), nasty)
    person = Participant()
    person.join(open_study(texts=texts))
    person.finish()
    pages = [one.text for one in person.seen if b"alert(1)" in one.content]
    assert len(pages) >= 4
    assert not any("<script>alert" in page for page in pages)
    assert Rater.objects.get().state == "complete"
