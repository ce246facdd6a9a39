"""A save is the request that comes most often: what it asks of the database is pinned."""

import json
from datetime import datetime

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation
from tests.annotate.conftest import answer, batch


def verbs(client: Client, address: str, payload: dict) -> list[str]:
    """The first word of each statement that this save makes, savepoints apart."""
    with CaptureQueriesContext(connection) as queries:
        response = client.post(address, json.dumps(payload), content_type="application/json")
    assert response.status_code == 200, response.content
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word not in {"SAVEPOINT", "RELEASE"}]


def test_a_save_is_one_read_one_row_and_one_update(
    client: Client, invitation: Invitation, now: datetime
) -> None:
    assignment = next_assignment(annotator=invitation.annotator, now=now)
    assert assignment is not None
    address = reverse("save", args=[invitation.token, assignment.key])
    # The first one may lengthen a lease: the clock of this test stands still, the server's not.
    verbs(client, address, batch(1))
    assert verbs(client, address, batch(2)) == ["SELECT", "INSERT", "UPDATE"]


def test_an_answer_costs_a_bounded_number_of_statements(
    client: Client, invitation: Invitation, now: datetime
) -> None:
    assignment = next_assignment(annotator=invitation.annotator, now=now)
    assert assignment is not None
    address = reverse("save", args=[invitation.token, assignment.key])
    assert len(verbs(client, address, batch(1, submit=answer()))) <= 20
