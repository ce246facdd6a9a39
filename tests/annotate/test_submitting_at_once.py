"""People who submit at the same instant are all counted, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection

from annotate.models import Annotation, Assignment, Campaign
from annotate.services.assigning import next_assignment
from annotate.services.saving import save
from tests.annotate.conftest import answer, batch, join, stored

PEOPLE = 8


@pytest.mark.django_db(transaction=True)
def test_people_submitting_one_excerpt_at_one_instant_are_all_counted(
    make_campaign: Callable[..., Campaign], now: datetime
) -> None:
    campaign = make_campaign(3, overlap=PEOPLE, repeats=0)
    people = [invitation.annotator for invitation in join(campaign, PEOPLE)]
    together = threading.Barrier(PEOPLE)

    def submit(assignment: Assignment) -> None:
        mine = stored(assignment)
        together.wait()
        try:
            save(assignment=mine, payload=batch(submit=answer()), now=now)
        finally:
            connection.close()

    for _ in range(3):
        shown = [next_assignment(annotator=person, now=now) for person in people]
        threads = [threading.Thread(target=submit, args=[one]) for one in shown]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Annotation.objects.filter(is_surplus=False).count() == 3 * PEOPLE
    assert list(campaign.items.values_list("completed", flat=True)) == [PEOPLE] * 3
