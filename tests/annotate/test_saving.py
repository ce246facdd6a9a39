"""Saves and answers: each once, in order, checked, and never overwritten."""

from datetime import datetime, timedelta

import pytest

from annotate.models import Annotation, Annotator, Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import close_campaign
from annotate.services.saving import Refused, save
from tests.annotate.conftest import FADERS, answer, batch, stored


@pytest.fixture
def assignment(annotator: Annotator, now: datetime) -> Assignment:
    claimed = next_assignment(annotator=annotator, now=now)
    assert claimed is not None
    return claimed


def test_a_batch_sent_again_is_stored_once_and_counted_once(
    assignment: Assignment, now: datetime
) -> None:
    for _ in range(3):
        result = save(assignment=stored(assignment), payload=batch(), now=now)
        assert result.saved_seq == 1
    assignment.refresh_from_db()
    assert assignment.event_batches.count() == 1
    assert assignment.listened_s == 2.0
    assert assignment.moves == 1


def test_a_replayed_number_with_other_content_is_refused(
    assignment: Assignment, now: datetime
) -> None:
    save(assignment=stored(assignment), payload=batch(), now=now)
    with pytest.raises(Refused, match="other content") as refusal:
        save(assignment=stored(assignment), payload=batch(events=[]), now=now)
    assert refusal.value.status == 409
    assert len(assignment.event_batches.get().events) == 1


def test_a_stale_page_never_overwrites_a_newer_desk(assignment: Assignment, now: datetime) -> None:
    new = batch(page=2_000, client="clientnew")
    save(assignment=stored(assignment), payload=new, now=now)
    old = batch(5, page=1_000, desk={"faders_db": dict(FADERS, vocals=-9.0)})
    result = save(assignment=stored(assignment), payload=old, now=now)
    assignment.refresh_from_db()
    assert not result.is_latest
    assert assignment.desk["faders_db"]["vocals"] == -1.0
    assert assignment.event_batches.count() == 2
    assert assignment.listened_s == 4.0


def test_batches_that_arrive_out_of_order_keep_the_latest_desk(
    assignment: Assignment, now: datetime
) -> None:
    later = batch(2, desk={"faders_db": dict(FADERS, vocals=-2.0)})
    save(assignment=stored(assignment), payload=later, now=now)
    save(assignment=stored(assignment), payload=batch(1), now=now)
    assignment.refresh_from_db()
    assert assignment.desk["faders_db"]["vocals"] == -2.0


def test_submitting_twice_with_one_key_makes_one_answer(
    assignment: Assignment, now: datetime
) -> None:
    for seq in (1, 2):
        save(assignment=stored(assignment), payload=batch(seq, submit=answer()), now=now)
    assert Annotation.objects.count() == 1


def test_one_key_with_another_balance_is_refused(assignment: Assignment, now: datetime) -> None:
    save(assignment=stored(assignment), payload=batch(submit=answer()), now=now)
    other = answer(faders_db=dict(FADERS, bass=6.0))
    with pytest.raises(Refused, match="other content"):
        save(assignment=stored(assignment), payload=batch(2, submit=other), now=now)
    assert Annotation.objects.get().fader_db == FADERS


def test_amending_adds_a_revision_and_keeps_the_first(
    assignment: Assignment, now: datetime
) -> None:
    save(assignment=stored(assignment), payload=batch(submit=answer("first-key")), now=now)
    amended = answer("second-key", faders_db=dict(FADERS, bass=6.0))
    later = now + timedelta(hours=1)
    save(assignment=stored(assignment), payload=batch(2, submit=amended), now=later)
    first, second = Annotation.objects.order_by("revision")
    assert (first.revision, second.revision) == (1, 2)
    assert first.fader_db["bass"] == 0.5
    assert Annotation.objects.current().get() == second
    assert assignment.item.slots.filter(is_filled=True).count() == 1


def test_balance_is_served_level_plus_fader_relative_to_the_imported_stem(
    assignment: Assignment, now: datetime
) -> None:
    save(assignment=stored(assignment), payload=batch(submit=answer()), now=now)
    annotation = Annotation.objects.get()
    for stem, fader_db in FADERS.items():
        assert annotation.balance_db[stem] == pytest.approx(
            assignment.served_gain_db[stem] + fader_db
        )


def test_a_fader_that_is_off_is_null_and_not_minus_40(
    assignment: Assignment, now: datetime
) -> None:
    off = answer(faders_db=dict(FADERS, drums=None))
    save(assignment=stored(assignment), payload=batch(submit=off), now=now)
    annotation = Annotation.objects.get()
    assert annotation.fader_db["drums"] is None
    assert annotation.balance_db["drums"] is None


def test_all_faders_off_is_no_answer(assignment: Assignment, now: datetime) -> None:
    nothing = answer(faders_db=dict.fromkeys(FADERS))
    with pytest.raises(Refused, match="raise at least one"):
        save(assignment=stored(assignment), payload=batch(submit=nothing), now=now)
    assert not Annotation.objects.exists()
    assert not assignment.event_batches.exists()


def test_a_closed_campaign_takes_nothing(
    campaign: Campaign, assignment: Assignment, now: datetime
) -> None:
    close_campaign(campaign=campaign, now=now)
    with pytest.raises(Refused, match="closed") as refusal:
        save(assignment=stored(assignment), payload=batch(submit=answer()), now=now)
    assert refusal.value.status == 409
    assert not assignment.event_batches.exists()


def test_cannot_judge_then_judging_after_all_fills_the_place(
    assignment: Assignment, now: datetime
) -> None:
    declined = answer("no-key-one", cannot_judge="too distorted")
    save(assignment=stored(assignment), payload=batch(submit=declined), now=now)
    assert not assignment.item.slots.filter(is_filled=True).exists()
    save(assignment=stored(assignment), payload=batch(2, submit=answer("yes-key-one")), now=now)
    assert assignment.item.slots.filter(is_filled=True).count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"client": "x"}, "client"),
        ({"seq": 0}, "seq"),
        ({"seq": True}, "seq"),
        ({"page": "now"}, "page"),
        ({"events": "none"}, "events"),
        ({"events": [{"kind": "hack", "t": 1}]}, "kind"),
        ({"events": [{"kind": "fader", "t": 1, "stem": "guitar", "db": 0}]}, "stem"),
        ({"events": [{"kind": "fader", "t": float("nan"), "stem": "bass", "db": 0}]}, "event t"),
        ({"listened_s": -1}, "listened_s"),
        ({"listened_s": float("inf")}, "listened_s"),
        ({"desk": []}, "desk"),
        ({"desk": {"faders_db": dict(FADERS, vocals="loud")}}, "vocals"),
        ({"desk": {"faders_db": dict(FADERS, vocals=float("nan"))}}, "vocals"),
        ({"desk": {"loop": [3, 1]}}, "loop"),
        ({"submit": "yes"}, "submit"),
        ({"submit": answer(faders_db=dict(FADERS, bass=12.1))}, "bass"),
        ({"submit": answer(faders_db={"vocals": 0.0})}, "missing"),
        ({"submit": answer(faders_db=dict(FADERS, guitar=0.0))}, "unknown"),
        ({"submit": answer(confidence=6)}, "confidence"),
        ({"submit": answer(comment="x" * 2001)}, "comment"),
        ({"submit": answer(key="!")}, "key"),
    ],
)
def test_a_wrong_field_is_named_in_one_line_and_nothing_is_stored(
    assignment: Assignment, now: datetime, fields: dict, message: str
) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        save(assignment=stored(assignment), payload=batch(**fields), now=now)
    assert refusal.value.status == 400
    assert "\n" not in refusal.value.message
    assert not assignment.event_batches.exists()
    assert not Annotation.objects.exists()
