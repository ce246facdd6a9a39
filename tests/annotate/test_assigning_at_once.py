"""Many people ask at the same instant: the overlap holds on SQLite and on PostgreSQL."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection

from annotate.models import Annotator, Assignment, Campaign, Slot
from annotate.services.assigning import next_assignment
from tests.annotate.conftest import join

PEOPLE = 12


@pytest.mark.django_db(transaction=True)
def test_people_asking_at_one_instant_never_exceed_the_overlap(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(4, overlap=2, repeats=0)
    people = [invitation.annotator for invitation in join(campaign, PEOPLE)]
    together = threading.Barrier(PEOPLE)
    got: list[Assignment | None] = []

    def ask(annotator: Annotator) -> None:
        together.wait()
        try:
            got.append(next_assignment(annotator=annotator, now=now))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed = [assignment for assignment in got if assignment is not None]
    assert len(got) == PEOPLE
    assert len(claimed) == 8
    assert Counter(a.item_id for a in claimed) == dict.fromkeys(
        campaign.items.values_list("pk", flat=True), 2
    )
    assert Slot.objects.filter(assignment__isnull=False).count() == 8
    assert Assignment.objects.count() == 8
