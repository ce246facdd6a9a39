"""Who gets which excerpt: least completed first, in a seeded order, never above the overlap."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from annotate.models import Annotator, Assignment, Campaign, Slot
from annotate.services.assigning import next_assignment, remaining
from annotate.services.people import revoke
from annotate.services.saving import save
from tests.annotate.conftest import answer, batch, join, stored


def submit(assignment: Assignment, now: datetime, **fields: object) -> None:
    save(assignment=stored(assignment), payload=batch(submit=answer(**fields)), now=now)


def test_each_annotator_gets_every_excerpt_once_and_then_nothing(
    campaign: Campaign, annotator: Annotator, now: datetime
) -> None:
    seen = []
    while (assignment := next_assignment(annotator=annotator, now=now)) is not None:
        seen.append(assignment.item_id)
        submit(assignment, now)
    assert sorted(seen) == sorted(campaign.items.values_list("pk", flat=True))
    assert remaining(annotator).done == 3


def test_an_unfinished_excerpt_comes_back_before_a_new_one(
    annotator: Annotator, now: datetime
) -> None:
    first = next_assignment(annotator=annotator, now=now)
    assert next_assignment(annotator=annotator, now=now) == first


def test_overlap_is_filled_and_not_exceeded(campaign: Campaign, now: datetime) -> None:
    for invitation in join(campaign, 4):
        while (a := next_assignment(annotator=invitation.annotator, now=now)) is not None:
            submit(a, now)
    counts = Counter(Assignment.objects.values_list("item", flat=True))
    assert set(counts.values()) == {campaign.overlap}
    assert list(campaign.items.values_list("completed", flat=True)) == [2, 2, 2]


def test_the_least_completed_excerpt_comes_first(campaign: Campaign, now: datetime) -> None:
    one, two = (invitation.annotator for invitation in join(campaign, 2))
    first = next_assignment(annotator=one, now=now)
    assert first is not None
    submit(first, now)
    second = next_assignment(annotator=two, now=now)
    assert second is not None
    assert second.item_id != first.item_id


def test_annotators_meet_excerpts_in_different_orders(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(12, overlap=6, repeats=0)
    firsts = {
        next_assignment(annotator=invitation.annotator, now=now).item_id  # type: ignore[union-attr]
        for invitation in join(campaign, 6)
    }
    assert len(firsts) == 6


def test_a_lease_that_ran_out_frees_the_place(campaign: Campaign, now: datetime) -> None:
    people = [invitation.annotator for invitation in join(campaign, 7)]
    for person in people[:6]:
        assert next_assignment(annotator=person, now=now) is not None
    assert next_assignment(annotator=people[6], now=now) is None
    later = now + timedelta(minutes=campaign.lease_minutes + 1)
    assert next_assignment(annotator=people[6], now=later) is not None


def test_a_revoked_annotator_gives_the_place_back_at_once(
    campaign: Campaign, now: datetime
) -> None:
    people = [invitation.annotator for invitation in join(campaign, 7)]
    for person in people[:6]:
        next_assignment(annotator=person, now=now)
    revoke(annotator=people[0], now=now)
    assert next_assignment(annotator=people[6], now=now) is not None


def test_saving_keeps_the_place_of_whoever_works(campaign: Campaign, now: datetime) -> None:
    one = join(campaign)[0].annotator
    assignment = next_assignment(annotator=one, now=now)
    assert assignment is not None
    later = now + timedelta(minutes=campaign.lease_minutes * 0.9)
    save(assignment=stored(assignment), payload=batch(), now=later)
    assert Slot.objects.get(assignment=assignment).leased_until == later + timedelta(
        minutes=campaign.lease_minutes
    )


def test_an_answer_after_the_place_went_to_others_is_kept_as_surplus(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(1, overlap=1, repeats=0)
    slow, fast = (invitation.annotator for invitation in join(campaign, 2))
    late = next_assignment(annotator=slow, now=now)
    assert late is not None
    save(assignment=stored(late), payload=batch(), now=now)
    after = now + timedelta(minutes=campaign.lease_minutes + 1)
    taken = next_assignment(annotator=fast, now=after)
    assert taken is not None
    submit(taken, after)
    assert next_assignment(annotator=slow, now=after) == late
    save(assignment=stored(late), payload=batch(2, submit=answer("late-answer")), now=after)
    assert late.annotations.get().is_surplus
    assert campaign.items.get().completed == 1


def test_an_untouched_excerpt_whose_place_is_gone_is_dropped(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(1, overlap=1, repeats=0)
    slow, fast = (invitation.annotator for invitation in join(campaign, 2))
    next_assignment(annotator=slow, now=now)
    after = now + timedelta(minutes=campaign.lease_minutes + 1)
    assert next_assignment(annotator=fast, now=after) is not None
    assert next_assignment(annotator=slow, now=after) is None
    assert not slow.assignments.exists()


def test_cannot_judge_gives_the_place_to_somebody_else(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(1, overlap=1, repeats=0)
    one, two = (invitation.annotator for invitation in join(campaign, 2))
    assignment = next_assignment(annotator=one, now=now)
    assert assignment is not None
    submit(assignment, now, cannot_judge="the recording is broken")
    assert next_assignment(annotator=two, now=now) is not None


def test_repeats_come_back_later_with_opposite_trims_and_starts(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(5, overlap=2, repeats=2)
    annotator = join(campaign)[0].annotator
    shown = []
    while (assignment := next_assignment(annotator=annotator, now=now)) is not None:
        shown.append(assignment)
        now += timedelta(minutes=3)
        submit(assignment, now)
    repeats = [assignment for assignment in shown if assignment.repeat]
    assert len(shown) == 7
    assert len(repeats) == 2
    for place, assignment in enumerate(shown):
        if assignment.repeat:
            assert shown[place - 1].item_id != assignment.item_id
            first = next(a for a in shown if a.item_id == assignment.item_id)
            assert assignment.trim_db["vocals"] == -first.trim_db["vocals"]
            assert assignment.start_db["drums"] == -first.start_db["drums"]


@pytest.mark.parametrize("overlap", [2, 6])
def test_trims_and_starts_come_in_opposite_pairs_over_annotators(
    make_campaign: Callable[..., Campaign], now: datetime, overlap: int
) -> None:
    campaign = make_campaign(1, overlap=overlap, repeats=0)
    shown = [
        next_assignment(annotator=invitation.annotator, now=now)
        for invitation in join(campaign, overlap)
    ]
    for name in ("trim_db", "start_db"):
        values = [getattr(assignment, name) for assignment in shown]
        assert sum(value["bass"] for value in values) == pytest.approx(0.0)
        # Of all four stems: two pairs draw one stem alike once in thirty.
        assert len({tuple(map(abs, value.values())) for value in values}) == overlap // 2
