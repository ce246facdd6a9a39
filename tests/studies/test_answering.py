"""Answers: idempotent, resumed, amended as revisions; whatever does not fit is refused with one
line, and nothing of it is stored."""

import pytest
from django.test import Client

from studies.models import Answer, Judgement, StudyVersion, TrialEvents
from studies.services import freezing
from tests.annotate.conftest import NOW
from tests.studies.study_cast import BLOCK_TYPES, block_data, open_study
from tests.studies.walking import (
    NO_TRAINING,
    Participant,
    answers_to,
    arrived,
    batch,
    current,
    plain,
    row,
    submission,
    trial_data,
)


@pytest.fixture
def person(db: None) -> Participant:
    return arrived(plain())


def test_a_batch_keeps_draft_events_and_seconds(person: Participant) -> None:
    trial = person.trial()
    saved = person.save(trial, batch(trial, draft={"better": "B"}, listened_s={"problem": 2.5}))
    assert saved.json() == {"saved_seq": 1, "is_latest": True, "submitted": None}
    person.save(trial, batch(trial, 2, draft={"better": "A"}, listened_s={"problem": 1.25}))
    stored = row(trial)
    assert stored.draft == {"better": "A"}
    assert stored.listened_s == {"problem": 3.75}
    assert stored.seen_at is not None
    assert [one.seq for one in stored.event_batches.all()] == [1, 2]


def test_the_same_batch_again_is_stored_once_and_answered_the_same_idempotent(
    person: Participant,
) -> None:
    trial = person.trial()
    sent = batch(trial, submit=submission(trial))
    first, second = person.save(trial, sent), person.save(trial, sent)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert (Answer.objects.count(), TrialEvents.objects.count()) == (1, 1)
    assert row(trial).listened_s == {"problem": 6.0}


def test_the_same_key_in_a_new_batch_is_idempotent(person: Participant) -> None:
    trial = person.trial()
    first = person.answer(trial).json()["submitted"]
    again = person.save(trial, batch(trial, 9, submit=submission(trial)))
    assert again.json()["submitted"] == first
    assert Answer.objects.count() == 1


def test_a_replayed_key_with_other_content_is_refused(person: Participant) -> None:
    trial = person.trial()
    person.answer(trial)
    other = submission(trial, values={"better": "B"})
    refused = person.save(trial, batch(trial, 2, submit=other))
    assert refused.status_code == 409
    assert "other content" in refused.json()["error"]
    assert current(trial) == {"better": "A"}
    assert TrialEvents.objects.count() == 1


def test_a_replayed_batch_with_other_events_is_refused(person: Participant) -> None:
    trial = person.trial()
    person.save(trial, batch(trial))
    refused = person.save(trial, batch(trial, events=[{"t": 1.0, "kind": "pause"}]))
    assert refused.status_code == 409


def test_an_answer_leads_on_only_once_it_is_stored(person: Participant) -> None:
    trial = person.trial()
    submitted = person.answer(trial).json()["submitted"]
    assert submitted["revision"] == 1
    assert submitted["phase"] == "done"
    assert submitted["next"].startswith(f"{person.home}t/")
    assert trial["key"] not in submitted["next"]
    assert current(trial) == {"better": "A"}
    assert row(trial).state == "answered"
    assert person.trial()["key"] != trial["key"]


@pytest.mark.parametrize("type_", BLOCK_TYPES)
def test_every_type_of_trial_is_answered_from_first_to_last(db: None, type_: str) -> None:
    person = arrived(plain(type_))
    trials = []
    while person.step == "t":
        trials.append(person.trial())
        person.answer(trials[-1])
    assert [one["position"] for one in trials] == list(range(1, 5))
    assert {one["total"] for one in trials} == {4}
    assert person.rater.state == "complete"
    for one in trials:
        assert current(one) == answers_to(one)


# Amending


def test_an_amended_answer_is_a_new_revision_and_the_first_one_stays(person: Participant) -> None:
    trial = person.trial()
    person.answer(trial)
    following = person.trial()
    assert following["back_url"] == trial["save_url"].removesuffix("save/")
    back = trial_data(person.get(following["back_url"]))
    assert (back["phase"], back["answers"]) == ("done", {"better": "A"})
    amended = person.answer(
        back, key="second-key", values={"better": "tie", "why": "on reflection"}
    )
    assert amended.json()["submitted"]["revision"] == 2
    assert current(trial) == {"better": "tie", "why": "on reflection"}
    assert Judgement.objects.filter(question="better").count() == 2
    assert person.trial()["key"] == following["key"]


def test_two_tabs_that_answer_differently_both_keep_what_they_sent(person: Participant) -> None:
    one, other = person.trial(), person.trial()
    person.answer(one, key="key-of-tab-one")
    sent = batch(other, client="clienttwo", submit=submission(other, "key-of-tab-two"))
    sent["submit"]["values"] = {"better": "B"}
    assert person.save(other, sent).json()["submitted"]["revision"] == 2
    assert list(Judgement.objects.values_list("value", flat=True)) == ["A", "B"]


def test_where_nobody_goes_back_a_second_answer_is_refused(db: None) -> None:
    order = {
        "participants": 6, "trials_per_person": 3, "overlap": 1, "repeats": 1, "back": "never"
    }  # fmt: skip
    person = arrived(plain(order=order))
    trial = person.trial()
    person.answer(trial)
    refused = person.save(trial, batch(trial, 2, submit=submission(trial, "another-key")))
    assert refused.status_code == 409
    assert person.trial()["back_url"] is None
    assert person.get(person.at("trial", trial["key"])).url == person.at("trials")


def test_a_finished_block_is_left_for_good(db: None) -> None:
    blocks = [block_data("pairwise advice"), block_data("ranking")]
    order = {"participants": 12, "trials_per_person": 3, "overlap": 1, "repeats": 0}
    person = arrived(plain(blocks=blocks, order=order))
    trial = person.trial()
    while person.trial()["type"] == trial["type"]:
        person.answer(person.trial())
    refused = person.save(trial, batch(trial, 9, submit=submission(trial, "another-key")))
    assert refused.status_code == 409
    assert "finished" in refused.json()["error"]
    assert person.trial()["back_url"] is None


def test_training_is_told_feedback_and_counts_once(db: None) -> None:
    gates = NO_TRAINING | {"training": {"trials": 1}}
    person = arrived(open_study(gates=gates))
    trial = person.trial()
    assert (trial["kind"], trial["position"], trial["total"]) == ("training", 1, 1)
    feedback = person.answer(trial).json()["submitted"]["feedback"]
    assert "no answer is right or wrong" in feedback["text"]
    refused = person.save(trial, batch(trial, 2, submit=submission(trial, "another-key")))
    assert refused.status_code == 409
    following = person.trial()
    assert (following["kind"], following["position"], following["back_url"]) == ("main", 1, None)
    assert person.rater.steps.get(step="training").passed is True


def test_training_without_listening_is_told_to_listen(db: None) -> None:
    person = arrived(open_study(gates=NO_TRAINING | {"training": {"trials": 1}}))
    trial = person.trial()
    sent = person.save(trial, batch(trial, listened_s={}, submit=submission(trial)))
    assert "without listening" in sent.json()["submitted"]["feedback"]["text"]


def test_nobody_jumps_ahead_of_the_due_trial(person: Participant) -> None:
    ahead = person.rater.trials.order_by("position")[2]
    assert person.get(person.at("trial", ahead.key)).url == person.at("trials")


# Before and after


def after() -> StudyVersion:
    return plain(blocks=[block_data("pairwise advice", hear_after="after the answers")])


def test_text_answers_are_locked_before_the_mixes_can_be_heard(db: None) -> None:
    person = arrived(after())
    trial = person.trial()
    assert (trial["phase"], sorted(trial["sounds"])) == ("before", ["problem"])
    later = [trial["sounds"]["problem"].replace("1.flac", f"{n}.flac") for n in range(2, 12)]
    assert {person.get(address).status_code for address in later} == {404}
    locked = person.answer(trial).json()["submitted"]
    assert locked["phase"] == "after"
    assert row(trial).state == "locked"
    again = person.trial()
    assert (again["key"], again["phase"]) == (trial["key"], "after")
    assert (again["answers"], again["draft"]) == (None, {})
    assert sorted(again["sounds"]) == ["after A", "after B", "problem"]
    assert again["listening"]["what"] == ["after A", "after B"]
    assert again["sounds"]["problem"] == trial["sounds"]["problem"]
    assert {person.get(address).status_code for address in again["sounds"].values()} == {200}


def test_both_answers_are_stored_and_the_first_is_never_changed(db: None) -> None:
    person = arrived(after())
    trial = person.trial()
    person.answer(trial)
    changed = person.save(trial, batch(trial, 2, submit=submission(trial, "another-key")))
    assert changed.status_code == 409
    assert "locked" in changed.json()["error"]
    second = person.trial()
    done = person.answer(second, values={"better": "B"}).json()["submitted"]
    assert (done["phase"], done["revision"]) == ("done", 1)
    assert (current(trial), current(trial, "after")) == ({"better": "A"}, {"better": "B"})
    assert person.trial()["key"] != trial["key"]


def test_the_second_asking_cannot_come_first(person: Participant) -> None:
    trial = person.trial()
    refused = person.save(trial, batch(trial, submit=submission(trial, phase="after")))
    assert refused.status_code == 409
    assert not Answer.objects.exists()


def test_a_late_draft_of_the_first_asking_is_no_draft_of_the_second(db: None) -> None:
    person = arrived(after())
    trial = person.trial()
    person.answer(trial)
    late = person.save(trial, batch(trial, 2, draft={"better": "A"})).json()
    assert late["is_latest"] is True
    assert person.trial()["draft"] == {}


def test_what_can_be_heard_from_the_start_is_there_from_the_start(db: None) -> None:
    version = plain(blocks=[block_data("pairwise advice", hear_after="from the start")])
    trial = arrived(version).trial()
    assert sorted(trial["sounds"]) == ["after A", "after B", "problem"]
    assert trial["asked_after"] is False


# Not answering


def test_a_trial_that_cannot_be_judged_says_why_and_the_way_goes_on(person: Participant) -> None:
    trial = person.trial()
    person.answer(trial, values={}, no_answer_reason="The sound is broken")
    assert (row(trial).state, row(trial).failure) == ("failed", "The sound is broken")
    assert not Judgement.objects.exists()
    assert person.trial()["key"] != trial["key"]


# Listening


@pytest.mark.parametrize(("policy", "status"), [("exclude", 400), ("warn", 200), ("record", 200)])
def test_listening_too_little_is_refused_only_where_the_policy_says_so(
    db: None, policy: str, status: int
) -> None:
    gates = NO_TRAINING | {"listening": {"seconds": 5, "policy": policy}}
    person = arrived(plain(gates=gates))
    trial = person.trial()
    assert trial["listening"] == {"seconds": 5.0, "policy": policy, "what": ["problem"]}
    short = batch(trial, listened_s={"problem": 4.9}, submit=submission(trial))
    assert person.save(trial, short).status_code == status
    assert Answer.objects.exists() is (status == 200)


def test_seconds_add_up_over_batches_and_page_loads_until_they_suffice(db: None) -> None:
    gates = NO_TRAINING | {"listening": {"seconds": 5, "policy": "exclude"}}
    person = arrived(plain("multi-stimulus", gates=gates))
    trial = person.trial()
    assert trial["listening"]["what"] == trial["letters"]
    person.save(trial, batch(trial, listened_s=dict.fromkeys(trial["letters"][1:], 6.0)))
    again = person.trial()
    refused = person.save(again, batch(again, client="clienttwo", listened_s={},
                                       submit=submission(again)))  # fmt: skip
    assert refused.status_code == 400
    heard = batch(again, client="clienttwo", listened_s={"A": 5.0}, submit=submission(again))
    assert person.save(again, heard).status_code == 200


# Whose trial, and when


def test_another_persons_trial_is_no_address(person: Participant) -> None:
    other = arrived(person.rater.version)
    theirs = other.trial()
    mine = theirs["save_url"].replace(other.token, person.token)
    body = batch(theirs, submit=submission(theirs))
    assert person.client.post(mine, body, content_type="application/json").status_code == 404
    assert person.get(person.at("trial", theirs["key"])).status_code == 404
    assert person.get(person.at("sound", theirs["key"], 1)).status_code == 404
    assert not Answer.objects.exists()


def test_a_forged_token_saves_nothing(person: Participant, client: Client) -> None:
    trial = person.trial()
    forged = trial["save_url"].replace(person.token, "x" * 43)
    refused = client.post(forged, batch(trial), content_type="application/json")
    assert refused.status_code == 404
    assert refused.json()["error"]


def test_a_closed_study_takes_nothing_more_but_still_confirms_what_it_has(
    person: Participant,
) -> None:
    trial = person.trial()
    sent = batch(trial, submit=submission(trial))
    first = person.save(trial, sent)
    following = person.trial()
    freezing.close(person.rater.version, None, NOW)
    assert person.save(trial, sent).json() == first.json()
    refused = person.save(following, batch(following, submit=submission(following)))
    assert refused.status_code == 409
    assert "closed" in refused.json()["error"]
    assert Answer.objects.count() == 1


def test_after_the_last_answer_nothing_changes_but_it_is_confirmed_again(
    person: Participant,
) -> None:
    while person.step == "t":
        trial = person.trial()
        last = person.answer(trial)
    again = person.save(trial, batch(trial, submit=submission(trial)))
    assert again.json() == last.json()
    other = person.save(trial, batch(trial, 2, submit=submission(trial, "another-key")))
    assert other.status_code == 409
    closing = batch(trial, 3, events=[{"t": 1.0, "kind": "hidden"}])
    assert person.save(trial, closing).status_code == 200


def test_a_page_open_for_too_long_is_told_to_reload(person: Participant) -> None:
    trial = person.trial()
    strict = Client(enforce_csrf_checks=True)
    refused = strict.post(trial["save_url"], batch(trial), content_type="application/json")
    assert refused.status_code == 403
    assert not TrialEvents.objects.exists()


def test_an_older_tab_never_overwrites_the_draft_of_a_newer_one(person: Participant) -> None:
    old, new = person.trial(), person.trial()
    new["page"] += 1000
    person.save(new, batch(new, client="clienttwo", draft={"better": "B"}))
    late = person.save(old, batch(old, draft={"better": "A"}, listened_s={"problem": 3.0}))
    assert late.json()["is_latest"] is False
    assert row(old).draft == {"better": "B"}
    assert row(old).listened_s == {"problem": 9.0}


def test_a_clock_that_is_set_back_does_not_make_new_pages_look_old(
    person: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    trial = person.trial()
    person.save(trial, batch(trial, draft={"better": "A"}))
    real = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() - timedelta(days=30))
    later = person.trial()
    assert later["page"] > trial["page"]
    saved = person.save(later, batch(later, client="clienttwo", draft={"better": "B"}))
    assert saved.json()["is_latest"] is True
    assert row(trial).draft == {"better": "B"}
    person.answer(later)
    assert person.trial()["key"] != trial["key"]


def test_a_clock_that_jumps_ahead_costs_nobody_their_answers(
    person: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    real = timezone.now
    person.answer(person.trial())
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + timedelta(days=2))
    while person.step == "t":
        person.answer(person.trial())
    assert person.rater.state == "complete"
    assert person.rater.held_list.is_filled
