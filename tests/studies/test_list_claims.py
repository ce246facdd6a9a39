"""Lists are given whole, least completed first, under a lease; what ends gives them back."""

from datetime import timedelta

import pytest

from studies.models import Rater, StudyVersion, Trial, TrialList
from studies.services import lists
from studies.services.refusing import Refused
from tests.annotate.conftest import NOW
from tests.studies.study_cast import make_rater, open_study, prepared_study, rater_with_list

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=91)


@pytest.fixture
def version(db: None) -> StudyVersion:
    return open_study()


def test_a_claim_makes_the_trials_of_the_whole_list_in_its_order(version: StudyVersion) -> None:
    rater = make_rater(version)
    own = lists.claim(rater, NOW)
    assert own is not None
    trials = list(rater.trials.select_related("item").prefetch_related("item__stimuli"))
    told = [
        {
            "item": trial.item.number,
            "kind": trial.kind,
            "sides": [
                {one.pk: one.number for one in trial.item.stimuli.all()}[key] for key in trial.sides
            ],
            "repeat_of": trial.repeat_of and trial.repeat_of.position - 1,
        }
        for trial in trials
    ]
    assert told == own.trials
    assert [trial.position for trial in trials] == list(range(1, len(trials) + 1))


def test_claiming_again_is_idempotent(version: StudyVersion) -> None:
    rater = make_rater(version)
    first, again = lists.claim(rater, NOW), lists.claim(rater, NOW)
    assert first == again
    assert rater.trials.count() == len(first.trials)  # type: ignore[union-attr]


def test_two_people_share_no_list_and_no_trial_key(version: StudyVersion) -> None:
    one, other = rater_with_list(version), rater_with_list(version)
    assert one.list_number != other.list_number
    keys = [trial.key for trial in Trial.objects.all()]
    assert len(keys) == len(set(keys))


def test_when_all_lists_are_held_nobody_else_gets_one(version: StudyVersion) -> None:
    for _ in range(version.lists.count()):
        rater_with_list(version)
    late = make_rater(version)
    assert lists.n_free(version, NOW) == 0
    assert lists.claim(late, NOW) is None
    assert not late.trials.exists()


def test_a_lease_that_ran_out_gives_the_whole_list_to_somebody_else(version: StudyVersion) -> None:
    first = rater_with_list(version)
    for _ in range(version.lists.count() - 1):
        lists.fill(rater_with_list(version), NOW)
    second = make_rater(version)
    assert lists.claim(second, NOW) is None
    taken = lists.claim(second, LATER)
    assert taken is not None
    assert taken.number == first.list_number == second.list_number
    assert first.trials.count() == second.trials.count() == len(taken.trials)


def test_who_works_keeps_their_list_beyond_the_first_lease(version: StudyVersion) -> None:
    rater = rater_with_list(version)
    assert lists.hold(rater, NOW + timedelta(minutes=60)) is not None
    own = TrialList.objects.get(rater=rater)
    assert own.leased_until == NOW + timedelta(minutes=150)


def test_who_comes_back_late_takes_their_own_list_again_if_nobody_has_it(
    version: StudyVersion,
) -> None:
    rater = rater_with_list(version)
    assert lists.give_back(rater, NOW)
    held = lists.hold(rater, LATER)
    assert held is not None
    assert held.number == rater.list_number


def test_who_comes_back_to_a_list_that_went_to_somebody_else_gets_no_second_one(
    version: StudyVersion,
) -> None:
    first = rater_with_list(version)
    TrialList.objects.filter(rater=first).update(rater=make_rater(version))
    assert lists.hold(first, NOW) is None
    assert lists.claim(first, NOW) is None
    assert not lists.fill(first, NOW)


def test_filling_is_idempotent_and_ends_the_lease(version: StudyVersion) -> None:
    rater = rater_with_list(version)
    assert lists.fill(rater, NOW)
    assert lists.fill(rater, NOW)
    own = TrialList.objects.get(rater=rater)
    assert (own.is_filled, own.completed, own.leased_until) == (True, 1, None)
    assert lists.claim(make_rater(version), LATER + timedelta(days=9)) != own


def test_a_rejected_persons_list_is_given_to_the_next_after_those_never_completed(
    version: StudyVersion,
) -> None:
    rejected = rater_with_list(version)
    lists.fill(rejected, NOW)
    lists.give_back(rejected, NOW)
    others = [rater_with_list(version) for _ in range(version.lists.count())]
    assert others[-1].list_number == rejected.list_number
    assert rejected.list_number not in [one.list_number for one in others[:-1]]
    assert rejected.trials.exists()


@pytest.mark.parametrize("state", ["withdrawn", "screened out", "attention failed"])
def test_who_is_out_cannot_take_their_list_again(version: StudyVersion, state: str) -> None:
    rater = rater_with_list(version)
    lists.give_back(rater, NOW)
    rater.state = state
    assert lists.hold(rater, NOW) is None
    assert lists.claim(rater, NOW) is None


@pytest.mark.parametrize("run", ["pilot", "preview"])
def test_pilots_and_previews_walk_a_list_and_take_nobodys_place(
    version: StudyVersion, run: str
) -> None:
    free = lists.n_free(version, NOW)
    raters = [rater_with_list(version, run=run) for _ in range(version.lists.count() + 1)]
    assert lists.n_free(version, NOW) == free
    assert all(rater.trials.exists() for rater in raters)
    numbers = [rater.list_number for rater in raters]
    assert numbers == [*range(1, len(raters)), 1]


def test_a_draft_can_be_previewed_before_it_has_lists() -> None:
    draft = prepared_study()
    rater = make_rater(draft, run=Rater.Run.PREVIEW)
    own = lists.claim(rater, NOW)
    assert own is not None
    assert rater.trials.count() == len(own.trials)
    assert not draft.lists.exists()


def test_a_draft_cannot_be_piloted(db: None) -> None:
    with pytest.raises(Refused, match="is a draft: freeze it to pilot it"):
        lists.claim(make_rater(prepared_study(), run=Rater.Run.PILOT), NOW)
