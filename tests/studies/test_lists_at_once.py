"""Many people claim at the same instant: the overlap holds on SQLite and on PostgreSQL."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from studies.models import Rater, Trial, TrialList
from studies.services import lists
from tests.annotate.conftest import NOW
from tests.studies.study_cast import make_rater, open_study

PEOPLE = 40


def at_once(work: Callable[[int], object], n_threads: int) -> list[object]:
    """The results of `work` done by threads that begin together."""
    together, results = threading.Barrier(n_threads), []

    def run(number: int) -> None:
        together.wait()
        try:
            results.append(work(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_people_claiming_at_one_instant_never_exceed_the_overlap() -> None:
    order = {"participants": 30, "trials_per_person": 3, "overlap": 1, "repeats": 0}
    version = open_study(order=order)
    people = [make_rater(version) for _ in range(PEOPLE)]
    got = at_once(lambda number: lists.claim(people[number], NOW), PEOPLE)
    assert len(got) == PEOPLE
    given = [one for one in got if one is not None]
    assert len(given) == version.lists.count() == 30
    assert sorted(one.number for one in given) == list(range(1, 31))  # type: ignore[attr-defined]
    assert TrialList.objects.filter(rater__isnull=False).count() == 30
    per_person = Counter(Trial.objects.values_list("rater", flat=True))
    assert len(per_person) == 30
    assert set(per_person.values()) == {len(version.lists.get(number=1).trials)}


@pytest.mark.django_db(transaction=True)
def test_one_person_claiming_in_many_tabs_gets_one_list_and_its_trials_once() -> None:
    version = open_study()
    rater = make_rater(version)
    got = at_once(lambda _: lists.claim(Rater.objects.get(pk=rater.pk), NOW), 6)
    assert len(got) == 6
    assert {one.number for one in got} == {got[0].number}  # type: ignore[attr-defined]
    assert TrialList.objects.filter(rater=rater).count() == 1
    assert rater.trials.count() == len(TrialList.objects.get(rater=rater).trials)


@pytest.mark.django_db(transaction=True)
def test_completing_twice_at_one_instant_counts_once() -> None:
    version = open_study()
    rater = make_rater(version)
    lists.claim(rater, NOW)
    got = at_once(lambda _: lists.fill(Rater.objects.get(pk=rater.pk), NOW), 4)
    assert got == [True] * 4
    assert TrialList.objects.get(rater=rater).completed == 1
