"""Simulated annotators: marked for ever, the same for a seed, and near the balance they aim at."""

from collections.abc import Callable
from typing import Any

import numpy as np
from django.db import transaction

from analysis.vectors import STEMS
from annotate.models import Annotation, Annotator, Campaign, Excerpt
from annotate.services.consensus import compute_draft
from annotate.services.people import revoke
from annotate.simulation import simulate_annotators
from tests.annotate.conftest import NOW


def balances(campaign: Campaign) -> np.ndarray:
    """(n, 4) centred consensus balances; NaN for a stem without one."""
    excerpts = compute_draft(campaign, now=NOW).result["excerpts"]
    rows = [[one["balance_db"][stem] for stem in STEMS] for one in excerpts]
    return np.array(rows, dtype=np.float64)


def test_eight_of_them_agree_within_a_decibel_of_the_released_balance(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(6, overlap=8, repeats=1)
    simulate_annotators(campaign=campaign, count=8, seed=5, now=NOW)
    found = balances(campaign)
    # The released balance is 0 dB on every stem.
    assert np.abs(found).mean() < 1.0
    assert np.abs(found).max() < 3.0


def test_they_are_marked_and_never_a_person(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(2, repeats=0)
    for invitation in simulate_annotators(campaign=campaign, count=3, seed=1, now=NOW):
        assert invitation.annotator.kind == "simulated"
        revoke(annotator=invitation.annotator, now=NOW)
    assert set(Annotator.objects.values_list("kind", flat=True)) == {"simulated"}
    notes = compute_draft(campaign, now=NOW).result["notes"]
    assert notes == ["6 of 6 annotations are simulated: no person made them."]


def test_everything_they_submit_is_within_reach_of_a_fader(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(4, overlap=6)
    loud = {"vocals": -8.0, "drums": -45.0, "bass": -20.0, "other": -30.0}
    Excerpt.objects.update(loudness_lufs=loud)
    simulate_annotators(campaign=campaign, count=6, seed=3, now=NOW)
    for annotation in Annotation.objects.all():
        values = [value for value in annotation.fader_db.values() if value is not None]
        assert len(values) == 4
        assert all(-40.0 <= value <= 12.0 for value in values)


def test_a_silent_stem_has_no_fader_and_no_balance(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(1, overlap=4)
    silent = {"vocals": None, "drums": -22.0, "bass": -24.0, "other": -21.0}
    Excerpt.objects.update(loudness_lufs=silent, peak_dbfs=silent)
    simulate_annotators(campaign=campaign, count=4, seed=3, now=NOW)
    assert {a.balance_db["vocals"] for a in Annotation.objects.all()} == {None}
    (row,) = balances(campaign)
    assert np.isnan(row[0])
    assert np.isfinite(row[1:]).all()


def test_the_same_seed_gives_the_same_answers(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(2, overlap=3)

    def answers() -> list[Any]:
        with transaction.atomic():
            simulate_annotators(campaign=campaign, count=3, seed=11, now=NOW)
            found = Annotation.objects.order_by("assignment__annotator__number", "submitted_at")
            values = list(found.values_list("fader_db", "confidence", "submitted_at"))
            transaction.set_rollback(True)
        return values

    assert len(answers()) >= 6
    assert answers() == answers()


def test_a_campaign_that_is_not_open_gets_people_and_no_answers(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(1, is_open=False)
    simulate_annotators(campaign=campaign, count=2, seed=1, now=NOW)
    assert campaign.annotators.count() == 2
    assert not Annotation.objects.exists()
