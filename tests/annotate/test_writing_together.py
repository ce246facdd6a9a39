"""Writes of one instant share a commit on SQLite; each still succeeds or fails alone."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection

from annotate.services.together import write_together

HELD = "held until all others are in line"


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each of these gives, or raises, when they gather in line behind one that is held up."""
    outcomes: list[Any] = [None] * len(works)
    begun, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        Group.objects.create(name=HELD)
        begun.set()
        may_end.wait(10)

    def write(place: int, work: Callable[[], Any]) -> None:
        try:
            outcomes[place] = write_together(work)
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    def first() -> None:
        write_together(hold)
        connection.close()

    threads = [threading.Thread(target=first)]
    threads += [threading.Thread(target=write, args=pair) for pair in enumerate(works)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join()
    return outcomes


def adding(name: str) -> Callable[[], str]:
    return lambda: Group.objects.create(name=name).name


@pytest.mark.django_db(transaction=True)
def test_each_gets_its_own_result() -> None:
    names = [f"group {n}" for n in range(6)]
    assert at_once([adding(name) for name in names]) == names
    assert set(Group.objects.values_list("name", flat=True)) == {HELD, *names}


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_is_undone_alone() -> None:
    def failing() -> None:
        Group.objects.create(name="half written")
        Group.objects.create(name="half written")

    first, second, third = at_once([adding("before"), failing, adding("after")])
    assert (first, third) == ("before", "after")
    assert isinstance(second, IntegrityError)
    assert set(Group.objects.values_list("name", flat=True)) == {HELD, "before", "after"}


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_be_committed_takes_nobody_with_it() -> None:
    def orphan() -> None:
        # The key is checked when the transaction is committed, not before.
        Group.permissions.through.objects.create(group_id=10**6, permission_id=10**6)

    first, second, third = at_once([adding("before"), orphan, adding("after")])
    assert (first, third) == ("before", "after")
    assert isinstance(second, IntegrityError)
    assert set(Group.objects.values_list("name", flat=True)) == {HELD, "before", "after"}
    assert not Group.permissions.through.objects.exists()


@pytest.mark.django_db
def test_inside_a_transaction_it_is_a_part_of_it() -> None:
    assert write_together(lambda: write_together(adding("inner"))) == "inner"
