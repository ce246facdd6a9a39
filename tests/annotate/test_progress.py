"""The dashboard's figures: what is done, who works, what to look at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotate.listings import campaign_lines, people_lines
from annotate.models import Annotator, Campaign
from annotate.progress import campaign_progress
from annotate.services.assigning import next_assignment
from annotate.services.consensus import compute_draft
from annotate.services.people import invite, revoke
from tests.annotate.conftest import NOW, join, stored
from tests.annotate.researcher_cast import annotate_all, submit


@pytest.fixture
def campaign(make_campaign: Callable[..., Campaign]) -> Campaign:
    return make_campaign(3, overlap=4, repeats=0)


def test_a_fresh_campaign_has_every_place_free_and_no_figures(campaign: Campaign) -> None:
    progress = campaign_progress(campaign, NOW)
    assert (progress.filled, progress.in_progress, progress.places) == (0, 0, 12)
    assert progress.time_on_it_s.value is None
    assert progress.time_on_it_s.n == 0
    assert progress.agreement == {}


def test_submitted_claimed_and_complete_are_counted_apart(campaign: Campaign) -> None:
    first, second = (one.annotator for one in join(campaign, 2))
    for _ in range(2):
        assignment = next_assignment(annotator=first, now=NOW)
        assert assignment is not None
        submit(assignment)
    assert next_assignment(annotator=second, now=NOW) is not None
    progress = campaign_progress(campaign, NOW)
    assert (progress.filled, progress.in_progress, progress.complete_excerpts) == (2, 1, 0)
    assert sum(one.in_progress for one in progress.excerpts) == 1


def test_a_lease_that_has_run_out_is_no_longer_in_progress(campaign: Campaign) -> None:
    assert next_assignment(annotator=join(campaign)[0].annotator, now=NOW) is not None
    later = NOW + timedelta(minutes=campaign.lease_minutes + 1)
    assert campaign_progress(campaign, later).in_progress == 0


def test_time_is_from_shown_to_submitted_and_the_median_over_all(campaign: Campaign) -> None:
    for minutes, invitation in zip((1, 2, 9), join(campaign, 3), strict=True):
        assignment = next_assignment(annotator=invitation.annotator, now=NOW)
        assert assignment is not None
        submit(assignment, at=NOW + timedelta(minutes=minutes), listened_s=10.0 * minutes)
    progress = campaign_progress(campaign, NOW)
    assert (progress.time_on_it_s.value, progress.time_on_it_s.n) == (120.0, 3)
    assert progress.listened_s.value == 20.0


def test_who_saved_lately_is_active_and_who_went_is_not(campaign: Campaign) -> None:
    assignment = next_assignment(annotator=join(campaign)[0].annotator, now=NOW)
    assert assignment is not None
    (person,) = campaign_progress(campaign, NOW + timedelta(minutes=4)).active
    assert person.letter == "A"
    assert campaign_progress(campaign, NOW + timedelta(minutes=6)).active == ()


def test_little_listening_and_untouched_faders_are_flagged(campaign: Campaign) -> None:
    hasty, lazy, diligent = (one.annotator for one in join(campaign, 3))
    for annotator, listened_s, moves in ((hasty, 3.0, 5), (lazy, 60.0, 0), (diligent, 60.0, 5)):
        assignment = next_assignment(annotator=annotator, now=NOW)
        assert assignment is not None
        submit(assignment, listened_s=listened_s, moves=moves)
    flags = campaign_progress(campaign, NOW).flags
    assert {(f.letter, f.too_little_listening, f.no_move) for f in flags} == {
        ("A", True, False),
        ("B", False, True),
    }


def test_imported_answers_are_not_blamed_for_having_no_moves(campaign: Campaign) -> None:
    assignment = next_assignment(annotator=join(campaign)[0].annotator, now=NOW)
    assert assignment is not None
    submit(assignment, listened_s=0.0, moves=0)
    Annotator.objects.update(kind=Annotator.Kind.IMPORTED)
    progress = campaign_progress(campaign, NOW)
    assert progress.flags == ()
    assert progress.time_on_it_s.n == 0
    assert progress.people.imported == 1


def test_simulated_annotators_are_counted_apart_from_people(campaign: Campaign) -> None:
    annotate_all(campaign, 3, kind="simulated")
    people = campaign_progress(campaign, NOW).people
    assert (people.invited, people.simulated, people.working) == (0, 3, 0)


def test_spread_agreement_and_status_come_from_the_draft(campaign: Campaign) -> None:
    annotate_all(campaign, 4)
    progress = campaign_progress(campaign, NOW)
    assert progress.complete_excerpts == 3
    assert progress.agreement["vocals"]["sd_between_db"]["n"] == 12
    assert all(one.status == "consensus" for one in progress.excerpts)
    assert all((one.spread_db or {})["vocals"] > 0.2 for one in progress.excerpts)


def test_somebody_far_from_the_others_is_listed_as_an_outlier(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(4, overlap=6, repeats=0)
    annotate_all(campaign, 5)
    odd = join(campaign)[0].annotator
    assignment = next_assignment(annotator=odd, now=NOW)
    assert assignment is not None
    submit(assignment, offsets_db={"vocals": 14.0, "bass": -12.0})
    compute_draft(campaign, now=NOW)
    progress = campaign_progress(campaign, NOW)
    assert [one.letter for one in progress.outliers] == ["F"]
    assert progress.outliers[0].item == assignment.item.key


def test_the_dashboard_takes_the_same_queries_for_3_and_for_12_excerpts(
    make_campaign: Callable[..., Campaign], django_assert_num_queries: Any
) -> None:
    for excerpts, people in ((3, 1), (12, 3)):
        campaign = make_campaign(excerpts, overlap=4, repeats=0)
        annotate_all(campaign, people)
        with django_assert_num_queries(5):
            campaign_progress(campaign, NOW)


def test_the_list_of_campaigns_takes_the_same_queries_for_one_and_for_five(
    make_campaign: Callable[..., Campaign], django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        make_campaign(2, overlap=3)
        campaigns = list(Campaign.objects.all())
        with django_assert_num_queries(3):
            lines = campaign_lines(campaigns)
        assert {(one.excerpts, one.places, one.filled) for one in lines} == {(2, 6, 0)}


def test_a_person_line_tells_what_the_link_does(campaign: Campaign) -> None:
    now = timezone.now()
    valid, expiring, revoked = (
        invite(campaign=campaign, count=1, now=now, valid_days=days)[0].annotator
        for days in (None, 1, None)
    )
    revoke(annotator=revoked, now=now)
    lines = people_lines(campaign.annotators.all(), now + timedelta(days=2))
    assert [one.state for one in lines] == ["valid", "expired", "revoked"]
    assert [one.annotator for one in lines] == [valid, expiring, revoked]


def test_a_person_line_counts_what_was_done_and_what_was_declined(campaign: Campaign) -> None:
    annotator = join(campaign)[0].annotator
    for said in ({}, {"cannot_judge": "the vocals are distorted"}):
        assignment = next_assignment(annotator=annotator, now=NOW)
        assert assignment is not None
        submit(stored(assignment), **said)
    (line,) = people_lines(campaign.annotators.all(), NOW)
    assert (line.done, line.declined, line.in_progress) == (1, 1, 0)
