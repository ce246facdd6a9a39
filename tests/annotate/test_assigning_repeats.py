"""Repeats for self-consistency: what others were shown again has no say in it."""

from collections.abc import Callable
from itertools import pairwise

from annotate.models import Campaign
from annotate.services.assigning import next_assignment
from tests.annotate.conftest import NOW, join
from tests.annotate.researcher_cast import submit


def test_everybody_gets_their_repeat_whatever_was_repeated_to_others(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(2, overlap=6, repeats=1)
    for invitation in join(campaign, 5):
        while (assignment := next_assignment(annotator=invitation.annotator, now=NOW)) is not None:
            submit(assignment)
        repeats = invitation.annotator.assignments.filter(repeat__gt=0)
        assert repeats.count() == 1


def test_nobody_is_shown_one_excerpt_three_times(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(2, overlap=1, repeats=20)
    annotator = join(campaign)[0].annotator
    shown = []
    while (assignment := next_assignment(annotator=annotator, now=NOW)) is not None:
        submit(assignment)
        shown.append(assignment.item_id)
    assert sorted(shown) == sorted(2 * list(campaign.items.values_list("pk", flat=True)))
    assert all(before != after for before, after in pairwise(shown))
