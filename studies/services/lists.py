"""Who gets which list: whole lists, least completed first, under a lease; never two people in one
place.

People of the study itself hold a list. Previews and pilots walk a list without holding it, so they
take nobody's place.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import F, Q

from annotate.services.together import write_together
from studies.models import Item, Rater, Stimulus, Trial, TrialList
from studies.protocol.lists import make_lists
from studies.protocol.reading import read_spec
from studies.services.items import design_of
from studies.services.refusing import Refused

# Each that fails means that somebody else was faster.
TRIES = 50


def claim(rater: Rater, now: datetime) -> TrialList | None:
    """A list for this rater with its trials made, or the one they have; None where all are taken.

    Raises:
        Refused: a preview of a draft whose design cannot be run, or a pilot of a draft.
    """
    if rater.run != Rater.Run.MAIN:
        return _walk_along(rater)
    for _ in range(TRIES):
        held = hold(rater, now)
        if held is not None:
            return held
        if rater.trials.exists():
            return None  # their list went to somebody else meanwhile
        try:
            taken, is_over = write_together(lambda: _take(rater, now))
        except IntegrityError:
            continue  # the same person in another tab was faster
        if taken is not None or is_over:
            return taken
    return None


def hold(rater: Rater, now: datetime) -> TrialList | None:
    """Extend the lease of the rater's own list, or take it again where it ran out and nobody else
    has it; None where it is somebody else's, or was never theirs."""
    own = TrialList.objects.filter(version=rater.version_id)
    until = _until(rater, now)
    held = own.filter(rater=rater)
    if held.filter(is_filled=False).update(leased_until=until) or held.exists():
        return held.get()
    if rater.list_number is None or rater.run != Rater.Run.MAIN or _is_over(rater):
        return None
    free = own.filter(number=rater.list_number).filter(_is_free(now))
    if free.update(rater=rater, leased_until=until):
        return own.get(rater=rater)
    return None


def give_back(rater: Rater, now: datetime) -> bool:
    """Let go of a list, filled or not: somebody else may have it as a whole. What was answered
    stays. False where the rater has none."""
    held = TrialList.objects.filter(version=rater.version_id, rater=rater)
    return bool(held.update(rater=None, leased_until=None, is_filled=False))


def fill(rater: Rater, now: datetime) -> bool:
    """The rater completed their list: it is nobody else's from now on. False for one whose list
    went to somebody else meanwhile (their answers are kept, as surplus). Safe to call twice."""
    if hold(rater, now) is None:
        return False
    open_ = TrialList.objects.filter(version=rater.version_id, rater=rater, is_filled=False)
    open_.update(is_filled=True, leased_until=None, completed=F("completed") + 1)
    return True


def n_free(version: Any, now: datetime) -> int:
    """How many people can still begin."""
    return int(TrialList.objects.filter(version=version).filter(_is_free(now)).count())


def _is_free(now: datetime) -> Q:
    return Q(is_filled=False) & (
        Q(rater__isnull=True) | Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    )


def _is_over(rater: Rater) -> bool:
    return rater.state not in (Rater.State.ACTIVE, Rater.State.COMPLETE)


def _until(rater: Rater, now: datetime) -> datetime:
    minutes = rater.version.spec.get("order", {}).get("lease_minutes", 90)
    return now + timedelta(minutes=minutes)


def _take(rater: Rater, now: datetime) -> tuple[TrialList | None, bool]:
    """A free list and its trials; (None, True) where there is none left."""
    lists = TrialList.objects.filter(version=rater.version_id)
    free = lists.filter(_is_free(now))
    first = free.order_by("completed", "number")
    if connection.features.has_select_for_update_skip_locked:
        # Many who come at one instant look at different rows. SQLite writes for one at a time.
        first = first.select_for_update(skip_locked=True)
    own = first.first()
    if own is None:
        return None, not free.exists()
    # The condition again: who read the same row at one instant must not take it too.
    if not free.filter(pk=own.pk).update(rater=rater, leased_until=_until(rater, now)):
        return None, False
    own.refresh_from_db()
    _begin(rater, own)
    return own, False


def _walk_along(rater: Rater) -> TrialList | None:
    """The trials of a list that is not held: the next one, as many as walked before."""
    version = rater.version
    own = _list_of(rater)
    if own is not None or rater.trials.exists():
        return own
    if not version.is_frozen and rater.run != Rater.Run.PREVIEW:
        raise Refused(f"{version} is a draft: freeze it to pilot it; a change makes a new version")
    lists = list(version.lists.all())
    if not lists:
        spec = read_spec(version.spec)
        try:
            made = make_lists(design_of(version, spec), spec.order, spec.seed)
        except ValueError as error:
            raise Refused(str(error)) from None
        lists = [TrialList(version=version, number=n, trials=own) for n, own in enumerate(made, 1)]
    before = version.raters.filter(run=rater.run, list_number__isnull=False).count()
    chosen = lists[before % len(lists)]
    write_together(lambda: _begin(rater, chosen))
    return chosen


def _list_of(rater: Rater) -> TrialList | None:
    if rater.list_number is None:
        return None
    return TrialList.objects.filter(version=rater.version_id, number=rater.list_number).first()


def _begin(rater: Rater, own: TrialList) -> None:
    """Make the trials of a list for a rater, with keys that nobody else has."""
    Rater.objects.filter(pk=rater.pk).update(list_number=own.number)
    rater.list_number = own.number
    items = {item.number: item.pk for item in Item.objects.filter(version=rater.version_id)}
    stimuli = {
        (item, number): pk
        for item, number, pk in Stimulus.objects.filter(item__version=rater.version_id).values_list(
            "item__number", "number", "pk"
        )
    }
    trials = [
        Trial(
            rater=rater,
            item_id=items[one["item"]],
            position=position,
            kind=one["kind"],
            sides=[stimuli[one["item"], number] for number in one["sides"]],
        )
        for position, one in enumerate(own.trials, 1)
    ]
    Trial.objects.bulk_create(trials)
    repeats = []
    for one, trial in zip(own.trials, trials, strict=True):
        if one["repeat_of"] is not None:
            trial.repeat_of = trials[one["repeat_of"]]
            repeats.append(trial)
    Trial.objects.bulk_update(repeats, ["repeat_of"])
