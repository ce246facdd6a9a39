"""A database that does not answer is said as 503 and "try again", to people and to scripts."""

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse


def refuse(error: Exception) -> Any:
    def run(*_: Any) -> None:
        raise error

    return run


@pytest.fixture
def calm(client: Client) -> Client:
    """Answers 5xx as a server does."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("error", [OperationalError("closed"), InterfaceError("closed")])
def test_a_page_says_so_and_reloads_itself(calm: Client, db: None, error: Exception) -> None:
    with connection.execute_wrapper(refuse(error)):
        answer = calm.get("/a/nobody-has-this-link/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert (answer["Retry-After"], answer["Refresh"]) == ("3", "3")
    assert answer["Cache-Control"] == "no-store"
    assert "what was saved is safe" in answer.content.decode()


def test_a_save_is_told_to_come_again_and_a_form_does_not_reload(calm: Client, db: None) -> None:
    address = reverse("part-save", args=["nobody", "nothing"])
    with connection.execute_wrapper(refuse(OperationalError("server closed the connection"))):
        answer = calm.post(address, "{}", content_type="application/json")
        form = calm.post(address, headers={"Accept": "text/html"})
    assert answer.status_code == form.status_code == 503
    assert "try again" in answer.json()["error"]
    assert answer["Retry-After"] == "3"
    assert not form.has_header("Refresh")


def test_an_account_that_cannot_be_looked_up_is_no_fault_of_the_page(
    calm: Client, django_user_model: Any
) -> None:
    calm.force_login(django_user_model.objects.create_user("researcher"))
    with connection.execute_wrapper(refuse(OperationalError("starting up"))):
        answer = calm.get(reverse("songs"), headers={"Accept": "text/html"})
    assert answer.status_code == 503


def test_other_errors_stay_what_they_are(calm: Client, db: None) -> None:
    with connection.execute_wrapper(refuse(RuntimeError("a bug"))):
        answer = calm.get("/a/nobody-has-this-link/", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_readiness_is_not_claimed_without_a_database(calm: Client, db: None) -> None:
    with connection.execute_wrapper(refuse(OperationalError("away"))):
        assert calm.get(reverse("readyz")).status_code == 503
